import { readSplit } from "../../src/tasks/split";

/** Texts and labels as `readSplit` reads them, without the lines where they stand. */
export const rowsOf = (...args: Parameters<typeof readSplit>): { texts: string[]; label: number }[] =>
  readSplit(...args).map(({ texts, label }) => ({ texts, label }));
