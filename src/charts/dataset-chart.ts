import { InputError } from "../errors";
import {
  AXIS_PERCENT,
  category,
  type ChartSpec,
  figure,
  PALETTE,
  PERCENT,
  quantity,
  shortened,
  tooltip,
} from "./figure";
import { dot, layer, ring } from "./marks";

/** What a figure tells of one task's examples. */
export interface DatasetSummary {
  task: string;
  /** Every class with its number of examples; `label` is what stands on its segment, where the name is too long. */
  classes: readonly { name: string; label?: string; count: number }[];
  /** Lengths of the examples' prompts in tokens, before anything is cut off. */
  lengths: readonly number[];
  /** Longest length that the model is given. */
  limit?: number;
}

/** Pixels of the classes' segments together. */
const SHARES_WIDTH = 320;

/**
 * Tasks side by side. Left: the classes' shares, one segment each with its name. Right: prompt lengths in tokens, a bar from the 5th
 * to the 95th percentile with the median and the longest, and a grey tick at the task's longest length.
 *
 * @throws InputError without a task, or without examples of one
 */
export function datasetChart(summaries: readonly DatasetSummary[], title = "Classes and prompt lengths"): ChartSpec {
  if (summaries.length === 0 || summaries.some(({ lengths }) => lengths.length === 0))
    throw new InputError("The dataset chart needs at least one task, and examples of each.");
  const sort = summaries.map(({ task }) => task);
  const shares = summaries.flatMap(({ task, classes }) => {
    const total = classes.reduce((sum, { count }) => sum + count, 0);
    let before = 0;
    return classes.map(({ name, label = name, count }, place) => {
      const [share, from] = [count / total, before / total];
      before += count;
      return {
        task,
        name,
        label: shortened(label, Math.floor((share * SHARES_WIDTH) / 5.5)),
        count,
        place,
        share,
        from,
        middle: from + share / 2,
        to: before / total,
      };
    });
  });
  const lengths = summaries.map(({ task, lengths: own, limit }) => {
    const sorted = own.toSorted((a, b) => a - b);
    const at = (share: number): number => sorted[Math.round(share * (sorted.length - 1))];
    return {
      task,
      low: at(0.05),
      median: at(0.5),
      high: at(0.95),
      longest: at(1),
      ...(limit === undefined ? {} : { limit }),
    };
  });
  const along = quantity("share of each class", {
    scale: { domain: [0, 1], nice: false },
    axis: { format: AXIS_PERCENT, tickCount: 5 },
  });
  const tokens = quantity("tokens of the prompt", { axis: { tickCount: 6 } });
  const common = {
    y: category("task", { sort, axis: { labels: false, ticks: false } }),
    tooltip: tooltip({
      task: "task",
      median: "median tokens",
      low: "5th percentile",
      high: "95th percentile",
      longest: "longest",
      limit: "longest length given to the model",
    }),
  };
  const height = { step: 20 };
  const color = PALETTE.blue;
  return figure({
    title,
    reading: lengths
      .map(({ task, median, longest }) => `${task} median ${median}, longest ${longest} tokens`)
      .join("; "),
    subtitle:
      "right: 5th to 95th percentile, median (diamond), longest (circle), longest length given to the model (grey)",
    hconcat: [
      {
        width: SHARES_WIDTH,
        height,
        data: { values: shares },
        encoding: { y: category("task", { sort }) },
        layer: [
          layer(
            undefined,
            { type: "bar", stroke: PALETTE.grey, strokeWidth: 0.5 },
            {
              x: along("from"),
              x2: { field: "to" },
              color: { field: "place", type: "ordinal", scale: { scheme: "viridis" }, legend: null },
              tooltip: tooltip({ task: "task", name: "class", share: ["share", PERCENT], count: "examples" }),
            },
          ),
          // The name stands on its segment, not on the page: dark on light colours, light on dark ones.
          layer(
            undefined,
            { type: "text", fontSize: 10 },
            {
              x: along("middle"),
              text: { field: "label" },
              color: {
                condition: {
                  test: `datum.place > ${0.55 * Math.max(...shares.map(({ place }) => place))}`,
                  value: "black",
                },
                value: "white",
              },
            },
          ),
        ],
      },
      {
        width: 260,
        height,
        data: { values: lengths },
        layer: [
          layer(
            undefined,
            { type: "tick", orient: "vertical", thickness: 2, size: 14, color: PALETTE.grey },
            { x: tokens("limit"), ...common },
            { transform: [{ filter: "isValid(datum.limit)" }] },
          ),
          layer(
            undefined,
            { type: "bar", height: 7, color, opacity: 0.6 },
            { x: tokens("low"), x2: { field: "high" }, ...common },
          ),
          dot(undefined, { x: tokens("median"), ...common }, { shape: "diamond", size: 70, color }),
          ring(undefined, { x: tokens("longest"), ...common }, { size: 30, color, opacity: 1 }),
        ],
      },
    ],
  });
}
