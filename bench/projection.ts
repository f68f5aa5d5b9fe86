/**
 * What a random projection saves and costs, on a random model of roberta-base's shape: memory of the training side's kept factors
 * (from the sizes of its tensors) and of the random matrices, time, and the error against the exact kernel of as many examples.
 *
 *   node environment/run.mjs build/bench/projection.js [EXAMPLES] [TOKENS] [DIMENSION,DIMENSION,…] [FORMULA,FORMULA,…] [KIND]
 */
import { passOf } from "../src/kernels/factors";
import { FORMULAS, type Formula } from "../src/kernels/formula";
import { computeKernel } from "../src/kernels/kernel";
import { kernelError } from "../src/kernels/kernel-tensor";
import { marginOutput } from "../src/kernels/outputs";
import { createProjector, projected, type ProjectionKind } from "../src/kernels/projection";
import { keptFactors } from "../src/kernels/training-side";
import { tf } from "../src/model/backend";
import { labelWordHead } from "../src/model/head";
import { runSteps } from "../src/steps";
import { randomRoberta, randomSequences } from "./random-roberta";

const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(2);

async function measure([
  examples = "8",
  tokens = "64",
  dimensions = "256,1024,4096,16384",
  formulaNames = "sgd",
  kindName = "rademacher",
]: string[]): Promise<void> {
  const formulas = formulaNames.split(",") as Formula[];
  const kind = kindName as ProjectionKind;
  if (!formulas.every((formula) => FORMULAS.includes(formula))) throw new Error(`formulas are ${FORMULAS.join(", ")}`);
  const model = randomRoberta();
  const outputs = marginOutput(labelWordHead([100, 200], { tied: false }));
  const selected = new Set(model.parameters.keys());
  const sequences = randomSequences(Number(examples), Number(tokens));
  const timed = async <T>(run: () => Promise<T>): Promise<{ result: T; seconds: number }> => {
    const start = performance.now();
    return { result: await run(), seconds: (performance.now() - start) / 1000 };
  };
  const kernelOf = (dimension?: number) =>
    timed(() =>
      computeKernel({
        model,
        outputs,
        train: sequences,
        evaluate: sequences,
        formulas,
        projection: dimension ? { dimension, kind, seed: 0 } : undefined,
      }),
    );

  await kernelOf();
  const exact = await kernelOf();
  const print = (line: string): void => void process.stdout.write(`${line}\n`);
  for (const dimension of [undefined, ...dimensions.split(",").map(Number)]) {
    const before = tf.memory().numBytes;
    const projector = dimension
      ? createProjector(
          { dimension, kind, seed: 0 },
          formulas.some((formula) => formula !== "sgd"),
        )
      : undefined;
    const exactPass = passOf(model, outputs, selected);
    const side = await runSteps(keptFactors(projector ? projected(exactPass, projector) : exactPass, sequences));
    const both = tf.memory().numBytes - before;
    projector?.dispose();
    const factors = tf.memory().numBytes - before;
    side.dispose();
    const kept = `kept factors ${megabytes(factors / sequences.length)} MB an example`;
    if (!dimension) print(`without projection: ${kept}; kernel ${exact.seconds.toFixed(1)} s`);
    else {
      const { result, seconds } = await kernelOf(dimension);
      const errors = formulas.map((formula) => {
        const { frobenius, largest } = kernelError(
          result.kernels.get(formula)!.values,
          exact.result.kernels.get(formula)!.values,
        );
        return `${formula} ${frobenius.toFixed(4)} (largest entry ${largest.toFixed(4)})`;
      });
      print(
        `dimension ${dimension}: ${kept}, random matrices ${megabytes(both - factors)} MB; kernel ${seconds.toFixed(1)} s; error ${errors.join(", ")}`,
      );
    }
  }
}

void measure(process.argv.slice(2));
