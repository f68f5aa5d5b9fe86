import type { Example } from "./example";

/** What two splits have in common. */
export interface SplitOverlap {
  first: string;
  second: string;
  /** Examples of the second split whose texts occur in the first one, whatever their labels. */
  shared: Example[];
}

/** Which texts stand in more than one split, pair by pair in the given order: an answer that training has seen is no test. */
export function splitOverlaps(splits: Readonly<Record<string, readonly Example[]>>): SplitOverlap[] {
  const entries = Object.entries(splits);
  const keyOf = ({ texts }: Example): string => JSON.stringify(texts);
  return entries.flatMap(([first, own], i) => {
    const known = new Set(own.map(keyOf));
    return entries
      .slice(i + 1)
      .map(([second, others]) => ({ first, second, shared: others.filter((example) => known.has(keyOf(example))) }));
  });
}
