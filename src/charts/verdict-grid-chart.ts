import { CRITERIA, type VerdictCount } from "../sweep/behavior-verdicts";
import { type ChartSpec, distinct, PALETTE, titleLines, VEGA_LITE_SCHEMA } from "./spec";

export interface VerdictGridOptions {
  title?: string;
}

const CELL = { width: 40, height: 26 };
/** From this share on a cell is light. */
const LIGHT = 0.55;

/**
 * Verdicts by task (rows), criterion (columns) and method (panels): in how many draws each is "yes", of those in which it is defined. The
 * colour is that share; a dash stands where no draw has a verdict.
 */
export function verdictGridChart(
  counts: readonly VerdictCount[],
  { title = "Kernel behaviour by task" }: VerdictGridOptions = {},
): ChartSpec {
  if (counts.length === 0) throw new Error("The verdict grid needs at least one verdict.");
  const methods = distinct(counts.map(({ method }) => method));
  const tasks = distinct(counts.map(({ task }) => task));
  const cells = counts.map(({ task, method, criterion, yes, defined, draws }) => ({
    task,
    method,
    criterion: CRITERIA[criterion],
    draws,
    text: defined === 0 ? "–" : `${yes}/${defined}`,
    share: defined === 0 ? null : yes / defined,
  }));
  const reading = methods.map((method) => {
    const own = counts.filter((count) => count.method === method && count.criterion === "kernelBehavior");
    return `${method} ${own.reduce((sum, { yes }) => sum + yes, 0)} of ${own.reduce((sum, { defined }) => sum + defined, 0)}`;
  });
  const tooltip = [
    { field: "task", title: "task" },
    { field: "method", title: "method" },
    { field: "criterion", title: "verdict" },
    { field: "text", title: "yes / defined" },
    { field: "draws", title: "draws" },
  ];
  return {
    $schema: VEGA_LITE_SCHEMA,
    description: `${title}: kernel behaviour in ${reading.join(", ")} measurements with a verdict`,
    title: {
      text: titleLines(title),
      anchor: "start",
      subtitle: [
        "draws that pass / draws that have a verdict",
        "the kernel solves the task, fine-tuning is linearized, features are fixed",
      ],
    },
    spacing: 14,
    hconcat: methods.map((method, index) => ({
      title: { text: method, anchor: "start", fontWeight: "normal" },
      data: { values: cells.filter((cell) => cell.method === method) },
      width: { step: CELL.width },
      height: { step: CELL.height },
      encoding: {
        x: {
          field: "criterion",
          type: "nominal",
          title: null,
          scale: { domain: Object.values(CRITERIA) },
          axis: { labelAngle: -35, labelLimit: 0 },
        },
        y: {
          field: "task",
          type: "nominal",
          title: null,
          scale: { domain: tasks },
          axis: index === 0 ? {} : { labels: false, ticks: false },
        },
        tooltip,
      },
      layer: [
        {
          transform: [{ filter: "datum.share !== null" }],
          mark: { type: "rect" },
          encoding: {
            color: {
              field: "share",
              type: "quantitative",
              title: ["share of draws", "that pass"],
              scale: { scheme: "viridis", domain: [0, 1] },
              legend: { format: ".0%", values: [0, 0.5, 1], gradientLength: 90 },
            },
          },
        },
        {
          // The text stands on its cell, not on the page: dark on light colours, light on dark ones.
          mark: { type: "text", fontSize: 11 },
          encoding: {
            text: { field: "text", type: "nominal" },
            color: {
              condition: [
                { test: "datum.share === null", value: PALETTE.grey },
                { test: `datum.share > ${LIGHT}`, value: "black" },
              ],
              value: "white",
            },
          },
        },
      ],
    })),
  };
}
