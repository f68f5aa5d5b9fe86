import { test } from "node:test";
import assert from "node:assert/strict";
import { join } from "node:path";
import { fillMask } from "../../src/experiment/fill-mask";
import { readFewShot } from "../../src/experiment/inputs";
import { loadLanguageModel } from "../../src/experiment/language-model";
import { wordOrders, zeroShotLogits } from "../../src/experiment/zero-shot";
import { accuracy } from "../../src/solvers/metrics";
import { taskByName } from "../../src/tasks/task";
import { randomStream } from "../../src/random";
import { root } from "../support/checkout";

test("the logits of the label words differ as their probabilities at the mask do", async () => {
  const lm = await loadLanguageModel(join(root, "data", "english", "model"));
  const task = taskByName("topic");
  const { train } = readFewShot(join(root, "data", "english", "tasks", "topic"), task, {
    k: 1,
    seed: 13,
    testExamples: 1,
  });
  const { values, shape } = zeroShotLogits(lm, task, train);
  assert.deepEqual(shape, [4, 4]);
  for (const [i, { texts }] of train.entries()) {
    const fills = new Map(
      fillMask(lm, { texts: [texts[0]] }, task).map(({ word, probability }) => [word, probability]),
    );
    const logs = task.labelWords.map((word) => Math.log(fills.get(word)!));
    // float32 logits of size 10
    logs.forEach((log, c) =>
      assert.ok(Math.abs(values[4 * i + c] - values[4 * i] - (log - logs[0])) < 1e-4, `${i}, ${c}`),
    );
  }
});

test("every order of the label words: the task's own first, each as if the columns were moved, and 1/C on average", () => {
  const random = randomStream(3);
  for (const classes of [2, 3, 5]) {
    const examples = 40;
    const logits = {
      values: Float64Array.from({ length: examples * classes }, random),
      shape: [examples, classes] as [number, number],
    };
    const labels = Array.from({ length: examples }, () => Math.floor(classes * random()));
    const orders = wordOrders(logits, labels);
    assert.equal(orders.length, [0, 1, 2, 6, 24, 120][classes]);
    assert.equal(new Set(orders.map(({ order }) => String(order))).size, orders.length);
    assert.deepEqual(
      orders[0].order,
      Array.from({ length: classes }, (_, c) => c),
    );
    for (const { order, accuracy: found } of orders) {
      const moved = {
        ...logits,
        values: logits.values.map((_, at) => logits.values[at - (at % classes) + order[at % classes]]),
      };
      assert.equal(found, accuracy(moved, labels));
    }
    assert.ok(Math.abs(orders.reduce((sum, one) => sum + one.accuracy, 0) / orders.length - 1 / classes) < 1e-12);
  }
  assert.throws(
    () => wordOrders({ values: new Float64Array(7), shape: [1, 7] }, [0]),
    /every order of 7 label words is too many/,
  );
});
