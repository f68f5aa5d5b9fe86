import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  realpathSync,
  renameSync,
  statSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

/** Writes a file under a temporary name and renames it, so that a killed set-up leaves no half-written file. */
export function writeWhole(file, text) {
  mkdirSync(path.dirname(file), { recursive: true });
  const temporary = `${file}.part-${process.pid}`;
  writeFileSync(temporary, text);
  renameSync(temporary, file);
}

/** The text of a file, or undefined where there is none. */
export function readIfThere(file) {
  return existsSync(file) ? readFileSync(file, "utf8") : undefined;
}

/** A short hash of texts. */
export function fingerprint(...texts) {
  const hash = createHash("sha256");
  for (const text of texts) hash.update(String(text)).update("\0");
  return hash.digest("hex").slice(0, 32);
}

/** Every file under a folder, as full paths in a stable order. */
export function filesUnder(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true })
    .flatMap((entry) => {
      const full = path.join(folder, entry.name);
      if (entry.isDirectory()) return filesUnder(full);
      return entry.isFile() ? [full] : [];
    })
    .sort();
}

/** Name, size and time of change of a file: enough to see that it was edited, without reading it. */
export function fileState(file) {
  const state = statSync(file, { throwIfNoEntry: false });
  return state ? `${file} ${state.size} ${state.mtimeMs}` : `${file} is not there`;
}

/** Whether Node was started with the module of that address, by whatever links. */
export function isProgram(url) {
  const started = process.argv[1];
  return started !== undefined && existsSync(started) && realpathSync(started) === fileURLToPath(url);
}
