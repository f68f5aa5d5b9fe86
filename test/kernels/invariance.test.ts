import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { EigenvalueDecomposition, Matrix } from "ml-matrix";
import { FORMULAS, type Formula } from "../../src/kernels/formula";
import { computeKernel, type KernelOptions } from "../../src/kernels/kernel";
import { type KernelTensor } from "../../src/kernels/kernel-tensor";
import { logitOutputs, marginOutput } from "../../src/kernels/outputs";
import { tf } from "../../src/model/backend";
import { type Sequence } from "../../src/model/batch";
import { labelWordHead } from "../../src/model/head";
import { type Model } from "../../src/model/model";
import { assertAllclose } from "../support/allclose";
import { kernelOracle } from "../support/kernel-oracle";
import { naiveGradients, naiveKernels } from "../support/naive-kernel";
import { tinyRoberta, tinyRobertaTied } from "../support/tiny-roberta";

const { train, evaluate } = kernelOracle;
const WORDS = [98, 86, 100];
const model = tinyRoberta();
const outputs = logitOutputs(labelWordHead(WORDS), WORDS.length);
const everything: KernelOptions = { model, outputs, train, evaluate, formulas: FORMULAS };
const kernelsOf = async (change: Partial<KernelOptions> = {}): Promise<Map<Formula, KernelTensor>> =>
  (await computeKernel({ ...everything, ...change })).kernels;

/** The entries of a kernel as a matrix [train · logits][examples · logits]. */
function matrixOf({ values, shape }: KernelTensor): number[][] {
  const columns = shape[2] * shape[3];
  return Array.from({ length: shape[0] * shape[1] }, (_, row) => [
    ...values.subarray(row * columns, (row + 1) * columns),
  ]);
}

const transposed = (matrix: number[][]): number[][] => matrix[0].map((_, j) => matrix.map((row) => row[j]));

describe("kernels do not depend on how the work is divided", () => {
  // No division of the work turns a sign of these gradients, so that sign kernels are held to the same 1e-6.
  const TOLERANCE = { relative: 1e-6 };
  const whole = kernelsOf();

  for (const [trainBlock, evaluateBlock] of [
    [1, 1],
    [1, 3],
    [2, 2],
    [3, 1],
  ]) {
    it(`blocks of ${trainBlock} × ${evaluateBlock} examples, and so on padding`, async () => {
      const found = await kernelsOf({ trainBlock, evaluateBlock });
      for (const formula of FORMULAS)
        assertAllclose(found.get(formula)!.values, (await whole).get(formula)!.values, TOLERANCE, formula);
      const sgd = await kernelsOf({ trainBlock, evaluateBlock, formulas: ["sgd"] });
      assertAllclose(sgd.get("sgd")!.values, (await whole).get("sgd")!.values, TOLERANCE, "sgd alone");
    });
  }

  it("the order of the examples", async () => {
    const turned = await kernelsOf({ train: [...train].reverse(), evaluate: [evaluate[1], evaluate[2], evaluate[0]] });
    const c = WORDS.length;
    for (const formula of FORMULAS) {
      const [found, expected] = [turned, await whole].map((kernels) => matrixOf(kernels.get(formula)!));
      const restored = expected.map((row, r) =>
        row.map(
          (_, k) =>
            found[(train.length - 1 - Math.floor(r / c)) * c + (r % c)][[2, 0, 1][Math.floor(k / c)] * c + (k % c)],
        ),
      );
      assertAllclose(restored.flat(), expected.flat(), TOLERANCE, formula);
    }
  });

  it("the other examples of a side", async () => {
    const part = await kernelsOf({ train: [train[1]], evaluate: [evaluate[2]] });
    for (const formula of FORMULAS) {
      const expected = matrixOf((await whole).get(formula)!)
        .slice(WORDS.length, 2 * WORDS.length)
        .flatMap((row) => row.slice(2 * WORDS.length));
      assertAllclose(part.get(formula)!.values, expected, TOLERANCE, formula);
    }
  });

  it("copies: equal examples have equal entries to the bit, whatever block they would fall into", async () => {
    const [places, columns] = [
      [0, 1, 0, 2, 1, 0],
      [0, 0, 1, 2, 1],
    ];
    const copies = (sequences: readonly Sequence[], indices: number[]): Sequence[] =>
      indices.map((i) => ({ ...sequences[i], ids: [...sequences[i].ids] }));
    const doubled = {
      train: copies(train, places),
      evaluate: copies(evaluate, columns),
      trainBlock: 2,
      breakdown: true,
    };
    const entries = (kernel: KernelTensor, rows: number[], columns: number[]): number[] => {
      const [, c, m] = kernel.shape;
      return rows.flatMap((i) =>
        Array.from({ length: c }, (_, a) => a).flatMap((a) =>
          columns.flatMap((j) => [...kernel.values.subarray(((i * c + a) * m + j) * c, ((i * c + a) * m + j + 1) * c)]),
        ),
      );
    };
    const all = (indices: number[]): number[] => indices.map((_, i) => i);
    for (const symmetric of [false, true]) {
      const side = symmetric ? doubled.train : doubled.evaluate;
      const own = symmetric ? places : columns;
      const found = await computeKernel({ ...everything, ...doubled, evaluate: side });
      const single = await computeKernel({
        ...everything,
        trainBlock: 2,
        breakdown: true,
        evaluate: symmetric ? train : evaluate,
      });
      for (const formula of FORMULAS) {
        const [doubledKernel, kernel] = [found.kernels.get(formula)!, single.kernels.get(formula)!];
        assertAllclose(entries(doubledKernel, all(places), all(own)), entries(kernel, places, own), TOLERANCE);
        const first = (indices: number[]): number[] => indices.map((index) => indices.indexOf(index));
        assert.deepEqual(
          entries(doubledKernel, all(places), all(own)),
          entries(doubledKernel, first(places), first(own)),
        );
        for (const [name, share] of found.shares.get(formula)!)
          assert.deepEqual(entries(share, all(places), all(own)), entries(share, first(places), first(own)), name);
      }
      const [, c] = found.evaluateLogits.shape;
      own.forEach((index, j) =>
        assert.deepEqual(
          found.evaluateLogits.values.subarray(j * c, (j + 1) * c),
          found.evaluateLogits.values.subarray(own.indexOf(index) * c, (own.indexOf(index) + 1) * c),
        ),
      );
    }
  });

  it("the formulas that are asked for", async () => {
    for (const formula of FORMULAS)
      assertAllclose(
        (await kernelsOf({ formulas: [formula] })).get(formula)!.values,
        (await whole).get(formula)!.values,
        TOLERANCE,
        formula,
      );
  });

  it("and equal naive ones, but for signs that rounding decides", async () => {
    const gradients = (side: readonly Sequence[]): ReturnType<typeof naiveGradients>[] =>
      side.map((example) => naiveGradients(model, outputs, example));
    // What a different sum may change: entries below 1e-5 of their parameter's largest gradient.
    const naive = naiveKernels(gradients(train), gradients(evaluate));
    for (const formula of FORMULAS) {
      const { values, undecided } = naive.get(formula)!;
      const found = (await whole).get(formula)!.values;
      const scale = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      values.forEach((value, at) =>
        assert.ok(Math.abs(found[at] - value) <= 1e-5 * scale + undecided[at], `${formula} ${at}`),
      );
    }
  });
});

describe("kernels of training examples with themselves", () => {
  // Two copies of one text, and texts of several lengths, over several blocks.
  const own = [...train, ...evaluate, train[0]];
  for (const trainBlock of [7, 3, 1]) {
    const kernels = kernelsOf({ train: own, evaluate: own, trainBlock, evaluateBlock: trainBlock });
    const of = async (formula: Formula): Promise<number[][]> => matrixOf((await kernels).get(formula)!);

    it(`are exactly symmetric for SGD and SignGD (blocks of ${trainBlock})`, async () => {
      for (const formula of ["sgd", "signgd"] as const)
        assert.deepEqual(await of(formula), transposed(await of(formula)), formula);
    });

    it(`have the flipped A-SignGD kernel as the exact transpose of the other, which is not symmetric (blocks of ${trainBlock})`, async () => {
      assert.deepEqual(await of("asymmetric_signgd_flipped"), transposed(await of("asymmetric_signgd")));
      assert.notDeepEqual(await of("asymmetric_signgd"), transposed(await of("asymmetric_signgd")));
    });

    it(`are positive semi-definite for SGD and SignGD (blocks of ${trainBlock})`, async () => {
      for (const formula of ["sgd", "signgd"] as const) {
        const { realEigenvalues } = new EigenvalueDecomposition(new Matrix(await of(formula)), {
          assumeSymmetric: true,
        });
        const [smallest, largest] = [Math.min(...realEigenvalues), Math.max(...realEigenvalues)];
        // The copied text makes the kernel singular: zero up to float32 rounding.
        assert.ok(smallest > -1e-6 * largest, `${formula}: eigenvalues from ${smallest} to ${largest}`);
      }
    });
  }

  it("equal those computed as if the two sides were different", async () => {
    const square = await kernelsOf({ train: own, evaluate: own });
    const shifted = await kernelsOf({ train: own, evaluate: [...own, evaluate[0]] });
    for (const formula of FORMULAS) {
      const expected = matrixOf(shifted.get(formula)!).map((row) => row.slice(0, own.length * WORDS.length));
      assertAllclose(matrixOf(square.get(formula)!).flat(), expected.flat(), { relative: 1e-6 }, formula);
    }
  });
});

describe("the sign of zero is zero", () => {
  const hidden = model.config.hiddenSize;
  const distinct = ({ ids }: Sequence): number => new Set(ids).size;

  it("rows of the embedding tables that a text does not use count nothing", async () => {
    const { shares } = await computeKernel({
      ...everything,
      evaluate: train,
      outputs: marginOutput(labelWordHead(WORDS.slice(0, 2))),
      breakdown: true,
    });
    const diagonal = (part: string): number[] =>
      train.map((_, i) => shares.get("signgd")!.get(part)!.values[i * train.length + i]);
    assert.deepEqual(
      diagonal("roberta.embeddings.word_embeddings.weight"),
      train.map((text) => hidden * distinct(text)),
    );
    assert.deepEqual(
      diagonal("roberta.embeddings.position_embeddings.weight"),
      train.map(({ ids }) => hidden * ids.length),
    );
    assert.deepEqual(
      diagonal("lm_head.decoder.weight"),
      train.map(() => 2 * hidden),
    );
    assert.deepEqual(
      diagonal("lm_head.bias"),
      train.map(() => 2),
    );
  });

  it("tied, rows that are only label words count beside those of the text", async () => {
    const tied = { model: tinyRobertaTied(), outputs: marginOutput(labelWordHead(WORDS.slice(0, 2), { tied: true })) };
    const { shares } = await computeKernel({ ...everything, ...tied, evaluate: train, breakdown: true });
    const words = shares.get("signgd")!.get("roberta.embeddings.word_embeddings.weight")!;
    const expected = train.map(({ ids }) => hidden * new Set([...ids, ...WORDS.slice(0, 2)]).size);
    assert.deepEqual(
      train.map((_, i) => words.values[i * train.length + i]),
      expected,
    );
  });

  it("an output whose decoder row is zero has gradients in that row and its bias only", async () => {
    const decoder = model.parameters.get("lm_head.decoder.weight")!;
    const keep = Float32Array.from({ length: decoder.shape[0] }, (_, row) => (row === WORDS[1] ? 0 : 1));
    const dead: Model = {
      ...model,
      hash: "dead row",
      parameters: new Map([
        ...model.parameters,
        ["lm_head.decoder.weight", tf.mul(decoder, tf.tensor(keep, [keep.length, 1]))],
      ]),
    };
    const kernels = await kernelsOf({ model: dead, evaluate: train });
    const row = (formula: Formula, i: number): number[] => matrixOf(kernels.get(formula)!)[i * WORDS.length + 1];
    train.forEach((_, i) => {
      const expected = train.flatMap(() => [0, 1, 0]);
      // ⟨sign h, sign h′⟩ + 1, h being the transformed hidden state, none of whose entries is zero.
      assert.equal(row("signgd", i)[i * WORDS.length + 1], hidden + 1);
      for (const formula of FORMULAS)
        row(formula, i).forEach((value, k) =>
          assert.equal(value === 0, expected[k] === 0, `${formula} ${i} ${k}: ${value}`),
        );
    });
  });

  it("key biases count only when float32's signs are asked for, and then at most once a number", async () => {
    const size = 2 * hidden; // two layers
    const [exact, float32] = [await kernelsOf(), await kernelsOf({ signs: "float32" })];
    assertAllclose(float32.get("sgd")!.values, exact.get("sgd")!.values, { relative: 1e-6 });
    const off = float32.get("signgd")!.values.map((value, at) => Math.abs(value - exact.get("signgd")!.values[at]));
    assert.ok(
      off.every((value) => Number.isInteger(value) && value <= size),
      `up to ${Math.max(...off)}`,
    );
    assert.ok(Math.max(...off) > 0, "the noise of key biases counts");
    for (const formula of ["asymmetric_signgd", "asymmetric_signgd_flipped"] as const) {
      const scale = exact.get(formula)!.values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      // One side is the gradient itself, which is below 1e-5 here; GELU's float32 form has other last digits.
      float32
        .get(formula)!
        .values.forEach((value, at) =>
          assert.ok(Math.abs(value - exact.get(formula)!.values[at]) <= size * 1e-5 + 1e-6 * scale),
        );
    }
  });
});
