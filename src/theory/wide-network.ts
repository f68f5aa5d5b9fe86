/**
 * A fully connected network with two hidden layers of equal width n, tanh, no biases and one output, in float64:
 *
 *   h₁ = W₁ x,  z₁ = tanh h₁,  h₂ = W₂ z₁,  z₂ = tanh h₂,  f(x) = v · z₂
 *
 * It is the network of the width experiment (width-lab.ts), where differences of a millionth of f have to be right, so that
 * it is written in plain loops over Float64Array and not on the tensor backend's float32. With δ₂ = ∂f/∂h₂ and
 * δ₁ = ∂f/∂h₁ the gradient of one example is (δ₁ xᵀ, δ₂ z₁ᵀ, z₂): no gradient ever has to be formed for a product of two.
 */
import { randomMatrix } from "../kernels/random-matrix";

/** One number for each of the three weights. */
export interface PerLayer {
  input: number;
  hidden: number;
  output: number;
}

export interface WideNetwork {
  /** n. */
  width: number;
  /** d, the length of an input. */
  inputs: number;
  /** W₁, [n, d]. */
  input: Float64Array;
  /** W₂, [n, n]. */
  hidden: Float64Array;
  /** v, [n]. */
  output: Float64Array;
}

/** A network with independent normal weights of the given standard deviations. */
export function randomNetwork(width: number, inputs: number, deviations: PerLayer, seed: number): WideNetwork {
  if (!Number.isInteger(width) || width < 1)
    throw new Error(`the width of a network must be a whole number of at least 1, not ${width}`);
  const draw = (name: string, deviation: number, size: number): Float64Array =>
    Float64Array.from(randomMatrix("gaussian", seed, [name, width], size), (value) => value * deviation);
  return {
    width,
    inputs,
    input: draw("input", deviations.input, width * inputs),
    hidden: draw("hidden", deviations.hidden, width * width),
    output: draw("output", deviations.output, width),
  };
}

/** The same features under a new random head. */
export function withNewHead(network: WideNetwork, deviation: number, seed: number): WideNetwork {
  const output = Float64Array.from(
    randomMatrix("gaussian", seed, ["new head", network.width], network.width),
    (value) => value * deviation,
  );
  return { ...copyOf(network), output };
}

export const copyOf = (network: WideNetwork): WideNetwork => ({
  ...network,
  input: network.input.slice(),
  hidden: network.hidden.slice(),
  output: network.output.slice(),
});

/** What a forward pass leaves for N examples. */
export interface Activations {
  /** x, N of length d. */
  x: readonly Float64Array[];
  /** z₁ and z₂, N of length n. */
  first: Float64Array[];
  second: Float64Array[];
  /** f, [N]. */
  outputs: Float64Array;
}

/** δ₁ and δ₂, the derivatives of each example's f, N of length n. */
export interface Derivatives {
  first: Float64Array[];
  second: Float64Array[];
}

/** The network's activations and outputs f(x) = v · tanh(W₂ tanh(W₁ x)) on N inputs of length d. */
export function forward(
  { width, inputs, input, hidden, output }: WideNetwork,
  x: readonly Float64Array[],
): Activations {
  const first = product(input, width, inputs, x).map(tanhOf);
  const second = product(hidden, width, width, first).map(tanhOf);
  return { x, first, second, outputs: Float64Array.from(second, (z) => dot(z, output)) };
}

export function backward(
  { width, hidden, output }: WideNetwork,
  { first, second }: Pick<Activations, "first" | "second">,
): Derivatives {
  const atSecond = second.map((z) => z.map((value, i) => output[i] * (1 - value * value)));
  const atFirst = transposedProduct(hidden, width, atSecond);
  atFirst.forEach((delta, k) => delta.forEach((value, j) => (delta[j] = value * (1 - first[k][j] ** 2))));
  return { first: atFirst, second: atSecond };
}

/**
 * Moves the weights in place by −rate · g, or by −rate · sign(g), where g = Σ_k χ_k ∇f(x_k).
 *
 * @param chi the loss's derivative with respect to each output, [N]
 */
export function takeStep(
  network: WideNetwork,
  { x, first, second }: Activations,
  derivatives: Derivatives,
  chi: ArrayLike<number>,
  rates: PerLayer,
  sign: boolean,
): void {
  const { width, inputs, input, hidden, output } = network;
  moveMatrix(input, width, inputs, derivatives.first, x, chi, rates.input, sign);
  moveMatrix(hidden, width, width, derivatives.second, first, chi, rates.hidden, sign);
  // v's gradient is z₂: a matrix of one row with δ = 1.
  moveMatrix(
    output,
    1,
    width,
    second.map(() => Float64Array.of(1)),
    second,
    chi,
    rates.output,
    sign,
  );
}

/**
 * ⟨∇f(x_k; θ_0), θ_t − θ_0⟩ of each example, by which f_lin differs from f_0: Σ over layers of δᵀ (ΔW) z.
 *
 * @param activations and derivatives at `start`
 */
export function linearChange(
  start: WideNetwork,
  moved: WideNetwork,
  { x, first, second }: Activations,
  derivatives: Derivatives,
): Float64Array {
  const { width, inputs } = start;
  const fromInput = product(difference(moved.input, start.input), width, inputs, x);
  const fromHidden = product(difference(moved.hidden, start.hidden), width, width, first);
  const head = difference(moved.output, start.output);
  return Float64Array.from(
    x,
    (_, k) =>
      dot(derivatives.first[k], fromInput[k]) + dot(derivatives.second[k], fromHidden[k]) + dot(second[k], head),
  );
}

/** Activations and derivatives together: all that products of gradients need. */
export interface Gradients {
  activations: Activations;
  derivatives: Derivatives;
}

export function gradientsOf(network: WideNetwork, x: readonly Float64Array[]): Gradients {
  const activations = forward(network, x);
  return { activations, derivatives: backward(network, activations) };
}

/**
 * Σ over layers of rate · ⟨∇f(x_i), ∇f(x′_j)⟩, [N, N′]: with a step's learning rates as weights, the kernel that moves f.
 * With `signs` the right side's gradients are replaced by their signs: K_A-SignGD, of single examples.
 */
export function weightedKernel(left: Gradients, right: Gradients, rates: PerLayer, signs = false): Float64Array {
  const signed = (vectors: readonly Float64Array[]): readonly Float64Array[] =>
    signs ? vectors.map((vector) => vector.map(Math.sign)) : vectors;
  // The sign of an outer product is the outer product of the signs.
  const sides = {
    x: signed(right.activations.x),
    first: signed(right.activations.first),
    second: signed(right.activations.second),
    delta1: signed(right.derivatives.first),
    delta2: signed(right.derivatives.second),
  };
  const [n, m] = [left.activations.x.length, right.activations.x.length];
  const kernel = new Float64Array(n * m);
  for (let i = 0; i < n; i++)
    for (let j = 0; j < m; j++) {
      const { x, first, second } = left.activations;
      kernel[i * m + j] =
        rates.input * dot(left.derivatives.first[i], sides.delta1[j]) * dot(x[i], sides.x[j]) +
        rates.hidden * dot(left.derivatives.second[i], sides.delta2[j]) * dot(first[i], sides.first[j]) +
        rates.output * dot(second[i], sides.second[j]);
    }
  return kernel;
}

export function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

const tanhOf = (values: Float64Array): Float64Array => values.map(Math.tanh);

type Four = [Float64Array, Float64Array, Float64Array, Float64Array];

/** Vectors in fours, the last ones filled up with zeros: a loop that reads a weight once for four examples is twice as fast. */
function fours(vectors: readonly Float64Array[], length: number): Four[] {
  return Array.from(
    { length: Math.ceil(vectors.length / 4) },
    (_, group) => [0, 1, 2, 3].map((k) => vectors[4 * group + k] ?? new Float64Array(length)) as Four,
  );
}

/** M u for each u. M is [rows, columns]. */
function product(
  matrix: Float64Array,
  rows: number,
  columns: number,
  vectors: readonly Float64Array[],
): Float64Array[] {
  const results = vectors.map(() => new Float64Array(rows));
  const targets = fours(results, rows);
  fours(vectors, columns).forEach((four, group) => {
    productOfFour(matrix, rows, columns, four, targets[group]);
  });
  return results;
}

function productOfFour(
  matrix: Float64Array,
  rows: number,
  columns: number,
  [u0, u1, u2, u3]: Four,
  [r0, r1, r2, r3]: Four,
): void {
  for (let i = 0, at = 0; i < rows; i++) {
    let [s0, s1, s2, s3] = [0, 0, 0, 0];
    for (let j = 0; j < columns; j++, at++) {
      const weight = matrix[at];
      s0 += weight * u0[j];
      s1 += weight * u1[j];
      s2 += weight * u2[j];
      s3 += weight * u3[j];
    }
    r0[i] = s0;
    r1[i] = s1;
    r2[i] = s2;
    r3[i] = s3;
  }
}

/** Mᵀ u for each u. M is square. */
function transposedProduct(matrix: Float64Array, size: number, vectors: readonly Float64Array[]): Float64Array[] {
  const results = vectors.map(() => new Float64Array(size));
  const targets = fours(results, size);
  fours(vectors, size).forEach((four, group) => {
    transposedProductOfFour(matrix, size, four, targets[group]);
  });
  return results;
}

function transposedProductOfFour(
  matrix: Float64Array,
  size: number,
  [u0, u1, u2, u3]: Four,
  [r0, r1, r2, r3]: Four,
): void {
  for (let i = 0, at = 0; i < size; i++) {
    const [a0, a1, a2, a3] = [u0[i], u1[i], u2[i], u3[i]];
    for (let j = 0; j < size; j++, at++) {
      const weight = matrix[at];
      r0[j] += weight * a0;
      r1[j] += weight * a1;
      r2[j] += weight * a2;
      r3[j] += weight * a3;
    }
  }
}

/** M ← M − rate · g or − rate · sign(g), g = Σ_k χ_k δ_k u_kᵀ, row by row. */
function moveMatrix(
  matrix: Float64Array,
  rows: number,
  columns: number,
  deltas: readonly Float64Array[],
  vectors: readonly Float64Array[],
  chi: ArrayLike<number>,
  rate: number,
  sign: boolean,
): void {
  const [deltaGroups, vectorGroups] = [fours(deltas, rows), fours(vectors, columns)];
  const gradient = new Float64Array(columns);
  for (let i = 0; i < rows; i++) {
    const row = matrix.subarray(i * columns, (i + 1) * columns);
    const into = sign ? gradient.fill(0) : row;
    const factor = sign ? 1 : -rate;
    for (let group = 0; group < deltaGroups.length; group++) {
      const [d0, d1, d2, d3] = deltaGroups[group];
      const at = (delta: Float64Array, k: number): number => factor * (chi[4 * group + k] ?? 0) * delta[i];
      addFour(into, at(d0, 0), at(d1, 1), at(d2, 2), at(d3, 3), vectorGroups[group]);
    }
    if (sign) addSigns(row, gradient, -rate);
  }
}

function addFour(into: Float64Array, a0: number, a1: number, a2: number, a3: number, [u0, u1, u2, u3]: Four): void {
  for (let j = 0; j < into.length; j++) into[j] += a0 * u0[j] + a1 * u1[j] + a2 * u2[j] + a3 * u3[j];
}

function addSigns(into: Float64Array, values: Float64Array, factor: number): void {
  for (let j = 0; j < into.length; j++) into[j] += values[j] > 0 ? factor : values[j] < 0 ? -factor : 0;
}

function difference(a: Float64Array, b: Float64Array): Float64Array {
  const result = new Float64Array(a.length);
  for (let i = 0; i < a.length; i++) result[i] = a[i] - b[i];
  return result;
}
