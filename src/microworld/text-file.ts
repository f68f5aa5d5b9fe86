import { writeFileAtomically } from "../model/atomic-write";

/** Writes text, under a temporary name first. */
export function writeText(path: string, text: string): void {
  writeFileAtomically(path, (append) => append(Buffer.from(text, "utf8")));
}
