/** From a label in a file to what an example has, and back. */
import type { Task } from "./task";

const NUMBER = /^\s*[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?\s*$/i;

/** What an example has as its label where a file has this; undefined if the task has no such label. */
export function readLabel(
  cell: string | undefined,
  { labels, target }: Pick<Task, "labels" | "target">,
): number | undefined {
  if (cell === undefined) return undefined;
  if (target === undefined) return labels.includes(cell) ? labels.indexOf(cell) : undefined;
  const [low, high] = labels.map(Number);
  const share = NUMBER.test(cell) ? (Number(cell) - low) / (high - low) : NaN;
  return share >= 0 && share <= 1 ? share : undefined;
}

/** An example's label as a file has it. */
export function labelText(label: number, { labels, target }: Pick<Task, "labels" | "target">): string {
  if (target === undefined) return labels[label];
  const [low, high] = labels.map(Number);
  return String(Number((low + (high - low) * label).toPrecision(12)));
}

/** The class of an example's label; of a number, that of the nearer bound, from the middle on the higher one. */
export const classOf = (label: number): number => Math.round(label);
