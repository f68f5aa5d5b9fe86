/** Our kernel of real SST-2 sentences at roberta-base's size, and what the authors' algorithm would take for it. */
import { join } from "node:path";
import type { Formula } from "../src/kernels/formula";
import { writeFileAtomically } from "../src/files/atomic-write";
import { loadTokenizer } from "../src/model/tokenizer";
import { taskByName, type Example } from "../src/tasks/task";
import { encodePrompt, labelWordIds } from "../src/tasks/prompt";
import { readSplit } from "../src/tasks/split";
import { round3, type AuthorsTime, type MeasuredRun, type Prompts } from "./measured-run";
import { measure, OUT, ours, pytorch } from "./processes";

export interface RealSizeOptions {
  data: string;
  tokenizer: string;
  /** The model's folder. */
  model: string;
  train: number;
  evaluate: number;
  formulas: Formula[];
  store?: string;
  authors: boolean;
  python: string;
}

/** The authors' batch sizes that are timed: as they configure it, and the fastest of those tried at this size. */
const BATCHES = ["1x1", "1x8"];

/** Computes the kernel in a process of its own and prints what it took. `folder` receives the prompts. */
export async function realSize(folder: string, options: RealSizeOptions): Promise<void> {
  const { formulas, model, store } = options;
  const prompts = realPrompts(options);
  writeFileAtomically(join(folder, "prompts.json"), JSON.stringify(prompts));
  const [n, m] = [prompts.train.length, prompts.evaluate.length];
  say(
    `${n} × ${m} prompts of SST-2, ${lengths(prompts.train)} tokens in training, ${lengths(prompts.evaluate)} in evaluation; formulas: ${formulas.join(", ")}`,
  );

  const stored = store ? ["--store", store] : [];
  const run = await measure<MeasuredRun>(
    ours(
      "compute",
      folder,
      OUT,
      "--model",
      model,
      "--formulas",
      formulas.join(","),
      "--no-warm-up",
      "--progress",
      ...stored,
    ),
    { show: true },
  );
  const [seconds] = run.seconds;
  const gibibytes = (bytes: number): string => (bytes / 2 ** 30).toFixed(2);
  say(
    `ours: ${seconds.toFixed(1)} s without loading the model, ${((n + m) / seconds).toFixed(1)} examples/s, ${((n * m) / seconds).toFixed(0)} pairs/s`,
  );
  say(
    `peak resident memory: ${gibibytes(run.peak)} GiB, of which ${gibibytes(run.loaded)} GiB before the first block (largest while loading included in the peak)`,
  );
  if (run.reused) say(`${run.reused} blocks came from disk: the time is not that of the whole kernel`);
  if (options.authors) await extrapolateAuthors(folder, options, run, [n, m]);
}

/**
 * Half of the training examples of each class, spread over train.tsv; dev.tsv's examples to evaluate on,
 * and after those, others of train.tsv, spread over it as well.
 */
function realPrompts({ data, tokenizer: directory, train, evaluate }: RealSizeOptions): Prompts {
  const task = taskByName("sst-2");
  const tokenizer = loadTokenizer(directory);
  if (train % task.labels.length !== 0)
    throw new Error(`--train ${train} is not a multiple of ${task.labels.length}, the number of classes`);
  const labelled = readSplit(data, "train", task);
  const chosen = task.labels.flatMap((_, label) =>
    spread(
      labelled.filter((example) => example.label === label),
      train / task.labels.length,
    ),
  );
  const dev = readSplit(data, "dev", task).slice(0, evaluate);
  const rest = labelled.filter((example) => !chosen.includes(example));
  const all = [...dev, ...spread(rest, evaluate - dev.length)];
  const encode = (examples: Example[]): Prompts["train"] =>
    examples.map((example) => encodePrompt(example, task, tokenizer));
  return { labelWordIds: labelWordIds(task, tokenizer), train: encode(chosen), evaluate: encode(all) };
}

function spread<T>(items: T[], wanted: number): T[] {
  if (items.length < wanted) throw new Error(`the data has ${items.length} examples where ${wanted} are needed`);
  return Array.from({ length: wanted }, (_, i) => items[Math.floor((i * items.length) / wanted)]);
}

async function extrapolateAuthors(
  folder: string,
  { formulas, model, python }: RealSizeOptions,
  run: MeasuredRun,
  [n, m]: [number, number],
): Promise<void> {
  say(
    "\nThe authors' algorithm, extrapolated. Timed on batches spread over the same prompts, without their garbage collection:",
  );
  let [fastest, worst] = [0, 0];
  for (const formula of formulas) {
    // SignGD keeps the Jacobians of both batches, and is fastest one by one.
    const totals: number[] = [];
    for (const batch of formula === "signgd" ? BATCHES.slice(0, 1) : BATCHES) {
      const exchange = formula === "asymmetric_signgd_flipped";
      const kind = exchange ? "asymmetric_signgd" : formula;
      const time = await measure<AuthorsTime>(
        pytorch(
          python,
          "authors-time",
          folder,
          OUT,
          "--model",
          model,
          "--formulas",
          kind,
          "--batch",
          batch,
          ...(exchange ? ["--exchange"] : []),
          "--count",
          batch === "1x1" ? "3x12" : "3x4",
        ),
      );
      const [outerSize, innerSize] = batch.split("x").map(Number);
      const [outer, inner] = exchange
        ? [Math.ceil(m / outerSize), Math.ceil(n / innerSize)]
        : [Math.ceil(n / outerSize), Math.ceil(m / innerSize)];
      const total = outer * time.outer + outer * inner * time.inner;
      totals.push(total);
      const [timedOuter, timedInner] = time.timed;
      say(
        `${formula}, batches ${batch.replace("x", " × ")}: ${outer} Jacobians × ${round3(time.outer)} s + ${outer} × ${inner} steps × ${round3(time.inner)} s` +
          ` = ${hours(total)} (means of ${timedOuter} Jacobians and ${timedOuter * timedInner} steps; ${largestDifference(time, run, formula, m)})`,
      );
    }
    fastest += Math.min(...totals);
    worst += totals[0];
  }
  const [seconds] = run.seconds;
  say(
    `all formulas asked for: ${hours(worst)} with batches 1 × 1, ${hours(fastest)} with the fastest: ${round3(worst / seconds)} and ${round3(fastest / seconds)} times ours`,
  );
}

/** How far our kernel is from the entries that the timed steps computed. */
function largestDifference({ entries }: AuthorsTime, { kernels }: MeasuredRun, formula: Formula, m: number): string {
  const differences = entries.map(([i, j, value]) => Math.abs(kernels[formula][i * m + j] - value) / Math.abs(value));
  return `our kernel is within ${Math.max(...differences).toExponential(0)} of these ${entries.length} entries`;
}

const hours = (seconds: number): string =>
  seconds < 3600 ? `${(seconds / 60).toFixed(1)} min` : `${(seconds / 3600).toFixed(2)} h`;
const say = (line: string): void => void process.stdout.write(`${line}\n`);

function lengths(prompts: Prompts["train"]): string {
  const all = prompts.map(({ ids }) => ids.length);
  return `${Math.min(...all)}–${Math.max(...all)} (mean ${(all.reduce((sum, length) => sum + length, 0) / all.length).toFixed(1)})`;
}
