/**
 * The kernel engine against PyTorch, in the same run: see bench/README.md.
 *
 *   node environment/run.mjs build/bench/kernel-engine.js run DIR [--workload small,base] [--methods …] [--rounds 3] [--python PYTHON]
 *   node environment/run.mjs build/bench/kernel-engine.js real DIR --data SST2_DIR --tokenizer TOKENIZER_DIR …
 */
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { cpus, loadavg, totalmem } from "node:os";
import { join, resolve } from "node:path";
import { Command, Option } from "commander";
import { count, listOf, oneOf } from "../src/cli/values";
import { FORMULAS, type Formula } from "../src/kernels/formula";
import {
  largestRelativeDifference,
  markdownTable,
  median,
  round3,
  type Calibration,
  type Kernels,
  type MeasuredRun,
} from "./measured-run";
import { measure, OUT, ours, pytorch, runToEnd, type CommandLine } from "./processes";
import { realSize } from "./real-size";

const WORKLOADS = ["tiny", "small", "base"] as const;
const METHODS = ["ours", "authors", "torch_func", "hooks", "hand"] as const;
type WorkloadName = (typeof WORKLOADS)[number];
type Method = (typeof METHODS)[number];

/** The authors' outer × inner batch sizes: as they configure it, and the fastest of those tried. */
const AUTHORS_BATCHES: Record<WorkloadName, string[]> = {
  tiny: ["1x1", "3x5"],
  small: ["1x1", "4x16"],
  base: ["1x1", "1x8"],
};
const BOTH_ASYMMETRIC: Formula[] = ["asymmetric_signgd", "asymmetric_signgd_flipped"];

/** One row of the table. */
interface Contestant {
  method: Method;
  /** The authors' batch sizes. */
  batch?: string;
  formulas: readonly Formula[];
  runs: MeasuredRun[];
  failure?: string;
}

function contestants(workload: WorkloadName, methods: readonly Method[]): Contestant[] {
  const row = (method: Method, formulas: readonly Formula[], batch?: string): Contestant => ({
    method,
    batch,
    formulas,
    runs: [],
  });
  const [single, batched] = AUTHORS_BATCHES[workload];
  const all = [
    ...[["sgd"], ["signgd"], ["asymmetric_signgd"], BOTH_ASYMMETRIC, FORMULAS].map((formulas) =>
      row("ours", formulas as Formula[]),
    ),
    ...[["sgd"], ["signgd"], BOTH_ASYMMETRIC].map((formulas) => row("authors", formulas as Formula[], single)),
    // Their SignGD holds Jacobians of both batches and is fastest one by one.
    ...[["sgd"], BOTH_ASYMMETRIC].map((formulas) => row("authors", formulas as Formula[], batched)),
    ...(["torch_func", "hooks", "hand"] as const).flatMap((method) =>
      [["sgd"], ["signgd"], FORMULAS].map((formulas) => row(method, formulas as Formula[])),
    ),
  ];
  return all.filter(({ method }) => methods.includes(method));
}

interface RunOptions {
  workload: WorkloadName[];
  methods: Method[];
  rounds: number;
  repeats: number;
  onceAbove: number;
  python: string;
}

async function run(directory: string, options: RunOptions): Promise<void> {
  for (const name of options.workload) {
    const workload = await prepareWorkload(directory, name, options.python);
    const load = loadavg()[0];
    const rows = contestants(name, options.methods);
    const calibrations: Calibration[] = [];
    for (let round = 0; round < options.rounds; round++) {
      calibrations.push(await calibrate(options.python));
      // One after the other in each round, so that a slow spell of the machine hits all of them.
      for (const row of rows) if (worthRepeating(row, options)) await measureRow(row, workload, options);
    }
    process.stdout.write(`\n### ${name}\n\n${machineLines(calibrations, load)}\n${resultTable(rows, workload)}\n`);
  }
}

const bestOf = ({ runs }: Contestant): number => Math.min(...runs.flatMap(({ seconds }) => seconds));
const worthRepeating = (row: Contestant, { onceAbove }: RunOptions): boolean =>
  !row.failure && (row.runs.length === 0 || bestOf(row) <= onceAbove);
const rowName = ({ method, batch }: Contestant): string => (batch ? `${method} ${batch.replace("x", " × ")}` : method);

async function measureRow(row: Contestant, workload: string, { python, repeats }: RunOptions): Promise<void> {
  const formulas = ["--formulas", row.formulas.join(",")];
  // The authors' algorithm repeats itself many times within one call.
  const times = ["--repeats", String(row.batch ? 1 : repeats)];
  const commandLine: CommandLine =
    row.method === "ours"
      ? ours("compute", workload, OUT, ...formulas, ...times)
      : pytorch(
          python,
          "run",
          workload,
          row.method,
          OUT,
          ...formulas,
          ...times,
          ...(row.batch ? ["--batch", row.batch] : []),
        );
  try {
    row.runs.push(await measure<MeasuredRun>(commandLine));
    process.stderr.write(
      `${rowName(row)}, ${row.formulas.join("+")}: ${row.runs.at(-1)!.seconds.map(round3).join(", ")} s\n`,
    );
  } catch (error) {
    // A method that does not fit in memory must not take the other rows with it.
    row.failure = (error as Error).message;
    process.stderr.write(`${row.failure}\n`);
  }
}

/** The workload's folder; made (in a minute or two) if it is not there. */
export async function prepareWorkload(directory: string, name: WorkloadName, python: string): Promise<string> {
  const workload = join(directory, name);
  if (!existsSync(workload)) {
    mkdirSync(directory, { recursive: true });
    process.stderr.write(`making ${workload} and its float64 reference\n`);
    await runToEnd(pytorch(python, "make", directory, name));
  }
  return workload;
}

async function calibrate(python: string): Promise<Calibration> {
  const [tfjs, torch] = [
    await measure<Calibration>(ours("calibrate", OUT)),
    await measure<Calibration>(pytorch(python, "calibrate", OUT)),
  ];
  return { ...tfjs, ...torch, versions: { ...tfjs.versions, ...torch.versions } };
}

function machineLines(calibrations: Calibration[], load: number): string {
  const { versions, ...products } = calibrations[0];
  const range = (product: string): string => {
    const found = calibrations.map((c) => c[product] as number);
    return `${product} ${Math.min(...found).toFixed(0)}–${Math.max(...found).toFixed(0)}`;
  };
  return [
    `${cpus()[0].model}, ${cpus().length} cores, ${(totalmem() / 2 ** 30).toFixed(0)} GiB; load before the run ${load.toFixed(1)}; ${new Date().toISOString().slice(0, 10)}.`,
    `2048³ float32 product, GFLOP/s over the rounds: ${Object.keys(products).map(range).join(", ")}.`,
    `Node ${process.versions.node}, ${Object.entries(versions as Record<string, string>)
      .map(([name, version]) => `${name} ${version}`)
      .join(", ")}.\n`,
  ].join("\n");
}

function resultTable(rows: Contestant[], workload: string): string {
  const reference = JSON.parse(readFileSync(join(workload, "reference.json"), "utf8")) as Kernels;
  const megabytes = (bytes: number): string => (bytes / 2 ** 20).toFixed(0);
  const cells = rows.map((row) => {
    const name = [rowName(row), formulaNames(row.formulas)];
    if (row.failure)
      return [
        ...name,
        row.failure
          .split("\n")[0]
          .replace(/^.* (?=was ended by|failed with)/, "")
          .replace(/:$/, ""),
        "",
        "",
        "",
        "",
        "",
      ];
    const seconds = row.runs.flatMap((r) => r.seconds);
    const peak = Math.max(...row.runs.map((r) => r.peak));
    const loaded = Math.max(...row.runs.map((r) => r.loaded));
    const own = rows.find(({ method, formulas }) => method === "ours" && formulas.join() === row.formulas.join());
    const ratio = own && own.runs.length > 0 ? `${round3(bestOf(row) / bestOf(own))} ×` : "–";
    const difference = row.formulas.map((f) =>
      Math.max(...row.runs.map((r) => largestRelativeDifference(r.kernels[f], reference[f]))).toExponential(0),
    );
    return [
      ...name,
      round3(Math.min(...seconds)),
      round3(median(seconds)),
      String(seconds.length),
      `${megabytes(peak)} (${megabytes(loaded)})`,
      difference.join(" / "),
      ratio,
    ];
  });
  return markdownTable(
    [
      "method",
      "formulas",
      "seconds, best",
      "median",
      "runs",
      "peak MiB (before)",
      "difference from float64",
      "time / ours",
    ],
    cells,
  );
}

function formulaNames(formulas: readonly Formula[]): string {
  if (formulas.length === FORMULAS.length) return "all four";
  return formulas === BOTH_ASYMMETRIC ? "asymmetric, both" : formulas.join(", ");
}

const program = new Command("kernel-engine").description("benchmark of the kernel engine against PyTorch");
program
  .command("run <dir>")
  .description("the synthetic workloads, with all methods")
  .option("--workload <list>", "tiny, small, base", listOf(oneOf(WORKLOADS)), ["small", "base"] as WorkloadName[])
  .option("--methods <list>", METHODS.join(", "), listOf(oneOf(METHODS)), [...METHODS])
  .option("--rounds <n>", "processes of each method", count, 3)
  .option("--repeats <n>", "timed calls in a process, after a warm-up", count, 2)
  .option("--once-above <seconds>", "methods slower than this run in the first round only", count, 20)
  .option("--python <path>", "a Python with torch, transformers and safetensors", "python3")
  .action(async (directory: string, options: RunOptions) => run(resolve(directory), options));
program
  .command("real <dir>")
  .description("a model of roberta-base's shape on real SST-2 sentences, with the authors' algorithm extrapolated")
  .requiredOption("--data <folder>", "SST-2 in GLUE's form: train.tsv and dev.tsv")
  .requiredOption("--tokenizer <folder>", "RoBERTa's tokenizer.json")
  .option("--train <n>", "training examples, half of each class", count, 32)
  .option("--evaluate <n>", "evaluation examples", count, 1000)
  .option("--formulas <list>", "kernel formulas", listOf(oneOf(FORMULAS)), ["sgd"] as Formula[])
  .addOption(new Option("--workload <name>", "whose model is used").choices(["tiny", "base"]).default("base"))
  .option("--store <folder>", "keeps finished blocks")
  .option("--no-authors", "without timing the authors' algorithm")
  .option("--python <path>", "a Python with torch, transformers and safetensors", "python3")
  .action(async (directory: string, options: Parameters<typeof realSize>[1] & { workload: WorkloadName }) => {
    const model = await prepareWorkload(resolve(directory), options.workload, options.python);
    await realSize(join(resolve(directory), "real"), { ...options, model });
  });
program.parseAsync().catch((error: Error) => {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
});
