/**
 * Where the time of a kernel block goes: forward pass, backward pass, per-example gradients, products of pairs, the rest.
 *
 *   npm run bench -- build/bench/kernel-phases.js FOLDER [--formulas sgd,signgd,...] [--rounds 3]
 *
 * FOLDER is a workload that kernel-engine.js has made (config.json, model.safetensors, prompts.json).
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { contractFactors } from "../src/kernels/contract";
import { factorsOfPass, passOf } from "../src/kernels/factors";
import { FORMULAS, type Formula } from "../src/kernels/formula";
import { sharedGrams } from "../src/kernels/gram";
import { marginOutput } from "../src/kernels/outputs";
import { keptFactors } from "../src/kernels/training-side";
import { tf } from "../src/model/backend";
import type { Sequence } from "../src/model/batch";
import { readCheckpoint } from "../src/model/checkpoint";
import { labelWordHead } from "../src/model/head";
import { modelFromCheckpoint } from "../src/model/model";

type Phase = "training side" | "forward" | "backward" | "contraction";
type Kind = "matrix products" | "per-example gradients" | "element-wise";

interface Spent {
  seconds: number;
  /** Multiplications and additions of matrix products. */
  operations: number;
}

interface Operation {
  inputs: { shape: number[] }[];
  attributes: { name: string; value: unknown }[];
}

/** Operations of one batched matrix product, from its inputs' shapes. */
function productOperations({ inputs: [a, b], attributes }: Operation): number {
  const flag = (name: string): boolean => attributes.find((attribute) => attribute.name === name)?.value === true;
  const [rows, inner] = flag("adj_x") ? a.shape.slice(-2).reverse() : a.shape.slice(-2);
  const columns = flag("adj_y") ? b.shape.at(-2)! : b.shape.at(-1)!;
  return 2 * a.shape.slice(0, -2).reduce((product, size) => product * size, 1) * rows * inner * columns;
}

interface NativeBackend {
  executeSingleOutput(name: string, attributes: Operation["attributes"], inputs: Operation["inputs"]): unknown;
}

/** Times every operation of the native backend while `run` lasts; `phase` says where it counts. */
function timeOperations(run: () => void, phase: () => Phase): Measured {
  const backend = tf.backend() as unknown as NativeBackend;
  const execute = backend.executeSingleOutput.bind(backend);
  const spent = new Map<string, Spent>();
  backend.executeSingleOutput = (name, attributes, inputs) => {
    const start = performance.now();
    const result = execute(name, attributes, inputs);
    const product = name === "BatchMatMulV2";
    // In the contraction, products in batches form gradients; those of two matrices compare them.
    const kind: Kind = !product
      ? "element-wise"
      : phase() === "contraction" && inputs[0].shape.length === 3
        ? "per-example gradients"
        : "matrix products";
    const row = `${phase()}: ${kind}`;
    const before = spent.get(row) ?? { seconds: 0, operations: 0 };
    const operations = product ? productOperations({ attributes, inputs }) : 0;
    spent.set(row, {
      seconds: before.seconds + (performance.now() - start) / 1000,
      operations: before.operations + operations,
    });
    return result;
  };
  const start = performance.now();
  try {
    run();
  } finally {
    backend.executeSingleOutput = execute;
  }
  return { spent, seconds: (performance.now() - start) / 1000 };
}

/** The machine's speed: the best of a few large products, in operations a second. */
function peak(): number {
  const a = tf.randomNormal([2048, 2048]);
  const seconds = Array.from({ length: 6 }, () => {
    const start = performance.now();
    tf.matMul(a, a).dispose();
    return (performance.now() - start) / 1000;
  });
  a.dispose();
  return (2 * 2048 ** 3) / Math.min(...seconds);
}

/** A step of a generator that is run in one phase. */
function run<T>(work: Generator<unknown, T>): T {
  for (;;) {
    const step = work.next();
    if (step.done) return step.value;
  }
}

/** Both passes and the contraction of one block, as the engine does them. */
function blockWork(folder: string, formulas: Formula[], enter: (phase: Phase) => void): () => void {
  const model = modelFromCheckpoint(readCheckpoint(folder));
  const prompts = JSON.parse(readFileSync(join(folder, "prompts.json"), "utf8")) as {
    labelWordIds: number[];
    train: Sequence[];
    evaluate: Sequence[];
  };
  const outputs = marginOutput(labelWordHead(prompts.labelWordIds));
  const parameters = new Set(model.parameters.keys());
  const sums = new Map<string, Float64Array>();
  const add = (formula: Formula, piece: Float32Array): void => {
    const sum = sums.get(formula) ?? new Float64Array(piece.length);
    sums.set(
      formula,
      sum.map((value, i) => value + piece[i]),
    );
  };
  return () => {
    enter("training side");
    const train = run(keptFactors(passOf(model, outputs, parameters), prompts.train));
    const shared = sharedGrams();
    enter("forward");
    for (const step of factorsOfPass(model, outputs, prompts.evaluate, parameters)) {
      if (step && "values" in step) enter("backward");
      else if (step) {
        enter("contraction");
        run(
          contractFactors(
            step.parameter,
            train.factors.get(step.parameter)!,
            step.factor,
            { formulas, signs: "exact", shared },
            add,
          ),
        );
        enter("backward");
      }
    }
    shared.dispose();
    train.dispose();
  };
}

interface Measured {
  spent: Map<string, Spent>;
  seconds: number;
}

function main(): void {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { formulas: { type: "string", default: FORMULAS.join(",") }, rounds: { type: "string", default: "3" } },
  });
  const [folder] = positionals;
  if (!folder) throw new Error("which workload? Give its folder, as kernel-engine.js run makes it");
  const formulas = values.formulas.split(",") as Formula[];
  const rate = peak();
  let phase: Phase = "forward";
  const work = blockWork(folder, formulas, (next) => (phase = next));
  work();
  const rounds = Array.from({ length: Number(values.rounds) }, () => timeOperations(work, () => phase));
  const best = rounds.reduce((a, b) => (b.seconds < a.seconds ? b : a));
  const inOperations = [...best.spent.values()].reduce((sum, { seconds }) => sum + seconds, 0);
  const rows = [
    ...best.spent,
    ["JavaScript between operations", { seconds: best.seconds - inOperations, operations: 0 }] as const,
  ];
  process.stdout.write(
    `${folder}, ${formulas.join(" + ")}: ${best.seconds.toFixed(3)} s; one large product runs at ${(rate / 1e9).toFixed(0)} GFLOP/s\n\n`,
  );
  process.stdout.write("| phase | s | share of time | GFLOP | GFLOP/s | share of peak |\n|---|---|---|---|---|---|\n");
  for (const [name, { seconds, operations }] of rows) {
    const speed = operations / seconds;
    const products =
      operations === 0
        ? ["–", "–", "–"]
        : [(operations / 1e9).toFixed(1), (speed / 1e9).toFixed(0), `${((100 * speed) / rate).toFixed(0)} %`];
    process.stdout.write(
      `| ${[name, seconds.toFixed(3), `${((100 * seconds) / best.seconds).toFixed(0)} %`, ...products].join(" | ")} |\n`,
    );
  }
}

main();
