import { AXIS_PERCENT, type ChartSpec, PALETTE, PERCENT, shortened, VEGA_LITE_SCHEMA } from "./spec";

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
 */
export function datasetChart(summaries: readonly DatasetSummary[], title = "Classes and prompt lengths"): ChartSpec {
  if (summaries.length === 0 || summaries.some(({ lengths }) => lengths.length === 0))
    throw new Error("The dataset chart needs at least one task, and examples of each.");
  const tasks = summaries.map(({ task }) => task);
  const shares = summaries.flatMap(({ task, classes }) => {
    const total = classes.reduce((sum, { count }) => sum + count, 0);
    let from = 0;
    return classes.map(({ name, label = name, count }, place) => {
      const share = count / total;
      const segment = {
        task,
        name,
        label: shortened(label, Math.floor((share * SHARES_WIDTH) / 5.5)),
        count,
        place,
        share,
        from,
        middle: from + share / 2,
        to: from + share,
      };
      from = segment.to;
      return segment;
    });
  });
  const lightFrom = 0.55 * Math.max(...shares.map(({ place }) => place));
  const along = (field: string) => ({
    field,
    type: "quantitative",
    title: "share of each class",
    scale: { domain: [0, 1], nice: false },
    axis: { format: AXIS_PERCENT, tickCount: 5 },
  });
  const lengths = summaries.map(({ task, lengths: own, limit }) => {
    const sorted = [...own].sort((a, b) => a - b);
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
  const row = { field: "task", type: "nominal", sort: tasks };
  const tokens = (field: string) => ({
    field,
    type: "quantitative",
    title: "tokens of the prompt",
    axis: { tickCount: 6 },
  });
  const lengthTooltip = [
    { field: "task", title: "task" },
    { field: "median", title: "median tokens" },
    { field: "low", title: "5th percentile" },
    { field: "high", title: "95th percentile" },
    { field: "longest", title: "longest" },
    { field: "limit", title: "longest length given to the model" },
  ];
  const bare = { ...row, title: null, axis: { labels: false, ticks: false } };
  return {
    $schema: VEGA_LITE_SCHEMA,
    description: `${title}: ${lengths.map(({ task, median, longest }) => `${task} median ${median}, longest ${longest} tokens`).join("; ")}`,
    title: {
      text: title,
      anchor: "start",
      subtitle:
        "right: 5th to 95th percentile, median (diamond), longest (circle), longest length given to the model (grey)",
    },
    hconcat: [
      {
        width: SHARES_WIDTH,
        height: { step: 20 },
        data: { values: shares },
        encoding: { y: { ...row, title: null } },
        layer: [
          {
            mark: { type: "bar", stroke: PALETTE.grey, strokeWidth: 0.5 },
            encoding: {
              x: along("from"),
              x2: { field: "to" },
              color: { field: "place", type: "ordinal", scale: { scheme: "viridis" }, legend: null },
              tooltip: [
                { field: "task", title: "task" },
                { field: "name", title: "class" },
                { field: "share", title: "share", format: PERCENT },
                { field: "count", title: "examples" },
              ],
            },
          },
          {
            // The name stands on its segment, not on the page: dark on light colours, light on dark ones.
            mark: { type: "text", fontSize: 10 },
            encoding: {
              x: along("middle"),
              text: { field: "label" },
              color: { condition: { test: `datum.place > ${lightFrom}`, value: "black" }, value: "white" },
            },
          },
        ],
      },
      {
        width: 260,
        height: { step: 20 },
        data: { values: lengths },
        layer: [
          {
            transform: [{ filter: "isValid(datum.limit)" }],
            mark: { type: "tick", orient: "vertical", thickness: 2, size: 14, color: PALETTE.grey },
            encoding: { x: tokens("limit"), y: bare, tooltip: lengthTooltip },
          },
          {
            mark: { type: "bar", height: 7, color: PALETTE.blue, opacity: 0.6 },
            encoding: { x: tokens("low"), x2: { field: "high" }, y: bare, tooltip: lengthTooltip },
          },
          {
            mark: { type: "point", filled: true, shape: "diamond", size: 70, color: PALETTE.blue, opacity: 1 },
            encoding: { x: tokens("median"), y: bare, tooltip: lengthTooltip },
          },
          {
            mark: { type: "point", filled: false, size: 30, color: PALETTE.blue, opacity: 1 },
            encoding: { x: tokens("longest"), y: bare, tooltip: lengthTooltip },
          },
        ],
      },
    ],
  };
}
