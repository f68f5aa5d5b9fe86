import { CRITERIA, type VerdictCount } from "../sweep/behavior-verdicts";
import { category, type ChartSpec, distinct, figure, groupBy, panelTitle, requireSome, tooltip } from "./figure";
import { cells } from "./marks";

/**
 * Verdicts by task (rows), criterion (columns) and method (panels): in how many draws each is "yes", of those in which it is defined. The
 * colour is that share; a dash stands where no draw has a verdict.
 *
 * @throws InputError without a verdict
 */
export function verdictGridChart(
  counts: readonly VerdictCount[],
  { title = "Kernel behaviour by task" }: { title?: string } = {},
): ChartSpec {
  requireSome(counts, "verdict grid", "verdict");
  const tasks = distinct(counts.map(({ task }) => task));
  const methods = groupBy(counts, ({ method }) => method).map((own) => ({ method: own[0].method, own }));
  const total = (own: readonly VerdictCount[], field: "yes" | "defined"): number =>
    own.reduce((sum, count) => sum + (count.criterion === "kernelBehavior" ? count[field] : 0), 0);
  return figure({
    title,
    reading: `kernel behaviour in ${methods
      .map(({ method, own }) => `${method} ${total(own, "yes")} of ${total(own, "defined")}`)
      .join(", ")} measurements with a verdict`,
    subtitle: [
      "draws that pass / draws that have a verdict",
      "the kernel solves the task, fine-tuning is linearized, features are fixed",
    ],
    spacing: 14,
    hconcat: methods.map(({ method, own }, index) => ({
      title: panelTitle(method),
      data: {
        values: own.map(({ task, criterion, yes, defined, draws }) => ({
          task,
          method,
          criterion: CRITERIA[criterion],
          draws,
          text: defined === 0 ? "–" : `${yes}/${defined}`,
          share: defined === 0 ? null : yes / defined,
        })),
      },
      width: { step: 40 },
      height: { step: 26 },
      encoding: {
        x: category("criterion", {
          scale: { domain: Object.values(CRITERIA) },
          axis: { labelAngle: -35, labelLimit: 0 },
        }),
        y: category("task", { scale: { domain: tasks }, axis: index === 0 ? {} : { labels: false, ticks: false } }),
        tooltip: tooltip({
          task: "task",
          method: "method",
          criterion: "verdict",
          text: "yes / defined",
          draws: "draws",
        }),
      },
      layer: cells({
        field: "share",
        title: ["share of draws", "that pass"],
        scale: { domain: [0, 1] },
        legend: { values: [0, 0.5, 1], gradientLength: 90 },
        text: { field: "text", type: "nominal" },
        light: "datum.share > 0.55",
      }),
    })),
  });
}
