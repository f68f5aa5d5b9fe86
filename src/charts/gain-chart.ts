import { category, type ChartSpec, figure, PALETTE, quantity, requireSome, series, signed, tooltip } from "./figure";
import { dot, layer, range } from "./marks";

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

/**
 * Gains over zero-shot, in points of accuracy, a row for each task in the order of fine-tuning's gain: fine-tuning and
 * kernel with one standard deviation over seeds to each side, a line between them, what the best threshold gains
 * without learning, and what a linear probe gains. Behind each name stands the kernel's share of fine-tuning's gain.
 *
 * @throws InputError without a task
 */
export function gainChart(points: readonly GainPoint[], options: GainChartOptions): ChartSpec {
  requireSome(points, "gain chart", "task");
  const { title = "Gain over zero-shot", smallestGain } = options;
  const { fineTuningTitle = "fine-tuning", kernelTitle = "kernel" } = options;
  const sorted = points
    .toSorted((a, b) => b.gain - a.gain)
    .map((point) => ({
      ...point,
      label: `${point.task}: ${point.share === undefined ? "no gain" : `${(100 * point.share).toFixed(0)} %`}`,
    }));
  const rows = sorted.flatMap(({ task, label, ...own }) =>
    [
      { method: THRESHOLD, gain: own.thresholdGain },
      { method: PROBE, gain: own.probeGain },
      { method: fineTuningTitle, gain: own.gain, std: own.gainStd },
      { method: kernelTitle, gain: own.kernelGain, std: own.kernelGainStd },
    ].flatMap(({ method, gain, std }) =>
      gain === undefined
        ? []
        : [
            {
              label,
              task,
              method,
              value: 100 * gain,
              ...(std === undefined ? {} : { std: 100 * std, low: 100 * (gain - std), high: 100 * (gain + std) }),
            },
          ],
    ),
  );
  const looks = [
    { method: fineTuningTitle, color: PALETTE.vermilion, shape: "diamond" },
    { method: kernelTitle, color: PALETTE.green, shape: "circle" },
    { method: THRESHOLD, color: PALETTE.blue, shape: "cross" },
    { method: PROBE, color: PALETTE.purple, shape: "square" },
  ].filter(({ method }) => rows.some((row) => row.method === method));
  const x = quantity("accuracy above zero-shot, in points");
  const y = category("label", { sort: sorted.map(({ label }) => label), axis: { grid: true, labelLimit: 220 } });
  const named = {
    title: "gain of",
    legend: { labelLimit: 0, orient: "bottom", columns: 2, symbolOpacity: 1 },
  };
  const methods = looks.map(({ method }) => method);
  const color = series("method", methods, { ...named, range: looks.map((look) => look.color) });
  const shape = series("method", methods, { ...named, range: looks.map((look) => look.shape) });
  const tips = tooltip({
    task: "task",
    method: "method",
    value: ["gain, points", "+.1f"],
    std: ["standard deviation", ".1f"],
  });
  const points1 = (gain: number): string => signed(100 * gain, (size) => size.toFixed(1));
  return figure({
    title,
    reading: `${sorted
      .map((own) => `${own.task} ${fineTuningTitle} ${points1(own.gain)}, ${kernelTitle} ${points1(own.kernelGain)}`)
      .join("; ")} points`,
    subtitle: [
      `behind a name: the share of ${fineTuningTitle}'s gain that ${kernelTitle} has too;`,
      `grey band: less than ${Number((100 * smallestGain).toPrecision(3))} points, too little to be shared`,
    ],
    width: 420,
    height: { step: 28 },
    layer: [
      layer(
        [{ low: -100 * smallestGain, high: 100 * smallestGain }],
        { type: "rect", color: PALETTE.grey, opacity: 0.15 },
        { x: x("low"), x2: { field: "high" } },
      ),
      range(
        sorted.map(({ label, gain, kernelGain }) => ({ label, low: 100 * gain, high: 100 * kernelGain })),
        x,
        { y },
        { strokeWidth: 1.5, strokeDash: [2, 2], color: PALETTE.grey },
      ),
      range(
        rows.filter(({ std }) => std !== undefined),
        x,
        { y, color, tooltip: tips },
        { strokeWidth: 2.5, opacity: 0.5 },
      ),
      dot(rows, { x: x("value"), y, color, shape, tooltip: tips }, { size: 90 }),
    ],
  });
}
