/**
 * What a random projection saves and costs, on a random model of roberta-base's shape: memory of the training side's kept factors
 * (from the sizes of its tensors) and of the random matrices, time, and the error against the exact kernel of as many examples.
 *
 *   node environment/run.mjs build/bench/projection.js [EXAMPLES] [TOKENS] [DIMENSION,DIMENSION,…] [FORMULA,FORMULA,…] [KIND]
 */
import { keptFactors } from "../src/kernels/factors";
import { FORMULAS, type Formula } from "../src/kernels/formula";
import { computeKernel } from "../src/kernels/kernel";
import { kernelError } from "../src/kernels/kernel-error";
import { marginOutput } from "../src/kernels/outputs";
import { createProjector, type ProjectionKind } from "../src/kernels/projection";
import { tf } from "../src/model/backend";
import type { Sequence } from "../src/model/batch";
import { labelWordHead } from "../src/model/head";
import type { Model } from "../src/model/model";
import { parseModelConfig, parameterShapes } from "../src/model/model-config";
import { randomStream } from "../src/random";
import { runSteps } from "../src/steps";

const RAW = {
  model_type: "roberta",
  ...{ vocab_size: 50265, hidden_size: 768, num_hidden_layers: 12, num_attention_heads: 12, intermediate_size: 3072 },
  ...{ max_position_embeddings: 514, type_vocab_size: 1, layer_norm_eps: 1e-5, pad_token_id: 1, hidden_act: "gelu" },
};

/** Weights as Hugging Face draws them: normal with deviation 0.02, norms 1, biases 0. */
function randomModel(): Model {
  const config = parseModelConfig(RAW, "the bench's configuration");
  const parameters = new Map(
    [...parameterShapes(config)].map(([name, shape], i) => {
      if (name.endsWith(".bias")) return [name, tf.zeros(shape)];
      return [name, /norm/i.test(name) ? tf.ones(shape) : tf.randomNormal(shape, 0, 0.02, "float32", i + 1)];
    }),
  );
  return { config, parameters, hash: "random" };
}

function randomSequences(count: number, tokens: number): Sequence[] {
  const random = randomStream(1);
  return Array.from({ length: count }, () => ({ ids: Array.from({ length: tokens }, () => 4 + Math.floor(random() * 50000)), maskPosition: tokens - 2 }));
}

const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(2);

async function measure([examples = "8", tokens = "64", dimensions = "256,1024,4096,16384", formulaNames = "sgd", kindName = "rademacher"]: string[]): Promise<void> {
  const formulas = formulaNames.split(",") as Formula[];
  const kind = kindName as ProjectionKind;
  if (!formulas.every((formula) => FORMULAS.includes(formula))) throw new Error(`formulas are ${FORMULAS.join(", ")}`);
  const model = randomModel();
  const outputs = marginOutput(labelWordHead([100, 200], { tied: false }));
  const selected = new Set(model.parameters.keys());
  const sequences = randomSequences(Number(examples), Number(tokens));
  const timed = async <T>(run: () => Promise<T>): Promise<{ result: T; seconds: number }> => {
    const start = performance.now();
    return { result: await run(), seconds: (performance.now() - start) / 1000 };
  };
  const kernelOf = (dimension?: number) =>
    timed(() => computeKernel({ model, outputs, train: sequences, evaluate: sequences, formulas, projection: dimension ? { dimension, kind, seed: 0 } : undefined }));

  await kernelOf();
  const exact = await kernelOf();
  const print = (line: string): void => void process.stdout.write(`${line}\n`);
  for (const dimension of [undefined, ...dimensions.split(",").map(Number)]) {
    const before = tf.memory().numBytes;
    const projector = dimension ? createProjector({ dimension, kind, seed: 0 }, formulas.some((formula) => formula !== "sgd")) : undefined;
    const side = await runSteps(keptFactors(model, outputs, sequences, selected, projector));
    const both = tf.memory().numBytes - before;
    projector?.dispose();
    const factors = tf.memory().numBytes - before;
    side.dispose();
    const kept = `kept factors ${megabytes(factors / sequences.length)} MB an example`;
    if (!dimension) print(`without projection: ${kept}; kernel ${exact.seconds.toFixed(1)} s`);
    else {
      const { result, seconds } = await kernelOf(dimension);
      const errors = formulas.map((formula) => {
        const { frobenius, largest } = kernelError(result.kernels.get(formula)!.values, exact.result.kernels.get(formula)!.values);
        return `${formula} ${frobenius.toFixed(4)} (largest entry ${largest.toFixed(4)})`;
      });
      print(`dimension ${dimension}: ${kept}, random matrices ${megabytes(both - factors)} MB; kernel ${seconds.toFixed(1)} s; error ${errors.join(", ")}`);
    }
  }
}

void measure(process.argv.slice(2));
