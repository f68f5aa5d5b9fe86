import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Inputs } from "../../src/experiment/inputs";
import { pooledStates, regressionOn, wordCounts } from "../../src/sweep/text-features";
import { tf } from "../../src/model/backend";
import { classifierHead, withClassifier } from "../../src/model/head";
import { headFeaturesSteps } from "../../src/model/predict";
import { randomStream } from "../../src/random";
import { runAtOnce } from "../../src/steps";
import type { Example } from "../../src/tasks/task";
import { assertAllclose } from "../support/allclose";
import { tinyBert } from "../support/tiny-bert";
import { tinyRoberta } from "../support/tiny-roberta";

const example = (...texts: string[]): Example => ({ texts, label: 0 });

describe("a bag of words", () => {
  it("counts the words of the training texts, in small letters and without punctuation", () => {
    const counts = wordCounts({
      train: [example("The film, the FILM isn't good-natured."), example("A film")],
      dev: [example("Film! Film? Film.")],
      test: [example("A sequel")],
    });
    // the, film, isn't, good-natured, a
    assert.deepEqual(
      counts.train.map((row) => [...row]),
      [
        [2, 2, 1, 1, 0],
        [0, 1, 0, 0, 1],
      ],
    );
    assert.deepEqual(
      counts.dev.map((row) => [...row]),
      [[0, 3, 0, 0, 0]],
    );
    assert.deepEqual(
      counts.test.map((row) => [...row]),
      [[0, 0, 0, 0, 1]],
    );
  });

  it("has words of its own for each text of a pair", () => {
    const counts = wordCounts({
      train: [example("Ann left.", "Ann stayed.")],
      dev: [example("stayed Ann", "")],
      test: [],
    });
    // Ann and left on the first side, Ann and stayed on the second.
    assert.deepEqual([...counts.dev[0]], [1, 0, 0, 0]);
  });
});

/** Minimizes ½ ‖W‖² − c Σ log softmax by plain gradient descent, and gives the probabilities of each class for each row. */
function naiveRegression(
  train: readonly Float64Array[],
  labels: readonly number[],
  classes: number,
  c: number,
  rows: readonly Float64Array[],
): number[][] {
  const size = train[0].length;
  const weights = Array.from({ length: classes }, () => new Float64Array(size + 1));
  const probabilities = (x: Float64Array): number[] => {
    const scores = weights.map((row) => x.reduce((sum, value, k) => sum + value * row[k], row[size]));
    const exponentials = scores.map((score) => Math.exp(score - Math.max(...scores)));
    return exponentials.map((value) => value / exponentials.reduce((a, b) => a + b));
  };
  const step = 1 / (1 + c * train.reduce((sum, x) => sum + x.reduce((own, value) => own + value * value, 1), 0));
  for (let round = 0; round < 20_000; round++) {
    const gradients = weights.map((row) => row.map((value, k) => (k < size ? value : 0)));
    train.forEach((x, i) => {
      probabilities(x).forEach((p, a) => {
        const residual = c * (p - (labels[i] === a ? 1 : 0));
        x.forEach((value, k) => (gradients[a][k] += residual * value));
        gradients[a][size] += residual;
      });
    });
    weights.forEach((row, a) => row.forEach((_, k) => (row[k] -= step * gradients[a][k])));
  }
  return rows.map(probabilities);
}

describe("logistic regression on features", () => {
  const random = randomStream(5);
  const rows = (count: number, size: number): Float64Array[] =>
    Array.from({ length: count }, () => Float64Array.from({ length: size }, () => 2 * random() - 1));
  const softmax = (values: ArrayLike<number>, classes: number): number[] =>
    Array.from({ length: values.length / classes }, (_, i) => {
      const exponentials = Array.from({ length: classes }, (_, a) => Math.exp(values[i * classes + a]));
      return exponentials.map((value) => value / exponentials.reduce((a, b) => a + b));
    }).flat();
  // More examples than features, and fewer: then the search is in the span of the examples.
  for (const [examples, size, classes] of [
    [9, 2, 2],
    [9, 2, 3],
    [6, 10, 3],
  ]) {
    it(`finds the minimum that gradient descent finds, with ${classes} classes, ${examples} examples and ${size} features`, () => {
      const features = { train: rows(examples, size), dev: rows(3, size), test: rows(4, size) };
      const labels = features.train.map((_, i) => i % classes);
      const found = runAtOnce(regressionOn(features, labels, { classes, inversePenalties: [0.1, 2] }));
      assert.deepEqual(
        found.map(({ inversePenalty }) => inversePenalty),
        [0.1, 2],
      );
      for (const { inversePenalty, dev, test } of found) {
        const expected = (split: "dev" | "test"): number[] =>
          naiveRegression(features.train, labels, classes, inversePenalty, features[split]).flat();
        assert.deepEqual(
          [dev.shape, test.shape],
          [
            [3, classes],
            [4, classes],
          ],
        );
        assertAllclose(softmax(dev.values, classes), expected("dev"), { absolute: 1e-5 }, "dev");
        assertAllclose(softmax(test.values, classes), expected("test"), { absolute: 1e-5 }, "test");
      }
    });
  }
});

describe("pooled states", () => {
  for (const [name, load] of [
    ["RoBERTa", tinyRoberta],
    ["BERT", tinyBert],
  ] as const) {
    it(`of ${name} are the mean of the states that are read one at a time, whatever the lengths beside it`, () => {
      const model = withClassifier(load(), 2, 1);
      const inputs = (texts: number[][]): Inputs => ({
        examples: [],
        labels: [],
        sequences: texts.map((ids) => ({ ids, maskPosition: 0 })),
      });
      const texts = {
        train: [
          [0, 20, 31, 2],
          [0, 40, 41, 42, 43, 44, 2],
          [0, 2],
        ],
        dev: [[0, 50, 2]],
        test: [[0, 60, 61, 2]],
      };
      const tensors = tf.memory().numTensors;
      const states = runAtOnce(
        pooledStates(model, { train: inputs(texts.train), dev: inputs(texts.dev), test: inputs(texts.test) }),
      );
      assert.equal(tf.memory().numTensors, tensors);
      for (const split of ["train", "dev", "test"] as const) {
        texts[split].forEach((ids, i) => {
          const alone = ids.map((_, maskPosition) =>
            runAtOnce(headFeaturesSteps(model, classifierHead, [{ ids, maskPosition }])),
          );
          const mean = Array.from(alone[0], (_, k) => alone.reduce((sum, state) => sum + state[k], 0) / ids.length);
          assertAllclose([...states[split][i]], mean, { absolute: 1e-5 }, `${split} ${i}`);
        });
      }
    });
  }
});
