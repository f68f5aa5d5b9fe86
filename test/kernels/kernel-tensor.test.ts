import assert from "node:assert/strict";
import { describe, it, test } from "node:test";
import { exampleKernel, kernelAsymmetry, kernelError, type KernelTensor } from "../../src/kernels/kernel-tensor";

const kernel = (values: number[], ...shape: KernelTensor["shape"]): KernelTensor => ({
  values: Float64Array.from(values),
  shape,
});

test("the asymmetry is ‖K − Kᵀ‖ / ‖K‖ over examples and outputs together", () => {
  assert.equal(kernelAsymmetry(kernel([1, 2, 2, 5], 2, 1, 2, 1)), 0);
  // K − Kᵀ = ±2 off the diagonal; ‖K‖² = 1 + 1 + 9 + 5.
  assert.equal(kernelAsymmetry(kernel([1, 1, 3, Math.sqrt(5)], 2, 1, 2, 1)), Math.sqrt(8 / 16));
  assert.equal(kernelAsymmetry(kernel([0, 1, -1, 0], 2, 1, 2, 1)), 2, "nothing is symmetric in it");
  assert.equal(kernelAsymmetry(kernel([0, 0, 0, 0], 1, 2, 1, 2)), 0);
  assert.equal(kernelAsymmetry(kernel([0, 3, 0, 4], 1, 2, 1, 2)), Math.sqrt(18 / 25), "two outputs of one example");
  assert.throws(
    () => kernelAsymmetry(kernel([1, 2], 1, 1, 2, 1)),
    /only a kernel of examples with themselves.*\[1, 1, 2, 1\]/,
  );
});

test("one number a pair: the mean over outputs of their own blocks", () => {
  assert.deepEqual([...exampleKernel(kernel([1, 2, 3, 4], 2, 1, 2, 1))], [1, 2, 3, 4]);
  // K[i, a, j, b] = 1000 i + 100 a + 10 j + b: the mean over a = b ∈ {0, 1} adds (0 + 101) / 2.
  const shape: KernelTensor["shape"] = [2, 2, 3, 2];
  const values = [0, 1].flatMap((i) =>
    [0, 1].flatMap((a) => [0, 1, 2].flatMap((j) => [0, 1].map((b) => 1000 * i + 100 * a + 10 * j + b))),
  );
  assert.deepEqual([...exampleKernel(kernel(values, ...shape))], [50.5, 60.5, 70.5, 1050.5, 1060.5, 1070.5]);
});

describe("kernelError", () => {
  it("is relative in Frobenius norm and to the largest entry", () => {
    const { frobenius, largest } = kernelError([3, 5, 0], [3, 4, 0]);
    assert.equal(frobenius, 1 / 5);
    assert.equal(largest, 1 / 4);
    assert.deepEqual(kernelError([0, 0], [0, 0]), { frobenius: 0, largest: 0 });
    assert.deepEqual(kernelError([1], [0]), { frobenius: Infinity, largest: Infinity });
    assert.throws(() => kernelError([1], [1, 2]), /different sizes/);
  });
});
