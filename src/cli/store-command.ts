/** `kernel-view blocks verify` and `gc`: the store as a whole. */
import { basename } from "node:path";
import { defaultStore } from "../store/folder";
import { deleteFiles, planGc, verifyStore } from "../store/garbage";
import { byteText } from "./values";

export interface VerifyOptions {
  store?: string;
  delete: boolean;
}

/** Checks every block; returns the text to print, and whether damaged ones are left. */
export function verifyCommand({ store = defaultStore(), delete: remove }: VerifyOptions): {
  text: string;
  damaged: boolean;
} {
  const { sound, outdated, damaged } = verifyStore(store);
  if (remove) deleteFiles(damaged);
  const lines = damaged.map(({ path, problem }) => `damaged: ${basename(path)} (${problem})`);
  const older = outdated > 0 ? `, ${outdated} of an older format (no longer read)` : "";
  const removed =
    damaged.length > 0
      ? remove
        ? ", deleted"
        : "; --delete removes them, and they are computed again when needed"
      : "";
  return {
    text: [...lines, `${store}: ${sound} sound${older}, ${damaged.length} damaged${removed}`].join("\n"),
    damaged: damaged.length > 0 && !remove,
  };
}

export interface GcCommandOptions {
  store?: string;
  maxSize?: number;
  olderThan?: number;
  yes: boolean;
}

/** Says what may go, and deletes it with --yes; returns the text to print. */
export function gcCommand({ store = defaultStore(), maxSize, olderThan, yes }: GcCommandOptions): string {
  const { files, freed, kept } = planGc(store, { maxSize, olderThan });
  if (yes) deleteFiles(files);
  const lines = files.map(
    ({ path, bytes, used, reason }) =>
      `${yes ? "deleted" : "would delete"} ${basename(path)}  ${byteText(bytes)}  last used ${new Date(used).toISOString().slice(0, 16)}  (${reason})`,
  );
  const verb = yes ? "deleted" : "would be deleted";
  const hint = files.length > 0 && !yes ? "; --yes deletes" : "";
  return [
    ...lines,
    `${store}: ${files.length} files of ${byteText(freed)} ${verb}, ${kept.files} of ${byteText(kept.bytes)} stay${hint}`,
  ].join("\n");
}
