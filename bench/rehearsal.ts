/**
 * The start notebook with `model = "roberta-base"`: a checkpoint of that shape and those names, with random weights, served by a
 * local stand-in for the Hub, on real SST-2 sentences. Prints what it took: node build/bench/rehearsal.js --original SST-2 --tokenizer DIR
 */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { parameterShapes, toRawConfig } from "../src/model/model-config";
import { storedTensor, writeSafetensors, type StoredTensor } from "../src/files/safetensors";
import { floats } from "../src/model/backend";
import { parameter } from "../src/model/model";
import { fakeHub } from "../test/files/fake-hub";
import { randomRoberta } from "./random-roberta";

const ROOT = resolve(__dirname, "..", "..");
const COMMIT = "e2da8e2f811d1448a5b465c236feacd80ffbac7b";

/** The files of roberta-base's page that are read, with the tensors that its file has beside the model's own. */
function served(tokenizer: string, folder: string): Record<string, Uint8Array> {
  const model = randomRoberta();
  const tensors = new Map<string, StoredTensor>();
  const add = (name: string, shape: number[], data: StoredTensor["data"], dtype: StoredTensor["dtype"] = "F32"): void =>
    void tensors.set(name, storedTensor(dtype, shape, data));
  for (const [name, shape] of parameterShapes(model.config)) {
    if (name !== "lm_head.decoder.weight") add(name, shape, floats(parameter(model, name)));
  }
  add("roberta.pooler.dense.weight", [768, 768], new Float32Array(768 * 768));
  add("roberta.pooler.dense.bias", [768], new Float32Array(768));
  add(
    "roberta.embeddings.position_ids",
    [1, 514],
    BigInt64Array.from({ length: 514 }, (_, i) => BigInt(i)),
    "I64",
  );
  const weights = join(folder, "model.safetensors");
  writeSafetensors(weights, tensors, { format: "pt" });
  return {
    "config.json": Buffer.from(JSON.stringify(toRawConfig(model.config))),
    "tokenizer.json": readFileSync(join(tokenizer, "tokenizer.json")),
    "model.safetensors": readFileSync(weights),
  };
}

/** Largest resident memory of any process under this one, in bytes. */
function largestMemory(): number {
  const parents = new Map<number, number>();
  const peaks = new Map<number, number>();
  for (const pid of readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)) {
    try {
      const status = readFileSync(`/proc/${pid}/status`, "utf8");
      parents.set(pid, Number(/^PPid:\s+(\d+)/m.exec(status)?.[1]));
      peaks.set(pid, Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024);
    } catch {
      // It ended meanwhile.
    }
  }
  const isOurs = (pid: number): boolean =>
    pid !== undefined && pid > 1 && (parents.get(pid) === process.pid || isOurs(parents.get(pid)!));
  return Math.max(0, ...[...peaks].filter(([pid]) => isOurs(pid)).map(([, peak]) => peak));
}

const run = (args: string[], env: NodeJS.ProcessEnv): Promise<{ seconds: number; peak: number }> => {
  const began = performance.now();
  const child = spawn(process.execPath, args, { cwd: ROOT, env, stdio: "inherit" });
  let peak = 0;
  const watch = setInterval(() => (peak = Math.max(peak, largestMemory())), 500);
  return new Promise((done, fail) => {
    child.on("error", fail);
    child.on("close", (code) => {
      clearInterval(watch);
      if (code === 0) done({ seconds: (performance.now() - began) / 1000, peak });
      else fail(new Error(`${args.join(" ")} ended with exit code ${code}`));
    });
  });
};

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      original: { type: "string" },
      tokenizer: { type: "string" },
      "test-examples": { type: "string", default: "872" },
    },
  });
  if (!values.original || !values.tokenizer)
    throw new Error(
      "--original FOLDER (SST-2's train.tsv and dev.tsv) and --tokenizer FOLDER (with roberta-base's tokenizer.json) are needed",
    );
  const folder = mkdtempSync(join(tmpdir(), "kernel-view-rehearsal-"));
  const files = served(values.tokenizer, folder);
  rmSync(join(folder, "model.safetensors"));
  const hub = await fakeHub("roberta-base", COMMIT, files);
  try {
    const env = {
      ...process.env,
      HF_ENDPOINT: hub.endpoint,
      HF_HOME: join(folder, "hub"),
      HF_TOKEN: undefined,
      KERNEL_VIEW_CACHE: join(folder, "cache"),
    };
    const data = join(folder, "data");
    await run(
      [
        join("environment", "bin", "kernel-view.mjs"),
        "splits",
        "--task",
        "sst-2",
        "--original",
        values.original,
        "--seed",
        "13",
        "--out",
        data,
      ],
      env,
    );
    const settings = [
      "model=roberta-base",
      "taskName=sst-2",
      `data=${join(data, "SST-2")}`,
      "k=16",
      "seeds=[13]",
      `testExamples=${values["test-examples"]}`,
    ];
    const { seconds, peak } = await run([join("build", "environment", "tools", "start.js"), ...settings], env);
    console.log(
      `One seed of SST-2, k = 16, ${values["test-examples"]} test sentences at roberta-base's size: ${(seconds / 60).toFixed(1)} minutes, ${(peak / 2 ** 30).toFixed(1)} GiB at most in one process.`,
    );
  } finally {
    await hub.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
