/** Several label words for a class, against the logits and gradients of each word by itself. */
import assert from "node:assert/strict";
import { it } from "node:test";
import { promptOutputs, outputGradient } from "../../src/experiment/outputs";
import { crossEntropy, parameterGradients } from "../../src/finetune/parameter-gradients";
import { computeKernel } from "../../src/kernels/kernel";
import { logitOutputs, marginOutput } from "../../src/kernels/outputs";
import { tf } from "../../src/model/backend";
import { collate, type Sequence } from "../../src/model/batch";
import { headFromDescription, labelWordHead } from "../../src/model/head";
import type { Model } from "../../src/model/model";
import { predictLogits } from "../../src/model/predict";
import { taskByName, type Task } from "../../src/tasks/task";
import type { TextEncoder } from "../../src/tasks/text-encoder";
import { assertAllclose } from "../support/allclose";
import { onEveryBackend } from "../support/backends";
import { randomModel, randomSequence, seededRandom } from "../support/random-model";

const SIZES = { layers: 2, headSize: 4, heads: 2, intermediate: 20, vocabulary: 90, longest: 40, padId: 1 };
const random = seededRandom(8);
const [train, evaluate] = [
  [9, 14, 5],
  [12, 7],
].map((lengths) => lengths.map((length) => randomSequence(random, SIZES, length)));
/** A class of two words and one of three. */
const GROUPS = [
  [40, 65],
  [22, 80, 51],
];
const WORDS = GROUPS.flat();

/** Of every word its share in its class's output's derivative, and the classes' outputs. */
function byHand(wordLogits: number[], combine: "mean" | "sum"): { shares: number[][]; outputs: number[] } {
  const own = GROUPS.map((ids) => ids.map((id) => wordLogits[WORDS.indexOf(id)]));
  const sums = own.map((logits) => logits.reduce((sum, logit) => sum + Math.exp(logit), 0));
  return combine === "mean"
    ? {
        shares: own.map((logits) => logits.map(() => 1 / logits.length)),
        outputs: own.map((logits) => logits.reduce((sum, logit) => sum + logit, 0) / logits.length),
      }
    : { shares: own.map((logits, c) => logits.map((logit) => Math.exp(logit) / sums[c])), outputs: sums.map(Math.log) };
}

/** Gradients of both classes' outputs for an example, each word's gradient taken by itself; all parameters in one list. */
function classGradients(model: Model, sequence: Sequence, combine: "mean" | "sum"): Float64Array[] {
  const words = logitOutputs(labelWordHead(WORDS), WORDS.length);
  const each = WORDS.map((_, w) => {
    const gradient = outputGradient(model, words, sequence, w);
    return [...gradient.keys()].sort().flatMap((name) => [...gradient.get(name)!]);
  });
  const { shares } = byHand([...predictLogits(model, labelWordHead(WORDS), [sequence])], combine);
  return GROUPS.map((ids, c) =>
    Float64Array.from(each[0], (_, p) =>
      ids.reduce((sum, id, i) => sum + shares[c][i] * each[WORDS.indexOf(id)][p], 0),
    ),
  );
}

onEveryBackend("several words for a class", () => {
  for (const combine of ["mean", "sum"] as const) {
    const head = labelWordHead(GROUPS, { combine });

    it(`${combine}: logits are those by hand`, () => {
      const model = randomModel(SIZES, 3);
      const each = predictLogits(model, labelWordHead(WORDS), train);
      const expected = train.flatMap((_, i) => byHand([...each.slice(5 * i, 5 * i + 5)], combine).outputs);
      assertAllclose(predictLogits(model, head, train), expected, { relative: 1e-5 });
      assertAllclose(predictLogits(model, headFromDescription(head.description), train), expected, { relative: 1e-5 });
    });

    it(`${combine}: kernels of the logits and of the margin are those of the summed gradients`, async () => {
      const model = randomModel(SIZES, 3);
      const [rows, columns] = [train, evaluate].map((all) => all.map((one) => classGradients(model, one, combine)));
      const margin = (gradients: Float64Array[]): Float64Array[] => [gradients[1].map((g, p) => g - gradients[0][p])];
      const { dot, signed } = {
        dot: (a: Float64Array, b: Float64Array) => a.reduce((sum, value, p) => sum + value * b[p], 0),
        signed: (a: Float64Array) => a.map(Math.sign),
      };
      for (const [outputs, of] of [
        [logitOutputs(head, 2), (gradients: Float64Array[]) => gradients],
        [marginOutput(head), margin],
      ] as const) {
        const { kernels } = await computeKernel({
          model,
          outputs,
          train,
          evaluate,
          formulas: ["sgd", "asymmetric_signgd"],
        });
        const naive = (left: (g: Float64Array) => Float64Array): number[] =>
          rows.flatMap((row) =>
            of(row).flatMap((f) => columns.flatMap((column) => of(column).map((g) => dot(left(f), g)))),
          );
        assertAllclose(
          kernels.get("sgd")!.values,
          naive((g) => g),
          { relative: 1e-5 },
          "sgd",
        );
        assertAllclose(
          kernels.get("asymmetric_signgd")!.values,
          naive(signed),
          { relative: 1e-3 },
          "asymmetric_signgd",
        );
      }
    });

    it(`${combine}: the training loss's gradient is the finite difference`, () => {
      const labels = [0, 1, 1];
      const loss = (model: Model): { loss: number; gradients: Map<string, Float32Array> } => {
        const { loss: value, gradients } = parameterGradients(
          model,
          head,
          collate(train, model.config),
          crossEntropy(labels),
        );
        return {
          loss: value,
          gradients: new Map([...gradients].map(([name, g]) => [name, g.dataSync() as Float32Array])),
        };
      };
      const model = randomModel(SIZES, 3);
      const { gradients } = loss(model);
      for (const name of ["lm_head.decoder.weight", "lm_head.bias", "lm_head.dense.bias"]) {
        const gradient = gradients.get(name)!;
        const before = model.parameters.get(name)!;
        // Along the gradient itself, so that the difference is far above float32's rounding.
        const norm = Math.sqrt(gradient.reduce((sum, g) => sum + g * g, 0));
        const along = tf.tensor(gradient, before.shape).div(norm);
        const at = (step: number): number =>
          loss({ ...model, parameters: new Map([...model.parameters, [name, before.add(along.mul(step))]]) }).loss;
        const step = 1e-2;
        assertAllclose([(at(step) - at(-step)) / (2 * step)], [norm], { relative: 2e-3 }, name);
      }
    });
  }

  it("one word each is the head that it was", () => {
    assert.equal(labelWordHead([[4], [7]], { combine: "sum" }).description, labelWordHead([4, 7]).description);
  });
});

it("a task's words are cut at |, each one token, and combined as the task says", () => {
  const tokens = ["great", "good", "bad"];
  const tokenizer = {
    encode: (text: string) => (tokens.includes(text.trim()) ? [tokens.indexOf(text.trim())] : [7, 8]),
  } as unknown as TextEncoder;
  const task: Task = { ...taskByName("sst-2"), labelWords: ["bad", "great|good"] };
  assert.equal(promptOutputs(task, tokenizer).head.description, "label words 2,0+1 mean untied");
  const summed = promptOutputs({ ...task, combineWords: "sum" }, tokenizer, "margin", { tied: true });
  assert.equal(summed.head.description, "label words 2,0+1 sum tied");
  const refused =
    (...labelWords: string[]) =>
    () =>
      promptOutputs({ ...task, labelWords }, tokenizer);
  assert.throws(refused("bad", "great|not great"), /label word "not great" is 2 tokens in this vocabulary/);
  assert.throws(refused("bad|good", "great|good"), /label words "good" and "good" are the same token/);
  assert.throws(refused("bad", "great|"), /a label word is empty/);
});
