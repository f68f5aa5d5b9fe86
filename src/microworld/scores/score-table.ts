/** The closing table: task × method over the splits, and how often the paper's findings hold. */
import { markdownTable, type ResultRow } from "../../experiment/result-table";
import { formatMeanStd, mean } from "../../solvers/metrics";
import { taskByName, taskNames } from "../../tasks/task";
import { methods } from "./methods";
import type { Score } from "./score-file";

/** What a table shows of a result: F1 for tasks whose metric it is. */
const value = ({ f1, accuracy }: Score): number => f1 ?? accuracy;

/** A gain, a gap or a loss of this many points counts, from 0 to 1. */
const CLEAR = 0.08;
const NEAR = 0.03;
const SHARE = 0.9;

/** Everything that was measured as Markdown: for each k the tables and the counts. */
export function scoresMarkdown(scores: readonly Score[]): string {
  if (scores.length === 0) return "Nothing is measured yet.\n";
  const ks = [...new Set(scores.map(({ k }) => k))].sort((a, b) => a - b);
  const tests = [...new Set(scores.map(({ testExamples }) => testExamples))].sort((a, b) => a - b);
  const seeds = [...new Set(scores.map(({ seed }) => seed))];
  const examples = tests.length === 1 ? `${tests[0]}` : `${tests[0]} to ${tests.at(-1)!}`;
  return `In %, mean (population standard deviation) over the splits ${seeds.join(", ")}, on ${examples} test examples: accuracy, and F1 of class 1 for ${taskNames
    .filter((name) => taskByName(name).metric === "f1")
    .join(" and ")}. \`*\` marks cells that lack a split.
The best threshold (more than two classes: the best additive class biases that coordinate ascent finds) looks at the test labels: it bounds what recalibration can do.
Kernel regression: each class against the rest, with the kernel of its logit less the mean of the others'.

${ks.map((k) => section(k, scores.filter((score) => score.k === k), seeds.length)).join("\n")}`;
}

/** The tables of one k; its splits are named where they are fewer than all. */
function section(k: number, scores: readonly Score[], splits: number): string {
  const own = [...new Set(scores.map(({ seed }) => seed))];
  const f1Tasks = scores.some(({ f1 }) => f1 !== undefined);
  return `### k = ${k}${own.length < splits ? ` (split${own.length > 1 ? "s" : ""} ${own.join(", ")} only)` : ""}

${markdownTable(rowsOf(scores, value))}${f1Tasks ? `\nAccuracy where the table has F1:\n\n${markdownTable(rowsOf(scores.filter(({ f1 }) => f1 !== undefined), ({ accuracy }) => accuracy))}` : ""}
${verdicts(scores)
  .map(({ text, holds, of }) => `- ${text}: ${holds.length} of ${of} tasks${holds.length > 0 && holds.length < of ? ` (${holds.join(", ")})` : ""}`)
  .join("\n")}
`;
}

/** Tasks in the order of the paper, methods in theirs. */
function rowsOf(scores: readonly Score[], of: (score: Score) => number): ResultRow[] {
  const seeds = new Set(scores.map(({ seed }) => seed)).size;
  const shown = methods.filter(({ name }) => scores.some(({ method }) => method === name));
  return taskNames
    .filter((task) => scores.some((score) => score.task === task))
    .map((task) => {
      const cells = shown.map(({ name, title }) => {
        const own = scores.filter((score) => score.task === task && score.method === name);
        return [title, own.length === 0 ? "" : `${formatMeanStd(own.map(of))}${own.length < seeds ? " *" : ""}`];
      });
      return { task, ...(Object.fromEntries(cells) as ResultRow) };
    });
}

export interface Verdict {
  text: string;
  /** The tasks for which it holds, among those where all that it compares is measured. */
  holds: string[];
  of: number;
}

/** How often the findings hold for one k, judged by means over the splits. */
export function verdicts(scores: readonly Score[]): Verdict[] {
  const tasks = taskNames.filter((task) => scores.some((score) => score.task === task));
  const meanOf = (task: string, method: string): number | undefined => {
    const own = scores.filter((score) => score.task === task && score.method === method);
    return own.length === 0 ? undefined : mean(own.map(value));
  };
  const majority = (task: string): number => mean(scores.filter((score) => score.task === task && score.method === "zero-shot").map(({ chosen }) => Number(chosen.majority)));
  const count = (text: string, compared: readonly string[], holds: (values: number[], task: string) => boolean, among: (values: number[]) => boolean = () => true): Verdict => {
    const judged = tasks.flatMap((task) => {
      const values = compared.map((method) => meanOf(task, method));
      return values.every((own) => own !== undefined) && among(values) ? [{ task, values }] : [];
    });
    return { text, holds: judged.filter(({ task, values }) => holds(values, task)).map(({ task }) => task), of: judged.length };
  };
  const percent = (share: number): string => `${Math.round(100 * share)}`;
  const gains = ["sgd-ft", "adamw-ft"].flatMap((method) => {
    const title = methods.find(({ name }) => name === method)!.title;
    return [
      count(`${title} gains at least ${percent(CLEAR)} points over zero-shot`, [method, "zero-shot"], ([tuned, zero]) => tuned - zero >= CLEAR),
      count(`${title} gains at least ${percent(CLEAR)} points over the best threshold`, [method, "best-threshold"], ([tuned, threshold]) => tuned - threshold >= CLEAR),
    ];
  });
  return [
    ...gains,
    count(
      "Zero-shot accuracy lies above always answering the commonest label",
      ["zero-shot"],
      (_, task) => mean(scores.filter((score) => score.task === task && score.method === "zero-shot").map(({ accuracy }) => accuracy)) > majority(task),
    ),
    count(`K_SGD reaches at least ${percent(SHARE)} % of SGD-FT`, ["k-sgd", "sgd-ft"], ([kernel, tuned]) => kernel >= SHARE * tuned),
    count(
      `K_SGD recovers at least ${percent(SHARE)} % of SGD-FT's gain over zero-shot, where that is at least ${percent(CLEAR)} points`,
      ["k-sgd", "sgd-ft", "zero-shot"],
      ([kernel, tuned, zero]) => kernel - zero >= SHARE * (tuned - zero),
      ([, tuned, zero]) => tuned - zero >= CLEAR,
    ),
    count(`K_SignGD is within ${percent(NEAR)} points of K_SGD`, ["k-signgd", "k-sgd"], ([sign, sgd]) => Math.abs(sign - sgd) <= NEAR),
    count(`K_A-SignGD is within ${percent(NEAR)} points of K_SGD`, ["k-a-signgd", "k-sgd"], ([sign, sgd]) => Math.abs(sign - sgd) <= NEAR),
    count(`K_SGD with the prompt is at least ${percent(CLEAR)} points above K_SGD without`, ["k-sgd", "unprompted-k-sgd"], ([prompted, plain]) => prompted - plain >= CLEAR),
    count(`SGD-FT is at least ${percent(CLEAR)} points above bag of words`, ["sgd-ft", "bag-of-words"], ([tuned, words]) => tuned - words >= CLEAR),
  ];
}
