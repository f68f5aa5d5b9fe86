/** The commands that the fault tests disturb, on models and texts that take a second, and what counts of their results. */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readSafetensors } from "../../src/files/safetensors";
import { root } from "../support/checkout";
import { SHORT_PRETRAINING, smallText, untrainedModel } from "../support/tiny-pretraining";
import { fixturePath } from "../support/tiny-roberta";

/** How a run is disturbed; see disk.cjs. */
export interface Fault {
  FAULT?: "kill" | "ENOSPC" | "count";
  FAULT_AT?: string;
  FAULT_DAYS?: string;
  FAULT_COUNT?: string;
}

export interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

export interface Operation {
  /** Starts the command; what it writes goes into `folder`. */
  run(folder: string, fault?: Fault, killAfter?: number): Promise<Ended>;
  /** The numbers in the result, without times and paths. @throws if a file is missing or damaged */
  digest(folder: string): string;
}

function start(program: string, args: string[], folder: string, fault: Fault = {}, killAfter?: number): Promise<Ended> {
  const preload = ["environment/node-compat.cjs", "test/faults/disk.cjs"].flatMap((file) => [
    "--require",
    join(root, file),
  ]);
  mkdirSync(folder, { recursive: true });
  const { NODE_TEST_CONTEXT: _, ...environment } = process.env;
  const child = spawn(process.execPath, [...preload, join(root, program), ...args], {
    env: { ...environment, TF_CPP_MIN_LOG_LEVEL: "3", FAULT_FOLDER: folder, ...fault },
  });
  const timer = killAfter === undefined ? undefined : setTimeout(() => child.kill("SIGKILL"), killAfter);
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (text) => (stdout += String(text)));
  child.stderr.on("data", (text) => (stderr += String(text)));
  return new Promise((done) =>
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      done({ code, signal, stdout, stderr });
    }),
  );
}

const hashOf = (...parts: (string | Uint8Array)[]): string => {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part).update("\0");
  return hash.digest("hex");
};

/** Names, shapes and bytes of the tensors in a file. */
const tensorsOf = (path: string): (string | Uint8Array)[] =>
  [...readSafetensors(path).tensors].flatMap(([name, { dtype, shape, data }]) => [
    `${name} ${dtype} ${shape.join()}`,
    new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
  ]);

const ROWS = ["the end\t0", "a film\t0", "a great film\t1", "it was great\t1"];

/** @param shared folder for models and texts, which no command writes to */
export function operations(shared: string): Record<"kernel" | "sweep" | "pretraining", Operation> {
  const draw = join(shared, "data", "sst-2", "2-1");
  mkdirSync(draw, { recursive: true });
  for (const split of ["train", "dev", "test"])
    writeFileSync(join(draw, `${split}.tsv`), `sentence\tlabel\n${ROWS.join("\n")}\n`);
  const model = fixturePath("tiny-roberta");
  const training = { optimizer: "sgd", steps: 4, batchSize: 2, evaluateEvery: 2 };
  const sweep = join(shared, "sweep.json");
  writeFileSync(
    sweep,
    JSON.stringify({
      ...{ model, data: "data", tasks: ["sst-2"], k: [2], seeds: [1] },
      methods: {
        "zero-shot": { kind: "zero-shot" },
        SGD: { kind: "fine-tuning", ...training, learningRate: [0.01, 0.02] },
        kernel: { kind: "kernel", regularization: [0.1, 1] },
        behavior: {
          kind: "behavior",
          ...training,
          learningRate: 0.01,
          featureExamples: 2,
          kernel: { regularization: 0.1 },
        },
      },
    }),
  );
  const [untrained, text] = [untrainedModel(shared), smallText(shared)];
  const store = (folder: string): string[] => ["--store", join(folder, "store")];
  return {
    kernel: {
      run: (folder, ...how) =>
        start(
          "build/src/cli.js",
          [
            ...["kernel", "--model", model, "--task", "sst-2", "--data", draw, "--formulas", "sgd,signgd"],
            ...["--train-block", "2", "--evaluate-block", "2", "--out", join(folder, "kernels"), ...store(folder)],
          ],
          folder,
          ...how,
        ),
      digest: (folder) =>
        hashOf(
          ...["train", "dev", "test"].flatMap((split) => tensorsOf(join(folder, "kernels", `${split}.safetensors`))),
        ),
    },
    sweep: {
      run: (folder, ...how) =>
        start("build/src/cli.js", ["sweep", sweep, "--out", join(folder, "out"), ...store(folder)], folder, ...how),
      digest(folder) {
        const read = (name: string): string => readFileSync(join(folder, "out", name), "utf8");
        const rows = read("results.csv");
        return hashOf(rows, read("behavior.jsonl"));
      },
    },
    pretraining: {
      run: (folder, ...how) =>
        start(
          "build/src/pretraining/cli.js",
          [
            ...[
              "--from",
              untrained,
              "--text",
              text,
              "--out",
              join(folder, "trained"),
              "--state",
              join(folder, "state"),
            ],
            ...SHORT_PRETRAINING,
            ...["--save-every", "1"],
          ],
          folder,
          ...how,
        ),
      digest: (folder) =>
        hashOf(
          ...tensorsOf(join(folder, "trained", "model.safetensors")),
          ...["config.json", "tokenizer.json"].map((name) => readFileSync(join(folder, "trained", name))),
        ),
    },
  };
}

/** Half-written files and claims under a folder. */
export const leftovers = (folder: string): string[] =>
  existsSync(folder)
    ? readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) =>
        /\.(tmp|claim|incomplete)$/.test(name),
      )
    : [];

/** @param from the address of a folder with archive.zip */
export const downloadOperation = (from: string): Pick<Operation, "run"> => ({
  run: (folder, ...how) =>
    start(
      "build/src/cli.js",
      ["kernels", "--download", "archive", "--from", from, "--out", join(folder, "kernels")],
      folder,
      ...how,
    ),
});
