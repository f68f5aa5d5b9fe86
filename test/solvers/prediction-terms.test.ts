import assert from "node:assert/strict";
import { test } from "node:test";
import type { KernelTensor } from "../../src/kernels/kernel-tensor";
import { randomStream } from "../../src/random";
import { leaveOneOut, predictionTerms, type PredictionProblem } from "../../src/solvers/prediction-terms";
import { assertAllclose } from "../support/allclose";

/** A kernel of random features, [n, C, m, C], and what else a problem has. */
function randomProblem(n: number, c: number, seed: number): PredictionProblem {
  const random = randomStream(seed);
  const features = Array.from({ length: (n + 1) * c }, () => Array.from({ length: 12 }, () => random() - 0.4));
  const product = (i: number, j: number): number =>
    features[i].reduce((sum, value, d) => sum + value * features[j][d], 0);
  const kernel = (columns: number[]): KernelTensor => ({
    values: Float64Array.from({ length: n * c * columns.length }, (_, at) =>
      product(Math.floor(at / columns.length), columns[at % columns.length]),
    ),
    shape: [n, c, columns.length / c, c],
  });
  const [own, last] = [Array.from({ length: n * c }, (_, i) => i), Array.from({ length: c }, (_, a) => n * c + a)];
  const logits = (examples: number) => ({
    values: Float32Array.from({ length: examples * c }, () => 4 * random() - 2),
    shape: [examples, c] as [number, number],
  });
  const labels = Array.from({ length: n }, (_, i) => i % Math.max(c, 2));
  return {
    train: { kernel: kernel(own), labels, logits: logits(n) },
    evaluate: { kernel: kernel(last), logits: logits(1) },
    regularization: 0.1,
    f0: 3,
  };
}

/** The same from the definition: power iteration, elimination and explicit sums over the kept examples. */
function fromDefinition(
  { train, evaluate, regularization, f0 = Infinity }: PredictionProblem,
  kept: number[],
): { terms: number[][]; prediction: number[] } {
  const [n, c] = train.kernel.shape;
  const index = kept.flatMap((i) => Array.from({ length: c }, (_, a) => i * c + a));
  const k = index.map((i) => index.map((j) => train.kernel.values[i * n * c + j]));
  let vector = index.map((_, i) => 1 + i / 7);
  let sigma = 0;
  for (let step = 0; step < 5000; step++) {
    const next = k.map((row) => row.reduce((sum, value, j) => sum + value * vector[j], 0));
    sigma = Math.hypot(...next);
    vector = next.map((value) => value / sigma);
  }
  const y = index.map(
    (i) =>
      (c === 1 ? (train.labels[i] === 1 ? 1 : -1) : i % c === train.labels[Math.floor(i / c)] ? 1 : 0) -
      train.logits!.values[i] / f0,
  );
  const system = k.map((row, i) => [...row.map((value, j) => value + (i === j ? regularization * sigma : 0)), y[i]]);
  for (let p = 0; p < system.length; p++) {
    const pivot = system
      .slice(p)
      .reduce((best, row, i) => (Math.abs(row[p]) > Math.abs(system[best][p]) ? i + p : best), p);
    [system[p], system[pivot]] = [system[pivot], system[p]];
    for (let i = 0; i < system.length; i++)
      if (i !== p) {
        const factor = system[i][p] / system[p][p];
        system[i] = system[i].map((value, j) => value - factor * system[p][j]);
      }
  }
  const alpha = system.map((row, i) => row[row.length - 1] / row[i]);
  const outputs = Array.from({ length: c }, (_, output) => output);
  const terms = kept.map((_, i) =>
    outputs.map((output) =>
      outputs.reduce((sum, a) => sum + alpha[i * c + a] * evaluate.kernel.values[index[i * c + a] * c + output], 0),
    ),
  );
  return {
    terms,
    prediction: outputs.map(
      (output) => evaluate.logits!.values[output] / f0 + terms.reduce((sum, term) => sum + term[output], 0),
    ),
  };
}

for (const [n, c] of [
  [9, 1],
  [6, 3],
]) {
  const problem = randomProblem(n, c, 10 * n + c);
  const all = Array.from({ length: n }, (_, i) => i);

  test(`the terms of ${n} examples with ${c} outputs are α K, and add up to the prediction`, () => {
    const { terms, pretrained, prediction } = predictionTerms(problem);
    const expected = fromDefinition(problem, all);
    assertAllclose(terms, expected.terms.flat(), { relative: 1e-9 }, "terms");
    assertAllclose(prediction, expected.prediction, { relative: 1e-9 }, "prediction");
    const sums = Array.from(pretrained, (value, output) => all.reduce((sum, i) => sum + terms[i * c + output], value));
    assertAllclose(prediction, sums, { relative: 1e-12 }, "sum");
  });

  test(`without each of ${n} examples in turn, ${c} outputs are those of a problem that never had it`, () => {
    const expected = all.map(
      (example) =>
        fromDefinition(
          problem,
          all.filter((i) => i !== example),
        ).prediction,
    );
    assertAllclose(leaveOneOut(problem), expected.flat(), { relative: 1e-9 });
  });
}

test("without the pretrained answer there is nothing beside the examples' terms", () => {
  const { train, evaluate, ...rest } = randomProblem(5, 1, 3);
  const { terms, pretrained, prediction } = predictionTerms({
    ...rest,
    train: { ...train, logits: undefined },
    evaluate: { kernel: evaluate.kernel },
    f0: Infinity,
  });
  assert.deepEqual([...pretrained], [0]);
  assertAllclose(prediction, [terms.reduce((sum, term) => sum + term, 0)], { relative: 1e-12 });
});

test("what cannot be taken apart is refused", () => {
  const problem = randomProblem(4, 1, 2);
  const two: KernelTensor = { values: new Float64Array(8).fill(1), shape: [4, 1, 2, 1] };
  for (const take of [predictionTerms, leaveOneOut])
    assert.throws(() => take({ ...problem, evaluate: { ...problem.evaluate, kernel: two } }), /has 2 examples/);
  assert.throws(
    () => predictionTerms({ ...problem, evaluate: { kernel: problem.evaluate.kernel } }),
    /needs the evaluation logits/,
  );
  assert.throws(
    () =>
      leaveOneOut({
        ...randomProblem(1, 1, 1),
        train: { kernel: { values: Float64Array.of(1), shape: [1, 1, 1, 1] }, labels: [0] },
      }),
    /at least two/,
  );
});
