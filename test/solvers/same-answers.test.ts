import { test } from "node:test";
import assert from "node:assert/strict";
import { sameAnswers } from "../../src/solvers/same-answers";

const answers = [
  { name: "K_SGD, lstsq", classes: [0, 1, 1, 0] },
  { name: "K_SGD, svc", classes: [0, 1, 0, 0] },
  { name: "the labels", classes: [1, 1, 0, 0] },
];

test("answers are compared for every pair once, the earlier method first", () => {
  assert.deepEqual(sameAnswers(answers), [
    { first: "K_SGD, lstsq", second: "K_SGD, svc", same: 3, examples: 4, share: 0.75 },
    { first: "K_SGD, lstsq", second: "the labels", same: 2, examples: 4, share: 0.5 },
    { first: "K_SGD, svc", second: "the labels", same: 3, examples: 4, share: 0.75 },
  ]);
});

test("answers that cannot be compared are refused", () => {
  assert.throws(
    () => sameAnswers([answers[0], { name: "short", classes: [0] }]),
    /"K_SGD, lstsq" has answers for 4 examples and "short" for 1/,
  );
});
