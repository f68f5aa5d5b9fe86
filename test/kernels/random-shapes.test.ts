import assert from "node:assert/strict";
import { it } from "node:test";
import { FORMULAS } from "../../src/kernels/formula";
import { computeKernel } from "../../src/kernels/kernel";
import { logitOutputs, marginOutput, type Outputs } from "../../src/kernels/outputs";
import { selectParameters, type ParameterFilter } from "../../src/kernels/parameter-filter";
import { tf } from "../../src/model/backend";
import { type Sequence } from "../../src/model/batch";
import { classifierHead, labelWordHead, withClassifier } from "../../src/model/head";
import { withLora } from "../../src/model/lora";
import { type Model } from "../../src/model/model";
import { onEveryBackend } from "../support/backends";
import { naiveGradients, naiveKernels } from "../support/naive-kernel";
import { integerBetween, randomModel, randomSequence, seededRandom, type ModelSizes } from "../support/random-model";

interface Problem {
  what: string;
  model: Model;
  outputs: Outputs;
  train: Sequence[];
  evaluate: Sequence[];
  parameters: ParameterFilter;
  blocks: { trainBlock: number; evaluateBlock: number };
}

type Shape = ModelSizes & {
  train: number[];
  evaluate: number[];
  outputs: number | "margin";
  head: "untied" | "tied" | "classifier";
  lora: boolean;
  parameters: ParameterFilter;
};

/** A problem of that shape: texts of the given lengths, random weights and random block sizes. */
function problem(shape: Shape, seed: number): Problem {
  const random = seededRandom(seed);
  const count = shape.outputs === "margin" ? 2 : shape.outputs;
  const words = Array.from({ length: shape.vocabulary }, (_, id) => id).filter((id) => id !== shape.padId);
  const labelWords = Array.from(
    { length: count },
    () => words.splice(integerBetween(random, 0, words.length - 1), 1)[0],
  );
  const head =
    shape.head === "classifier" ? classifierHead : labelWordHead(labelWords, { tied: shape.head === "tied" });
  // So small that attention does not settle on one token, which would leave gradients of rounding noise.
  let model = randomModel(shape, seed, 0.8 / Math.sqrt(shape.heads * shape.headSize));
  if (shape.head === "classifier") model = withClassifier(model, count, seed);
  if (shape.lora) {
    const begun = withLora(model, { rank: 2, alpha: 4, seed });
    const trained = [...begun.parameters].map(
      ([name, tensor]) =>
        [
          name,
          name.endsWith(".lora_B.weight") ? tf.keep(tf.randomNormal(tensor.shape, 0, 0.2, "float32", seed)) : tensor,
        ] as const,
    );
    model = { ...begun, parameters: new Map(trained) };
  }
  const texts = (lengths: number[]): Sequence[] => lengths.map((length) => randomSequence(random, shape, length));
  return {
    what: JSON.stringify({ seed, ...shape }),
    model,
    outputs: shape.outputs === "margin" ? marginOutput(head) : logitOutputs(head, count),
    train: texts(shape.train),
    evaluate: texts(shape.evaluate),
    parameters: shape.parameters,
    blocks: {
      trainBlock: integerBetween(random, 1, shape.train.length),
      evaluateBlock: integerBetween(random, 1, shape.evaluate.length),
    },
  };
}

const choice = <T>(random: () => number, list: readonly T[]): T => list[integerBetween(random, 0, list.length - 1)];

function randomShape(seed: number): Shape {
  const random = seededRandom(1000 + seed);
  const longest = integerBetween(random, 6, 24);
  const lengths = (): number[] =>
    Array.from({ length: integerBetween(random, 1, 3) }, () =>
      choice(random, [4, longest, integerBetween(random, 4, longest)]),
    );
  const heads = integerBetween(random, 1, 4);
  const lora = random() < 1 / 4;
  return {
    layers: integerBetween(random, 1, 3),
    heads,
    headSize: integerBetween(random, Math.ceil(8 / heads), 8),
    intermediate: integerBetween(random, 3, 40),
    vocabulary: integerBetween(random, 9, 60),
    longest,
    padId: choice(random, [1, 1, 0]),
    train: lengths(),
    evaluate: lengths(),
    outputs: choice(random, ["margin", 1, 2, 3, 6] as const),
    head: choice(random, ["untied", "untied", "tied", "classifier"] as const),
    lora,
    parameters: choice(
      random,
      lora ? [["lora"], ["lora", "head"], []] : [[], [], ["!embeddings"], ["!head"], ["biases"], ["*.layer.0.*"]],
    ),
  };
}

/**
 * Largest share of the largest entry that float32 products may be off. Signs that float32 does not decide are counted
 * one by one, and each may change an entry by what it is multiplied with.
 */
const RELATIVE = 1e-5;

async function check({ what, model, outputs, train, evaluate, parameters, blocks }: Problem): Promise<void> {
  const gradients = (side: Sequence[]): ReturnType<typeof naiveGradients>[] =>
    side.map((example) => naiveGradients(model, outputs, example));
  const naive = naiveKernels(gradients(train), gradients(evaluate), {
    parameters: selectParameters(model.parameters.keys(), parameters),
  });
  const options = { model, outputs, train, evaluate, parameters };
  for (const formulas of [["sgd"], FORMULAS] as const)
    for (const blocksNow of [{}, blocks]) {
      const { kernels } = await computeKernel({ ...options, formulas, ...blocksNow });
      for (const formula of formulas) {
        const { values, undecided } = naive.get(formula)!;
        const found = kernels.get(formula)!.values;
        assert.equal(found.length, values.length);
        const scale = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
        assert.ok(scale > 0, `${what}: the ${formula} kernel is zero`);
        values.forEach((value, at) => {
          const limit = RELATIVE * scale + undecided[at];
          assert.ok(
            Math.abs(found[at] - value) <= limit,
            `${what}, blocks ${JSON.stringify(blocksNow)}, ${formulas.length} formulas: ${formula} entry ${at} is ${found[at]}, expected ${value} ± ${limit}`,
          );
        });
        // Where many signs were undecided, the comparison would say nothing.
        const widest = undecided.reduce((most, value) => Math.max(most, value), 0);
        assert.ok(widest <= 0.1 * scale, `${what}: ${formula} has ${widest} undecided of ${scale}`);
      }
    }
  tf.dispose([...model.parameters.values()]);
}

const plain = { layers: 1, padId: 1, outputs: "margin", head: "untied", lora: false, parameters: [] } as const;

onEveryBackend("kernels equal those of a naive implementation", (backend) => {
  const trials = backend === "cpu" ? 4 : 24;
  for (let seed = 0; seed < trials; seed++) it(`random shape ${seed}`, () => check(problem(randomShape(seed), seed)));

  for (const head of ["untied", "tied", "classifier"] as const) {
    const bert = {
      ...plain,
      modelType: "bert",
      padId: 0,
      head,
      heads: 2,
      headSize: 6,
      intermediate: 20,
      vocabulary: 30,
      longest: 12,
    } as const;
    it(`a BERT, ${head}`, () => check(problem({ ...bert, outputs: 3, train: [12, 5], evaluate: [7, 12, 4] }, 60)));
  }

  it("a wide model and few, short texts (inner products of tokens are cheaper than gradients)", () =>
    check(
      problem(
        {
          ...plain,
          heads: 4,
          headSize: 16,
          intermediate: 96,
          vocabulary: 40,
          longest: 6,
          train: [4],
          evaluate: [5, 4],
        },
        50,
      ),
    ));

  it("a narrow model and long texts (gradients are cheaper)", () =>
    check(
      problem(
        {
          ...plain,
          heads: 2,
          headSize: 4,
          intermediate: 12,
          vocabulary: 30,
          longest: 40,
          train: [40, 33, 38],
          evaluate: [40, 25, 39],
        },
        51,
      ),
    ));

  if (backend !== "cpu") {
    it("weights and tables longer than one slice of a contraction", () =>
      check(
        problem(
          {
            ...plain,
            heads: 4,
            headSize: 64,
            intermediate: 320,
            vocabulary: 60,
            longest: 300,
            train: [300, 290],
            evaluate: [300, 280],
          },
          52,
        ),
      ));
  }
});
