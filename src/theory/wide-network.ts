/**
 * A fully connected network with two hidden layers of equal width n, tanh, no biases and one output, in float64:
 *
 *   h₁ = W₁ x,  z₁ = tanh h₁,  h₂ = W₂ z₁,  z₂ = tanh h₂,  f(x) = v · z₂
 *
 * It is the network of the width experiment (width-lab.ts), where differences of a millionth of f have to be right, so that
 * it is written in plain loops over Float64Array and not on the tensor backend's float32. With δ₂ = ∂f/∂h₂ and
 * δ₁ = ∂f/∂h₁ the gradient of one example is (δ₁ xᵀ, δ₂ z₁ᵀ, z₂): no gradient ever has to be formed for a product of two.
 */
import { InputError } from "../errors";
import { randomMatrix } from "../kernels/random-matrix";
import { difference, dot, moveMatrix, product, transposedProduct } from "./wide-products";

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
    throw new InputError(`the width of a network must be a whole number of at least 1, not ${width}`);
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

/** The network that is `share` of the way from the start to the tuned one: θ_0 + share · (θ_t − θ_0). */
export function networkBetween(start: WideNetwork, tuned: WideNetwork, share: number): WideNetwork {
  const between = (name: "input" | "hidden" | "output"): Float64Array =>
    start[name].map((from, i) => from + share * (tuned[name][i] - from));
  return { ...start, input: between("input"), hidden: between("hidden"), output: between("output") };
}

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
  const first = product(input, width, inputs, x).map((values) => values.map(Math.tanh));
  const second = product(hidden, width, width, first).map((values) => values.map(Math.tanh));
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

/**
 * ‖∇f_t − ∇f_0‖ / ‖∇f_0‖ over all examples, each layer's square times its rate: from ‖u − v‖² = ‖u‖² + ‖v‖² − 2 ⟨u, v⟩, without
 * forming a gradient. Exact to about 1e-8, the root of float64's rounding.
 */
export function weightedGradientDistance(tuned: Gradients, start: Gradients, rates: PerLayer): number {
  const diagonal = (kernel: Float64Array): number => {
    const n = Math.sqrt(kernel.length);
    let sum = 0;
    for (let i = 0; i < n; i++) sum += kernel[i * n + i];
    return sum;
  };
  const [tt, ts, ss] = [
    weightedKernel(tuned, tuned, rates),
    weightedKernel(tuned, start, rates),
    weightedKernel(start, start, rates),
  ].map(diagonal);
  return Math.sqrt(Math.max(0, tt + ss - 2 * ts) / ss);
}
