/** Small few-shot draws and sweeps over them, in a temporary folder. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Split } from "../../src/tasks/task";
import { fixturePath } from "./tiny-roberta";

/** Texts of the words that tiny-roberta's tokenizer knows, as many as {@link LETTERS}. */
export const PHRASES = [
  "a great film",
  "great ham",
  "the film is okay",
  "it is great",
  "it was great!",
  "a film",
  "the end",
  "it was the end",
  "terrible ham",
  "okay",
  "is it a film?",
  "it was okay",
] as const;

/** One behind each phrase makes examples differ. */
export const LETTERS = "abcdefghijkl";

/** Writes the three files of a draw; `row` gives "text\tlabel" of example i of the split at that place. */
export function writeDraw(directory: string, examples: number, row: (i: number, place: number) => string): void {
  mkdirSync(directory, { recursive: true });
  for (const [place, split] of (["train", "dev", "test"] satisfies Split[]).entries()) {
    const rows = Array.from({ length: examples }, (_, i) => `${row(i, place)}\n`);
    writeFileSync(join(directory, `${split}.tsv`), `sentence\tlabel\n${rows.join("")}`);
  }
}

/** Writes a sweep of tiny-roberta over the draws in the folder's `data`, and returns its path. */
export function writeSweep(folder: string, described: object): string {
  const path = join(folder, "sweep.json");
  writeFileSync(path, JSON.stringify({ model: fixturePath("tiny-roberta"), data: "data", ...described }));
  return path;
}
