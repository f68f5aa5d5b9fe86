import { type ChartSpec, PALETTE, titleLines, VEGA_LITE_SCHEMA } from "./spec";

/** What methods gain over zero-shot on one task; from 0 to 1. */
export interface GainPoint {
  task: string;
  /** Of fine-tuning, with its standard deviation over seeds. */
  gain: number;
  gainStd: number;
  kernelGain: number;
  kernelGainStd: number;
  /** Of the best threshold and of a linear probe, where they are measured. */
  thresholdGain?: number;
  probeGain?: number;
  /** The kernel's share of fine-tuning's gain; undefined where that is too small to be shared. */
  share?: number;
}

export interface GainChartOptions {
  title?: string;
  /** Gains below this are drawn within a grey band; from 0 to 1. */
  smallestGain: number;
  /** As the legend should name them. */
  fineTuningTitle?: string;
  kernelTitle?: string;
}

const THRESHOLD = "best threshold (sees test labels)";
const PROBE = "linear probe";
const ROW = 28;

/**
 * Gains over zero-shot, in points of accuracy, a row for each task in the order of fine-tuning's gain: fine-tuning and
 * kernel with one standard deviation over seeds to each side, a line between them, what the best threshold gains
 * without learning, and what a linear probe gains. Behind each name stands the kernel's share of fine-tuning's gain.
 */
export function gainChart(points: readonly GainPoint[], options: GainChartOptions): ChartSpec {
  if (points.length === 0) throw new Error("The gain chart needs at least one task.");
  const {
    title = "Gain over zero-shot",
    smallestGain,
    fineTuningTitle = "fine-tuning",
    kernelTitle = "kernel",
  } = options;
  const sorted = points.toSorted((a, b) => b.gain - a.gain);
  const labels = new Map(
    sorted.map(({ task, share }) => [
      task,
      `${task}: ${share === undefined ? "no gain" : `${(100 * share).toFixed(0)} %`}`,
    ]),
  );
  const rows = sorted.flatMap(({ task, gain, gainStd, kernelGain, kernelGainStd, thresholdGain, probeGain }) => [
    ...(thresholdGain === undefined ? [] : [row(labels.get(task)!, task, THRESHOLD, thresholdGain)]),
    ...(probeGain === undefined ? [] : [row(labels.get(task)!, task, PROBE, probeGain)]),
    row(labels.get(task)!, task, fineTuningTitle, gain, gainStd),
    row(labels.get(task)!, task, kernelTitle, kernelGain, kernelGainStd),
  ]);
  const links = sorted.map(({ task, gain, kernelGain }) => ({
    label: labels.get(task),
    from: 100 * gain,
    to: 100 * kernelGain,
  }));
  const looks = [
    { method: fineTuningTitle, color: PALETTE.vermilion, shape: "diamond" },
    { method: kernelTitle, color: PALETTE.green, shape: "circle" },
    { method: THRESHOLD, color: PALETTE.blue, shape: "cross" },
    { method: PROBE, color: PALETTE.purple, shape: "square" },
  ].filter(({ method }) => rows.some((row) => row.method === method));
  const domain = looks.map(({ method }) => method);
  const band = { low: -100 * smallestGain, high: 100 * smallestGain };

  const x = (field: string) => ({ field, type: "quantitative", title: "accuracy above zero-shot, in points" });
  const y = {
    field: "label",
    type: "nominal",
    sort: [...labels.values()],
    title: null,
    axis: { grid: true, labelLimit: 220 },
  };
  const legend = { title: "gain of", labelLimit: 0, orient: "bottom", columns: 2, symbolOpacity: 1 };
  const color = { field: "method", type: "nominal", scale: { domain, range: looks.map((look) => look.color) }, legend };
  const shape = { field: "method", type: "nominal", scale: { domain, range: looks.map((look) => look.shape) }, legend };
  const tooltip = [
    { field: "task", title: "task" },
    { field: "method", title: "method" },
    { field: "value", title: "gain, points", format: "+.1f" },
    { field: "std", title: "standard deviation", format: ".1f" },
  ];
  return {
    $schema: VEGA_LITE_SCHEMA,
    description: `${title}: ${sorted.map(({ task, gain, kernelGain }) => `${task} ${fineTuningTitle} ${signed(gain)}, ${kernelTitle} ${signed(kernelGain)}`).join("; ")} points`,
    title: {
      text: titleLines(title),
      anchor: "start",
      subtitle: [
        `behind a name: the share of ${fineTuningTitle}'s gain that ${kernelTitle} has too;`,
        `grey band: less than ${Number((100 * smallestGain).toPrecision(3))} points, too little to be shared`,
      ],
    },
    width: 420,
    height: { step: ROW },
    layer: [
      {
        data: { values: [band] },
        mark: { type: "rect", color: PALETTE.grey, opacity: 0.15 },
        encoding: { x: x("low"), x2: { field: "high" } },
      },
      {
        data: { values: links },
        mark: { type: "rule", strokeWidth: 1.5, strokeDash: [2, 2], color: PALETTE.grey },
        encoding: { x: x("from"), x2: { field: "to" }, y },
      },
      {
        data: { values: rows.filter(({ std }) => std !== undefined) },
        mark: { type: "rule", strokeWidth: 2.5, opacity: 0.5 },
        encoding: { x: x("low"), x2: { field: "high" }, y, color, tooltip },
      },
      {
        data: { values: rows },
        mark: { type: "point", filled: true, size: 90, opacity: 1 },
        encoding: { x: x("value"), y, color, shape, tooltip },
      },
    ],
  };
}

const row = (label: string, task: string, method: string, gain: number, std?: number) => ({
  label,
  task,
  method,
  value: 100 * gain,
  ...(std === undefined ? {} : { std: 100 * std, low: 100 * (gain - std), high: 100 * (gain + std) }),
});

const signed = (gain: number): string => `${gain < 0 ? "−" : "+"}${Math.abs(100 * gain).toFixed(1)}`;
