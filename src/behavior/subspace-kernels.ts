/**
 * Kernels of fine-tuning methods that train part of the model or a few directions in it (Section 7 of the paper),
 * and how far they are from the kernel of all parameters.
 *
 * What each of them is, at θ_0:
 * - A choice of parameters (BitFit: biases; the head; the last layer) has the share of the full kernel that belongs to
 *   those parameters. Nothing makes it close to the whole.
 * - LoRA, W + s B A with B = 0, has ∂f/∂A = 0 and ∂f/∂B = s G Aᵀ, G = ∂f/∂W. So K_LoRA = s² Σ ⟨G Aᵀ, G′ Aᵀ⟩ over the
 *   chosen layers. Entries of A have mean 0 and variance v = 1/(3 in) (`withLora`), so that E[AᵀA] = rank · v · I: divided by
 *   s² · rank · v, a layer's share has the expectation ⟨G, G′⟩ and an error that falls like 1/√rank. K_LoRA therefore
 *   converges to the kernel of the weights of the layers that it adapts, and not to the kernel of all parameters: biases,
 *   norms, embeddings, the head and all other layers are missing whatever the rank.
 * - A random subspace (random-subspace.ts) converges to the kernel of all parameters, with an error like 1/√dimension.
 */
import { InputError } from "../errors";
import { loraNames } from "../model/affine";
import type { Sequence } from "../model/batch";
import { withLora, type LoraOptions } from "../model/lora";
import { parameter, type Model } from "../model/model";
import type { Formula } from "../kernels/formula";
import { computeKernel, type KernelOptions } from "../kernels/kernel";
import type { KernelTensor } from "../kernels/kernel-tensor";
import { selectParameters, type ParameterFilter } from "../kernels/parameter-filter";
import { kernelDistance, type KernelDistance } from "./kernel-comparison";

export interface SubspaceOptions extends Pick<KernelOptions, "model" | "outputs" | "signs" | "store" | "signal"> {
  /** All kernels are those of these examples with themselves. */
  examples: readonly Sequence[];
}

/** The full kernel with each parameter's share, from which the kernels of any choice of parameters follow. */
export interface FullKernel {
  model: Model;
  kernels: Map<Formula, KernelTensor>;
  shares: Map<Formula, Map<string, KernelTensor>>;
}

/** A subspace's kernel and its distance from the kernel of all parameters. */
export interface SubspaceKernel {
  kernel: KernelTensor;
  /** Numbers that are trained. */
  dimension: number;
  fromFull: KernelDistance;
}

/**
 * The kernel of all parameters, [n, C, n, C], with each parameter's share of it; {@link parameterSubspaceKernel} and
 * {@link loraKernel} start from it.
 */
export async function fullKernel(
  { examples, ...options }: SubspaceOptions,
  formulas: readonly Formula[] = ["sgd"],
): Promise<FullKernel> {
  const sides = { train: examples, evaluate: examples };
  const { kernels, shares } = await computeKernel({ ...options, ...sides, formulas, breakdown: true });
  return { model: options.model, kernels, shares };
}

/**
 * The kernel of a choice of parameters: the sum of their shares, for any formula.
 *
 * @throws if the full kernel was computed without that formula, or the filter leaves nothing
 */
export function parameterSubspaceKernel(
  full: FullKernel,
  filter: ParameterFilter,
  formula: Formula = "sgd",
): SubspaceKernel {
  const exact = kernelOf(full, formula);
  const names = selectParameters(full.model.parameters.keys(), filter);
  const dimension = [...names].reduce((sum, name) => sum + parameter(full.model, name).size, 0);
  const kernel = sumOfShares(full, formula, ones(names));
  return { kernel, dimension, fromFull: kernelDistance(kernel, exact) };
}

/** Every linear layer of the encoder, by the ends of their names: the targets with which LoRA's kernel comes nearest to the full one. */
export const ALL_LORA_TARGETS = [
  "attention.self.query",
  "attention.self.key",
  "attention.self.value",
  "intermediate.dense",
  "output.dense",
] as const;

/**
 * ∂f/∂B = s G Aᵀ of one layer, [out, rank], flat: what LoRA's kernel is made of at its start.
 *
 * @param gradient G = ∂f/∂W, [out, in], flat
 * @param a A, [rank, in], flat
 * @param scale s = α / rank
 * @throws if the sizes do not fit
 */
export function loraGradient(
  gradient: ArrayLike<number>,
  a: ArrayLike<number>,
  rank: number,
  scale: number,
): Float64Array {
  const inputs = a.length / rank;
  const rows = gradient.length / inputs;
  if (!Number.isInteger(inputs) || !Number.isInteger(rows))
    throw new InputError(
      `a gradient of ${gradient.length} numbers and an A of ${a.length} do not belong to one layer with rank ${rank}`,
    );
  return Float64Array.from({ length: rows * rank }, (_, place) => {
    const [row, r] = [Math.floor(place / rank), place % rank];
    let sum = 0;
    for (let i = 0; i < inputs; i++) sum += gradient[row * inputs + i] * a[r * inputs + i];
    return scale * sum;
  });
}

export interface LoraKernel extends SubspaceKernel {
  /** K_LoRA as it is, factors and all; `kernel` is scaled as the theory says, layer by layer, to estimate `target`. */
  raw: KernelTensor;
  /** What the scaled kernel converges to with the rank: the SGD kernel of the adapted layers' weights. */
  target: KernelTensor;
  fromTarget: KernelDistance;
}

/**
 * The SGD kernel of LoRA at its start, where B = 0, divided by s² · rank · v, where s = α / rank
 * and v is the variance of A's entries: its expectation is the kernel of the adapted layers' weights.
 *
 * @param full of the same model and examples, without LoRA factors
 */
export async function loraKernel(
  { examples, ...options }: SubspaceOptions,
  full: FullKernel,
  lora: LoraOptions,
): Promise<LoraKernel> {
  const exact = kernelOf(full, "sgd");
  const model = withLora(options.model, lora);
  const added = [...model.parameters.keys()].filter((name) => !options.model.parameters.has(name));
  try {
    const { kernels, shares } = await computeKernel({
      ...options,
      model,
      train: examples,
      evaluate: examples,
      formulas: ["sgd"],
      parameters: ["lora"],
      breakdown: true,
    });
    const layers = [...options.model.parameters.keys()]
      .filter((name) => name.endsWith(".weight") && model.parameters.has(loraNames(layerOf(name)).a))
      .map(layerOf);
    const scale = model.loraScale ?? 1;
    const scaled = layers.map((layer): [string, number] => {
      const inputs = parameter(model, `${layer}.weight`).shape[1]!;
      return [loraNames(layer).b, (3 * inputs) / (scale ** 2 * lora.rank)];
    });
    const kernel = sumOfShares({ kernels, shares, model }, "sgd", scaled);
    const target = sumOfShares(full, "sgd", ones(layers.map((layer) => `${layer}.weight`)));
    const dimension = added.reduce((sum, name) => sum + parameter(model, name).size, 0);
    const [fromTarget, fromFull] = [kernelDistance(kernel, target), kernelDistance(kernel, exact)];
    return { raw: kernels.get("sgd")!, kernel, target, dimension, fromTarget, fromFull };
  } finally {
    for (const name of added) parameter(model, name).dispose();
  }
}

const layerOf = (weight: string): string => weight.slice(0, -".weight".length);

function kernelOf({ kernels }: FullKernel, formula: Formula): KernelTensor {
  const kernel = kernels.get(formula);
  if (!kernel)
    throw new InputError(`the full kernel was computed for ${[...kernels.keys()].join(", ")}, not for ${formula}`);
  return kernel;
}

const ones = (names: Iterable<string>): [string, number][] => [...names].map((name) => [name, 1]);

/** The parameters' shares, each times its factor; those that the outputs do not reach have none. */
function sumOfShares(full: FullKernel, formula: Formula, factors: readonly [string, number][]): KernelTensor {
  const shares = full.shares.get(formula)!;
  const { shape } = kernelOf(full, formula);
  const values = new Float64Array(kernelOf(full, formula).values.length);
  for (const [name, factor] of factors) shares.get(name)?.values.forEach((value, i) => (values[i] += factor * value));
  return { values, shape };
}
