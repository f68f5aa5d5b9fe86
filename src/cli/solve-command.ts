/** `kernel-view solve`: from kernel files to accuracies. */
import { existsSync } from "node:fs";
import { extname } from "node:path";
import { InputError } from "../errors";
import { gridChart } from "../charts/grid-chart";
import { gridPoints } from "../charts/solver-grid";
import { aggregate, runsOf } from "../sweep/aggregate";
import { kernelFile, readKernels } from "../archives/kernel-files";
import {
  bestOnDev,
  defaultFormula,
  scoreBy,
  settingsOf,
  solveKernels,
  zeroShotAccuracy,
  zeroShotScore,
  type Solved,
} from "../experiment/solve-kernels";
import type { SplitKernels } from "../experiment/split-kernels";
import type { Formula } from "../kernels/formula";
import { writeFileAtomically } from "../files/atomic-write";
import { tableBundle } from "../notebook/show-table";
import type { KernelPrecision } from "../solvers/least-squares";
import type { LogisticMultiClass } from "../solvers/logistic";
import type { Solver } from "../solvers/solver";
import type { Metric, Split } from "../tasks/task";

export interface SolveCommandOptions {
  /** One folder a few-shot split. */
  kernels: string[];
  solver: Solver;
  formula?: Formula;
  f0: number[];
  regularization: number[];
  gamma?: number[];
  lambda?: number[];
  multiClass?: LogisticMultiClass;
  precision?: KernelPrecision;
  /** Default: accuracy, or pearson for numbers. */
  metric?: Metric;
  chart?: string;
  json: boolean;
}

/** One folder's grid. */
interface SolvedFolder {
  kernels: string;
  metric: Metric;
  zeroShot: Record<string, number>;
  results: Solved<Split>[];
  /** Chosen on the development examples, where there are any. */
  best?: Solved<Split>;
}

/**
 * Solves every folder with every setting and returns the text to print, a table or JSON: the grid of one folder, or for
 * several the setting that each one's development examples choose, and the mean over them.
 */
export async function solveCommand(options: SolveCommandOptions): Promise<string> {
  const { solver, chart, json } = options;
  if (chart && ![".json", ".svg"].includes(extname(chart)))
    throw new InputError(`--chart ${chart}: the name must end in .json (Vega-Lite) or .svg`);
  const formula = options.formula ?? defaultFormula(solver);
  const folders = options.kernels.map((kernels) => solveFolder(kernels, formula, options));
  const [{ metric }] = folders;
  const other = folders.find((folder) => folder.metric !== metric);
  if (other) throw new InputError(`${other.kernels} has another kind of labels than ${folders[0].kernels}`);
  const overFolders = folders.length > 1 ? aggregateFolders(folders, solver, metric) : undefined;
  if (chart) await writeChart(chart, folders, `${formula} kernel, ${solver}`);
  if (json) {
    const shown = folders.map(({ results, best, metric: _, ...own }) => ({
      ...own,
      results: results.map(asJson),
      ...(best ? { best: asJson(best) } : {}),
    }));
    return JSON.stringify(
      overFolders
        ? { solver, formula, metric, folders: shown, test: overFolders }
        : { solver, formula, metric, ...shown[0] },
      undefined,
      2,
    );
  }
  const table = (rows: object[], caption: string): string =>
    tableBundle(rows, { caption, maxRows: Infinity })["text/plain"] as string;
  const caption = `${formula} kernel, ${solver}: ${metric} in percent`;
  if (overFolders) {
    const rows = folders.map(({ kernels, best }) => ({ kernels, ...asRow(best!, metric) }));
    return `${table(rows, `${caption}, the setting of each folder chosen on dev`)}\ntest: ${overFolders.text}`;
  }
  const [{ results, best }] = folders;
  const chosen = best && results.length > 1 ? `\nbest on dev: ${settingText(best)}` : "";
  return (
    table(
      results.map((one) => asRow(one, metric)),
      caption,
    ) + chosen
  );
}

function solveFolder(kernels: string, formula: Formula, options: SolveCommandOptions): SolvedFolder {
  const { solver, regularization, f0, gamma, lambda, multiClass, precision } = options;
  const present = (["dev", "test"] as const).filter((split) => existsSync(kernelFile(kernels, split)));
  const splits: { [split in Split]?: SplitKernels } & { train: SplitKernels } = {
    train: readKernels(kernels, "train"),
  };
  for (const split of present) splits[split] = readKernels(kernels, split);
  const settings = settingsOf({ regularizations: regularization, f0s: f0, gammas: gamma, lambdas: lambda });
  const results = solveKernels(splits as Record<Split, SplitKernels>, settings, formula, {
    solver,
    multiClass,
    precision,
  });
  const metric = options.metric ?? (splits.train.target ? "pearson" : "accuracy");
  // Before anything is shown, as `best` is not there without dev.
  scoreBy(results[0].scores.train, metric);
  const zeroShot = Object.fromEntries(
    Object.entries(splits).map(([split, own]) => [
      split,
      own.target ? zeroShotScore(own, metric) : zeroShotAccuracy(own),
    ]),
  );
  return { kernels, metric, zeroShot, results, ...(splits.dev ? { best: bestOnDev(results, metric) } : {}) };
}

function aggregateFolders(
  folders: readonly SolvedFolder[],
  solver: Solver,
  metric: Metric,
): { mean: number; std: number; text: string } {
  const incomplete = folders.find(({ results }) => !results[0].scores.dev || !results[0].scores.test);
  if (incomplete)
    throw new InputError(
      `${incomplete.kernels} has no kernels of the dev or of the test examples: several folders need both`,
    );
  // The folders are the seeds of one experiment.
  const runs = folders.flatMap(({ results }, seed) =>
    runsOf(results, { task: "", method: solver, k: 0, seed }, metric),
  );
  const [{ mean, std, text }] = aggregate(runs);
  return { mean, std, text };
}

async function writeChart(path: string, folders: readonly SolvedFolder[], title: string): Promise<void> {
  const points = folders.flatMap(({ results }, seed) => gridPoints(results, seed));
  const spec = gridChart(points, { title });
  let text = `${JSON.stringify(spec, undefined, 1)}\n`;
  if (extname(path) === ".svg") {
    const { drawStatic } = await import("../notebook/static-chart.js");
    text = (await drawStatic(spec)).svg;
  }
  writeFileAtomically(path, text);
}

/** JSON has no infinity: it is written "inf", as the option is. */
const asJson = ({ f0, scores, ...setting }: Solved<Split>): object => ({ ...setting, f0: f0Text(f0), ...scores });

const f0Text = (f0: number): number | string => (f0 === Infinity ? "inf" : f0);

function asRow({ f0, scores, ...setting }: Solved<Split>, metric: Metric): object {
  const percents = Object.entries(scores).map(([split, own]) => [split, (scoreBy(own, metric) * 100).toFixed(1)]);
  return { ...setting, f0: f0Text(f0), ...Object.fromEntries(percents) };
}

function settingText({ f0, scores: _, ...setting }: Solved<Split>): string {
  return Object.entries({ ...setting, f0: f0Text(f0) })
    .map(([name, value]) => `${name} ${value}`)
    .join(", ");
}
