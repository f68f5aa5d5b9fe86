/** A text put into another at a position of the original. */
export interface Insertion {
  at: number;
  text: string;
}

/** The text with its insertions; those at one position stay in the order in which they were made. */
export function withInsertions(text: string, insertions: readonly Insertion[]): string {
  let from = 0;
  const parts: string[] = [];
  for (const { at, text: inserted } of inOrder(insertions)) {
    parts.push(text.slice(from, at), inserted);
    from = at;
  }
  return parts.join("") + text.slice(from);
}

/** The position in the original of a position in the text with insertions; inside an insertion, the place where it was put. */
export function originalPosition(position: number, insertions: readonly Insertion[]): number {
  let shift = 0;
  for (const { at, text } of inOrder(insertions)) {
    if (position <= at + shift) break;
    shift += Math.min(text.length, position - at - shift);
  }
  return position - shift;
}

/** Stable: insertions at one position keep their order. */
const inOrder = (insertions: readonly Insertion[]): Insertion[] => [...insertions].sort((a, b) => a.at - b.at);
