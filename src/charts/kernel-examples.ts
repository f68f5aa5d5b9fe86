import { InputError } from "../errors";
import type { Example, Task } from "../tasks/task";
import { distinct, type Part } from "./figure";

/** What a row or column of a kernel belongs to. */
export interface HeatmapExample {
  /** Shown in the tooltip. */
  text: string;
  /** The label word, or another name of the class; examples are grouped by it. */
  className: string;
}

/** A task's examples as the charts of kernels show them: their texts, and the label word as the class. */
export const heatmapExamples = (
  examples: readonly Example[],
  { labelWords }: Pick<Task, "labelWords">,
): HeatmapExample[] => examples.map(({ texts, label }) => ({ text: texts.join(" / "), className: labelWords[label] }));

/**
 * Class names in the order they should appear. Default: order of first appearance.
 *
 * @throws InputError where an example's class is not among those given
 */
export function classesOf(
  examples: readonly HeatmapExample[],
  classes: readonly string[] = distinct(examples.map(({ className }) => className)),
): readonly string[] {
  const unknown = examples.find(({ className }) => !classes.includes(className));
  if (unknown)
    throw new InputError(`The class "${unknown.className}" is not among the classes: ${classes.join(", ")}.`);
  return classes;
}

type Side = "row" | "column";

/** Each example's text and class under the names `rowText`, `rowClass`, `rowClassIndex`, or the same of columns. */
export const sideRecords = (side: Side, examples: readonly HeatmapExample[], classes: readonly string[]): Part[] =>
  examples.map(({ text, className }, index) => ({
    [side]: index,
    [`${side}Text`]: text,
    [`${side}Class`]: className,
    [`${side}ClassIndex`]: classes.indexOf(className),
  }));

/** Looks an entry's example up by its index: its text is not repeated in every entry. */
export const lookUp = (side: Side, examples: readonly HeatmapExample[], classes: readonly string[]): Part => ({
  lookup: side,
  from: {
    data: { values: sideRecords(side, examples, classes) },
    key: side,
    fields: ["Text", "Class", "ClassIndex"].map((part) => side + part),
  },
});

/** Both examples of an entry, for its tooltip. */
export const PAIR_TIPS = {
  rowText: "row",
  rowClass: "row's label",
  columnText: "column",
  columnClass: "column's label",
} as const;

/** The size below which this share of the entries is, 1 where all are zero. */
function percentile(values: ArrayLike<number>, share: number): number {
  const sorted = Array.from(values, Math.abs).sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] || 1;
}

/** Colours end at this value: a few long gradients would otherwise leave everything else pale. */
export const colorLimit = (values: ArrayLike<number>): number => percentile(values, 0.98);

/** From here on a quotient of the largest and the smallest entries is coloured by logarithms. */
const DECADES = 100;

/**
 * The colours of kernel entries: around 0 where some are negative, logarithmic where they span more than two decades,
 * from 0 where they are no nearer to each other than to 0.
 * Entries beyond the ends have the colours of the ends.
 */
export function colorScale(values: readonly number[]): Part {
  const [low, limit] = [percentile(values, 0.02), colorLimit(values)];
  if (values.some((value) => value < 0))
    return { scheme: "blueorange", domain: [-limit, limit], domainMid: 0, clamp: true };
  if (values.every((value) => value > 0) && limit > DECADES * low)
    return { scheme: "viridis", type: "log", domain: [low, limit], clamp: true };
  return { scheme: "viridis", domain: [low > limit / 2 ? low : 0, limit], clamp: true };
}
