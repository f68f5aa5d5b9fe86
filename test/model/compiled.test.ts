import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { backendName, tf, type Tensor } from "../../src/model/backend";
import { compiled, type Tensors } from "../../src/model/compiled";
import { assertAllclose } from "../support/allclose";
import { onEveryBackend } from "../support/backends";

const values = (tensor: Tensor): number[] => [...tensor.dataSync()];
const range = (length: number, shape: number[], scale = 0.1): Tensor =>
  tf.tensor(
    Array.from({ length }, (_, i) => scale * ((i * 7) % 11) - 0.4),
    shape,
  );

/** Something of everything that models do: products, reductions, lookups, constants, several axes. */
const sample = ({ x, w, rows }: Tensors): Tensors => {
  const hidden = tf.tanh(tf.add(tf.matMul(x, w), tf.tensor1d([0.1, 0.2, 0.3])));
  const normed = tf.mul(
    tf.sub(hidden, tf.mean(hidden, -1, true)),
    tf.rsqrt(tf.add(tf.mean(tf.square(hidden), -1, true), 1e-5)),
  );
  const chosen = tf.gather(normed, rows as never);
  const stacked = tf.transpose(tf.expandDims(chosen, 0), [0, 2, 1]);
  return {
    probabilities: tf.softmax(stacked),
    sums: tf.unsortedSegmentSum(chosen, rows as never, 4),
    signs: tf.sign(normed),
    parts: tf.split(tf.erf(normed), [1, 2], 1)[1],
  };
};
const sampleInputs = (n: number): Tensors => ({
  x: range(n * 2, [n, 2]),
  w: range(6, [2, 3], 0.3),
  rows: tf.tensor1d([n - 1, 0, 1], "int32"),
});

onEveryBackend("a compiled function", () => {
  it("gives what the function gives, for several shapes", () => {
    const graph = compiled(sample, { name: "sample" });
    for (const n of [3, 4, 3]) {
      const inputs = sampleInputs(n);
      const [found, expected] = [graph(inputs), sample(inputs)];
      assert.deepEqual(Object.keys(found).sort(), Object.keys(expected).sort());
      for (const [name, tensor] of Object.entries(expected)) {
        assert.deepEqual(found[name].shape, tensor.shape, name);
        assertAllclose(values(found[name]), values(tensor), { absolute: 1e-6 }, `${name}, ${n} rows`);
      }
    }
    graph.dispose();
  });

  it("gives the same bits at every call, and from a new graph", () => {
    const bits = (): number[][] => {
      const graph = compiled(sample, { name: "sample" });
      const calls = [0, 1].map(() => Object.values(graph(sampleInputs(4))).map(values));
      assert.deepEqual(calls[0], calls[1]);
      graph.dispose();
      return calls[0];
    };
    assert.deepEqual(bits(), bits());
  });

  it("takes its inputs anew: in any order, one tensor twice, and an input as a result", () => {
    const graph = compiled(({ a, b }: Tensors): Tensors => ({ difference: tf.sub(a, b), a, again: tf.clone(a) }), {
      name: "difference",
    });
    const [x, y] = [tf.tensor1d([1, 2]), tf.tensor1d([10, 30])];
    assert.deepEqual(values(graph({ a: x, b: x }).difference), [0, 0]);
    const result = graph({ b: y, a: x });
    assert.deepEqual(values(result.difference), [-9, -28]);
    tf.dispose([x, y]);
    assert.deepEqual(
      [values(result.a), values(result.again)],
      [
        [1, 2],
        [1, 2],
      ],
      "they outlive the input",
    );
  });

  it("leaves no tensor behind but its results", () => {
    const graph = compiled(sample, { name: "sample" });
    const inputs = sampleInputs(4);
    const before = tf.memory().numTensors;
    tf.dispose(Object.values(graph(inputs)));
    tf.dispose(Object.values(graph(inputs)));
    tf.tidy(() => void graph(inputs));
    assert.equal(tf.memory().numTensors, before);
    graph.dispose();
  });
});

describe("graphs", { skip: backendName() !== "tensorflow" && "plain JavaScript has none" }, () => {
  const sessions = (): number =>
    (tf.backend() as unknown as { binding: { getNumOfSavedModels(): number } }).binding.getNumOfSavedModels();
  const square = ({ x }: Tensors): Tensors => ({ y: tf.square(x) });
  const ones = (n: number): Tensors => ({ x: tf.ones([n]) });

  it("are kept for the shapes that were used last", () => {
    let runs = 0;
    const graph = compiled((inputs: Tensors) => (runs++, square(inputs)), { name: "square", sessions: 2 });
    const before = sessions();
    for (const n of [1, 2, 1, 3, 1]) assert.deepEqual(values(graph(ones(n)).y), Array(n).fill(1));
    assert.equal(runs, 3, "1 was still there: it was used after 2");
    assert.equal(sessions(), before + 2);
    graph(ones(2));
    assert.equal(runs, 4);
    graph.dispose();
    assert.equal(sessions(), before);
    assert.deepEqual(values(graph(ones(1)).y), [1], "after its end it begins anew");
    graph.dispose();
  });

  it("have the values that constants have at the first call", () => {
    const factor = tf.tensor1d([2, 3]);
    const graph = compiled(({ x }: Tensors): Tensors => ({ y: tf.mul(x, factor) }), {
      name: "scaling",
      constants: [factor],
    });
    const inputs = { x: tf.tensor1d([1, 1]) };
    graph(inputs);
    factor.dispose();
    assert.deepEqual(values(graph(inputs).y), [2, 3]);
    graph.dispose();
  });

  const outside = tf.tensor1d([1, 2]);
  const computed = tf.square(tf.tensor1d([1, 2]));
  const refused: Record<string, [f: (inputs: Tensors) => Tensors, message: RegExp]> = {
    "a value that is read": [
      ({ x }) => ({ y: tf.mul(x, tf.square(x).dataSync()[0]) }),
      /shaky cannot be compiled: a value was read \(dataSync\)/,
    ],
    "an input that is read": [({ x }) => ({ y: tf.mul(x, x.dataSync()[0]) }), /a value was read \(dataSync\)/],
    "a value that is read last": [({ x }) => (x.dataSync(), { y: x }), /a value was read \(dataSync\)/],
    "a tensor from outside": [
      ({ x }) => ({ y: tf.mul(x, outside) }),
      /a tensor of shape \[2\] comes from outside: make it an input, or a constant/,
    ],
    "a tensor from outside that was computed": [
      ({ x }) => ({ y: tf.mul(x, computed) }),
      /(Multiply|Mul) uses a tensor from outside: make it an input, or a constant/,
    ],
    "a result from outside": [() => ({ y: outside }), /comes from outside/],
    "random numbers": [({ x }) => ({ y: tf.multinomial(x as never, 3, 1) }), /draws random numbers/],
    "a large tensor of JavaScript's": [
      ({ x }) => ({ y: tf.mul(x.sum(), tf.tensor1d(new Float32Array(300_000))) }),
      /shape \[300000\] was made of JavaScript values/,
    ],
    "a graph within": [({ x }) => compiled(square, { name: "inner" })({ x }), /cannot be called within another/],
  };
  for (const [what, [f, message]] of Object.entries(refused)) {
    it(`refuse ${what}, and leave everything as it was`, () => {
      const graph = compiled(f, { name: "shaky" });
      const x = tf.tensor1d([0.5, 0.5]);
      const before = [tf.memory().numTensors, sessions()];
      assert.throws(() => graph({ x }), message);
      assert.deepEqual([tf.memory().numTensors, sessions()], before);
      assert.deepEqual(values(tf.square(x)), [0.25, 0.25]);
      graph.dispose();
    });
  }
});
