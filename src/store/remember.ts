/** Results kept on disk: a file for each, named by its key. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { CorruptFileError } from "../errors";
import { writeFileAtomically } from "../files/atomic-write";
import { readJson } from "../files/json";
import { runningSignal } from "../running-cell";
import { sha256Hex } from "../sha256";
import { claim, dropDeadClaim } from "./claim";
import { markUsed, oneLine, reportingFullDisk } from "./folder";
import { computeOnce, keyOf, pause, type Slot } from "./slot";

/** How results of one kind are stored as files. */
export interface FileFormat<T> {
  /** What a file holds, for messages. */
  what: string;
  extension: "json" | "safetensors";
  /** @throws if the file is damaged */
  read(path: string): T;
  write(path: string, result: T): void;
}

/** The slot of a file in a folder; reading it counts as use. */
export function fileSlot<T>(folder: string, name: string, { what, extension, read, write }: FileFormat<T>): Slot<T> {
  const path = join(folder, `${name}.${extension}`);
  return {
    read(warn = (line) => void process.stderr.write(`${line}\n`)) {
      if (!existsSync(path)) return undefined;
      try {
        const result = read(path);
        markUsed(path);
        dropDeadClaim(folder, name);
        return result;
      } catch (error) {
        warn(`A stored ${what} is damaged and will be computed again: ${path} (${oneLine(error)})`);
        return undefined;
      }
    },
    write: (result) => reportingFullDisk(folder, () => write(path, result)),
    claim: () => claim(folder, name),
  };
}

/** Results as JSON, each with the SHA-256 of its text: another digit would be a result too. */
export const jsonFile = <T>(): FileFormat<T> => ({
  what: "result",
  extension: "json",
  read: readResult<T>,
  write: (path, result) => {
    const text = JSON.stringify(result);
    writeFileAtomically(path, `{"sha256":"${sha256Hex(text)}","result":${text}}`);
  },
});

/** The result in a file of {@link jsonFile}, or of an earlier version, which had no checksum. @throws if it is damaged */
export function readResult<T>(path: string): T {
  const kept = readJson(path) as T | { sha256: string; result: T };
  if (typeof kept !== "object" || kept === null || !("result" in kept || "sha256" in kept)) return kept;
  const { sha256: stored, result } = kept as { sha256?: string; result?: T };
  if (result !== undefined && sha256Hex(JSON.stringify(result)) === stored) return result;
  throw new CorruptFileError("its content does not fit its checksum", { file: path });
}

/**
 * A result as JSON, from disk if it was computed before with the same key, which must name everything that the result
 * depends on. Waits while another process computes it. A damaged file is computed again. Without a store, always computes.
 *
 * @param onReuse called when the result came from disk
 * @param signal stops waiting for another process. Default: that of the running cell
 */
export async function remember<T>(
  store: string | undefined,
  key: unknown,
  compute: () => Promise<T>,
  onReuse?: () => void,
  signal: AbortSignal | undefined = runningSignal(),
): Promise<T> {
  if (store === undefined) return compute();
  const slot = fileSlot(store, keyOf(key), jsonFile<T>());
  for (;;) {
    const found = await computeOnce(slot, compute);
    if (found?.reused) onReuse?.();
    if (found) return found.result;
    await pause(signal);
  }
}
