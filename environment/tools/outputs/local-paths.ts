// Paths as they are on one machine only.
import path from "node:path";
import { root } from "../checkout";

/** Absolute paths in a text (and not the end of an address such as https://host/home/). */
export function localPaths(text: string): string[] {
  const folders =
    /(?<![\w.~/:-])\/(?:home|Users|root|tmp|var|mnt|media|opt|srv|private)\/[^\s"'`)\\]+|\b[A-Za-z]:\\{1,2}(?:Users|Documents|Temp)\b[^\s"'`)]*|\bfile:\/\/[^\s"'`)]+/g;
  const found = [...text.matchAll(folders)].map(([match]) => match);
  return [
    ...new Set(
      text.includes(`${root}${path.sep}`) && !found.some((match) => match.startsWith(root)) ? [...found, root] : found,
    ),
  ];
}
