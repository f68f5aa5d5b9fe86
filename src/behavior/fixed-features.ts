/** The fixed-features test (Section 6 of the paper): kernel entries before fine-tuning against those afterwards, or along it. */
import type { Sequence } from "../model/batch";
import type { Model } from "../model/model";
import type { Formula } from "../kernels/formula";
import { computeKernel, type KernelOptions, type KernelResult } from "../kernels/kernel";
import type { KernelTensor } from "../kernels/kernel-tensor";
import { kernelChange, type KernelChange } from "./kernel-comparison";

export interface FixedFeaturesOptions extends Omit<
  KernelOptions,
  "model" | "train" | "evaluate" | "breakdown" | "onProgress"
> {
  /** θ_0. */
  model: Model;
  /** θ_t, one for each checkpoint. */
  tuned: readonly Model[];
  examples: readonly Sequence[];
  /** The other side of the kernel. Default: the examples themselves. */
  others?: readonly Sequence[];
  /** Kernels that are computed: those of `model`, then those of each tuned one. */
  onProgress?: (progress: { done: number; total: number }) => void;
}

/** The kernel, and its changes from the starting model to a tuned one. */
export interface FeatureChange {
  kernel: KernelTensor;
  whole: KernelChange;
  /** Of the share of the kernel that comes from each layer's parameters: see {@link layerOfParameter}. */
  layers: Map<string, KernelChange>;
  /** The same for each kind of parameter: see {@link kindOfParameter}. */
  kinds: Map<string, KernelChange>;
  /** The same for each layer's parameters of each kind. */
  cells: { layer: string; kind: string; change: KernelChange }[];
}

export interface FixedFeatures {
  /** The starting model's kernels. */
  start: Map<Formula, KernelTensor>;
  /** By tuned model and formula. */
  changes: Map<Formula, FeatureChange>[];
}

/**
 * The fixed-features test (Section 6 of the paper): the kernels of every tuned model, and each layer's and each kind of
 * parameter's share of them, compared entry by entry with those of the starting model.
 * Definition 3.2 asks for ∇f(ξ; θ_t) ≈ ∇f(ξ; θ_0); here this is judged by the kernel's entries. {@link gradientDistance}
 * compares the gradients themselves.
 */
export async function fixedFeatures({
  model,
  tuned,
  examples,
  others = examples,
  formulas = ["sgd"],
  onProgress,
  ...options
}: FixedFeaturesOptions): Promise<FixedFeatures> {
  const total = tuned.length + 1;
  const of = async (each: Model, done: number): Promise<KernelResult> => {
    const sides = { train: examples, evaluate: others };
    const result = await computeKernel({ ...options, ...sides, model: each, formulas, breakdown: true });
    onProgress?.({ done, total });
    return result;
  };
  const before = await of(model, 1);
  const changes: Map<Formula, FeatureChange>[] = [];
  for (const [k, each] of tuned.entries()) {
    const after = await of(each, k + 2);
    changes.push(new Map([...after.kernels.keys()].map((formula) => [formula, featureChange(before, after, formula)])));
  }
  return { start: before.kernels, changes };
}

function featureChange(before: KernelResult, after: KernelResult, formula: Formula): FeatureChange {
  const kernel = after.kernels.get(formula)!;
  const parts = (partOf: (name: string) => string): Map<string, KernelChange> => {
    const [from, to] = [before, after].map(({ shares }) => sumByPart(shares.get(formula)!, partOf));
    return new Map(
      [...from].filter(([part]) => to.has(part)).map(([part, share]) => [part, kernelChange(share, to.get(part)!)]),
    );
  };
  const cells = [...parts((name) => `${layerOfParameter(name)}\n${kindOfParameter(name)}`)].map(([part, change]) => {
    const [layer, kind] = part.split("\n");
    return { layer, kind, change };
  });
  return {
    kernel,
    whole: kernelChange(before.kernels.get(formula)!, kernel),
    layers: parts(layerOfParameter),
    kinds: parts(kindOfParameter),
    cells,
  };
}

/** Adds up parameters' shares of a kernel by the part of the model that they belong to. */
export function sumByPart(
  shares: ReadonlyMap<string, KernelTensor>,
  partOf: (name: string) => string,
): Map<string, KernelTensor> {
  const sums = new Map<string, KernelTensor>();
  for (const [name, { values, shape }] of shares) {
    const part = partOf(name);
    const sum = sums.get(part) ?? { values: new Float64Array(values.length), shape };
    values.forEach((value, i) => (sum.values[i] += value));
    sums.set(part, sum);
  }
  return sums;
}

/** Where in the model a parameter is: "embeddings", "layer 1" and so on, or "head". */
export function layerOfParameter(name: string): string {
  const layer = /\.encoder\.layer\.(\d+)\./.exec(name);
  if (layer) return `layer ${Number(layer[1]) + 1}`;
  return name.includes(".embeddings.") ? "embeddings" : "head";
}

const KINDS: readonly (readonly [test: RegExp, kind: string])[] = [
  [/\.lora_A\.weight$/, "LoRA A"],
  [/\.lora_B\.weight$/, "LoRA B"],
  [/\.?bias$/, "biases"],
  [/(LayerNorm|layer_norm)\.weight$/, "norm scales"],
  [/\.embeddings\./, "embeddings"],
  [/\.attention\.self\.query\./, "query"],
  [/\.attention\.self\.key\./, "key"],
  [/\.attention\.self\.value\./, "value"],
  [/\.attention\.output\.dense\./, "attention output"],
  [/\.intermediate\.dense\./, "feed-forward in"],
  [/\.encoder\.layer\.\d+\.output\.dense\./, "feed-forward out"],
];

/** All kinds, in the order in which a figure shows them: along the forward pass, then what every layer has. */
export const PARAMETER_KINDS = [
  "embeddings",
  "query",
  "key",
  "value",
  "attention output",
  "feed-forward in",
  "feed-forward out",
  "head",
  "norm scales",
  "biases",
  "LoRA A",
  "LoRA B",
] as const;

/** What a parameter does: one of {@link PARAMETER_KINDS}; "head" are the head's weights. */
export const kindOfParameter = (name: string): string => KINDS.find(([test]) => test.test(name))?.[1] ?? "head";
