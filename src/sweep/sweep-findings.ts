/** A sweep's results as a page: scores, gains, the kernels' shares of them, and how often findings hold. */
import { distinct, groupBy } from "../records";
import { mean } from "../solvers/metrics";
import { aggregate } from "./aggregate";
import { markdownTable, resultRows, type ResultRow } from "./result-table";
import { methodsOf, sharedScores, tasksIn } from "./sweep-gains";
import { chosenRows, sweepRuns, type SweepRow } from "./sweep-table";

/** A difference that counts, and a share that counts as reached. */
const CLEAR = 0.08;
const REACHED = 0.9;
/** Scores are quotients of counts: their differences carry rounding. */
const ROUNDING = 1e-12;

/** How often something holds, judged by means over the draws that have what is compared. */
interface Finding {
  text: string;
  /** The tasks where it holds, and how many there are to judge. */
  holds: string[];
  of: number;
}

/** A method and what it is made of. */
type Method = Pick<SweepRow, "method" | "kind" | "input" | "setting">;

/** Fine-tuning methods with each kernel that belongs to them: K_SGD for SGD, the sign kernels for SignGD and Adam. */
function kernelPairs(methods: readonly Method[], input: SweepRow["input"]): { tuning: Method; kernel: Method }[] {
  const of = (kind: SweepRow["kind"]): Method[] => methods.filter((one) => one.kind === kind && one.input === input);
  return of("fine-tuning").flatMap((tuning) =>
    of("kernel")
      .filter((kernel) => (kernel.setting.formula === "sgd") === (tuning.setting.optimizer === "sgd"))
      .map((kernel) => ({ tuning, kernel })),
  );
}

/** The same method with the prompt and without. */
const promptPairs = (methods: readonly Method[]): { prompted: Method; plain: Method }[] => {
  const alike = (one: Method): string =>
    JSON.stringify([one.kind, one.setting.optimizer, one.setting.formula, one.setting.solver]);
  const of = (input: SweepRow["input"]): Method[] =>
    methods.filter((one) => (one.kind === "fine-tuning" || one.kind === "kernel") && one.input === input);
  return of("prompt").flatMap((prompted) =>
    of("text")
      .filter((plain) => alike(plain) === alike(prompted))
      .map((plain) => ({ prompted, plain })),
  );
};

const methodsIn = (rows: readonly SweepRow[]): Method[] => [...new Map(rows.map((row) => [row.method, row])).values()];

/** The statements about the results of one k that `results.md` makes, each with the number of tasks on which it holds. */
export function sweepFindings(rows: readonly SweepRow[]): Finding[] {
  const chosen = chosenRows(rows);
  const methods = methodsIn(chosen);
  const [zeroShot] = methodsOf(chosen, "zero-shot");
  const count = (
    text: string,
    compared: readonly (string | undefined)[],
    holds: (means: number[]) => boolean,
    among: (means: number[]) => boolean = () => true,
  ): Finding[] => {
    const known = compared.filter((method) => method !== undefined);
    if (known.length < compared.length) return [];
    const judged = tasksIn(chosen).flatMap((task) => {
      const means = sharedScores(chosen, task, known)?.map(mean);
      return means && among(means) ? [{ task, means }] : [];
    });
    return [{ text, holds: judged.filter(({ means }) => holds(means)).map(({ task }) => task), of: judged.length }];
  };
  const [points, percent] = [100 * CLEAR, 100 * REACHED];
  const above = (method: string, other: string | undefined): Finding[] =>
    count(
      `${method} is at least ${points} points above ${other}`,
      [method, other],
      ([own, theirs]) => own - theirs >= CLEAR - ROUNDING,
    );
  const rivals = [
    zeroShot,
    ...(["best-threshold", "bag-of-words", "linear-probe"] as const).flatMap((kind) => methodsOf(chosen, kind)),
  ];
  const tuned = methods.filter(({ kind, input }) => kind === "fine-tuning" && input === "prompt");
  return [
    ...tuned.flatMap(({ method }) => rivals.flatMap((rival) => above(method, rival))),
    ...kernelPairs(methods, "prompt").flatMap(({ tuning, kernel }) => [
      ...count(
        `${kernel.method} reaches at least ${percent} % of ${tuning.method}`,
        [kernel.method, tuning.method],
        ([own, other]) => own >= REACHED * other - ROUNDING,
      ),
      ...count(
        `${kernel.method} has at least ${percent} % of ${tuning.method}'s gain over ${zeroShot}, where that is at least ${points} points`,
        [kernel.method, tuning.method, zeroShot],
        ([own, other, start]) => own - start >= REACHED * (other - start) - ROUNDING,
        ([, other, start]) => other - start >= CLEAR - ROUNDING,
      ),
    ]),
    ...promptPairs(methods).flatMap(({ prompted, plain }) => above(prompted.method, plain.method)),
  ];
}

/** The page as Markdown, one part for each k. */
export function sweepMarkdown(rows: readonly SweepRow[], model: string): string {
  const parts = groupBy(rows, ({ k }) => k).map(part);
  const others = distinct(
    rows.flatMap(({ task, metric = "accuracy" }) => (metric === "accuracy" ? [] : [`${task}: ${metric}`])),
  );
  const hashes = distinct(rows.map(({ modelHash }) => modelHash.slice(0, 12))).join(", ");
  return `Model \`${model}\`${hashes && ` (${hashes}…)`}. Protocol: \`docs/protocol.md\` says what is tuned on what and what the names mean.
Scores are test accuracy${others.length > 0 ? ` (${others.join(", ")})` : ", or the task's own metric where that is another"}: mean (population standard deviation) over draws, in %. \`*\` marks cells that lack a draw.

${parts.join("\n")}`;
}

/** @param rows of one k */
function part(rows: readonly SweepRow[]): string {
  const chosen = chosenRows(rows);
  const seeds = distinct(rows.map(({ seed }) => seed));
  const sizes = distinct(rows.map(({ testExamples }) => testExamples)).sort((a, b) => a - b);
  const cells = aggregate(sweepRuns(chosen)).map((cell) => ({
    ...cell,
    text: `${cell.text}${cell.seeds.length < seeds.length ? " *" : ""}`,
  }));
  const scores = resultRows(cells).map(({ k: _, ...row }) => row);
  const [zeroShot] = methodsOf(chosen, "zero-shot");
  const [gains, shares] = zeroShot === undefined ? [[], []] : [gainRows(chosen, zeroShot), shareRows(chosen, zeroShot)];
  const failed = rows.filter(({ error }) => error !== undefined).length;
  return [
    `## k = ${rows[0].k}\n\nDraws ${seeds.join(", ")}; ${sizes.length > 1 ? `${sizes[0]} to ${sizes.at(-1)}` : sizes[0]} test examples.${failed > 0 ? ` ${failed} of ${rows.length} settings diverged.` : ""}\n`,
    ...(scores.length > 0 ? [markdownTable(scores)] : []),
    ...(gains.length > 0 ? [`Gain over ${zeroShot} in points:\n\n${markdownTable(gains)}`] : []),
    ...(shares.length > 0
      ? [
          `The kernel's share of fine-tuning's gain in %; – where that is below ${100 * CLEAR} points:\n\n${markdownTable(shares)}`,
        ]
      : []),
    sweepFindings(rows)
      .map(
        ({ text, holds, of }) =>
          `- ${text}: ${holds.length} of ${of} tasks${holds.length > 0 && holds.length < of ? ` (${holds.join(", ")})` : ""}\n`,
      )
      .join(""),
  ].join("\n");
}

const signed = (points: number): string => `${points < 0 ? "−" : "+"}${Math.abs(points).toFixed(1)}`;

/** A cell for each task, from the means of some methods over the draws that have them all; empty where there is no such draw. */
const byTask = (
  chosen: readonly SweepRow[],
  methods: readonly string[],
  text: (means: number[]) => string,
): ResultRow =>
  Object.fromEntries(
    tasksIn(chosen).map((task) => {
      const means = sharedScores(chosen, task, methods)?.map(mean);
      return [task, means ? text(means) : ""];
    }),
  );

const gainRows = (chosen: readonly SweepRow[], zeroShot: string): ResultRow[] =>
  methodsIn(chosen)
    .filter(({ method }) => method !== zeroShot)
    .map(({ method }) => ({
      method,
      ...byTask(chosen, [zeroShot, method], ([start, own]) => signed(100 * (own - start))),
    }));

const shareRows = (chosen: readonly SweepRow[], zeroShot: string): ResultRow[] =>
  kernelPairs(methodsIn(chosen), "prompt").map(({ tuning, kernel }) => ({
    "kernel, fine-tuning": `${kernel.method}, ${tuning.method}`,
    ...byTask(chosen, [zeroShot, tuning.method, kernel.method], ([start, tuned, solved]) =>
      tuned - start < CLEAR - ROUNDING
        ? "–"
        : ((100 * (solved - start)) / (tuned - start)).toFixed(0).replace("-", "−"),
    ),
  }));
