/** One kernel entry taken apart: by layer and kind of parameter, and by pairs of tokens. */
import { kindOfParameter, layerOfParameter } from "../behavior/fixed-features";
import { blockSteps } from "../kernels/block";
import type { Factor, MatrixFactor, TableFactor } from "../kernels/factors";
import type { Formula } from "../kernels/formula";
import type { GradientFactors } from "../kernels/training-side";
import { tf, type Tensor } from "../model/backend";
import type { Sequence } from "../model/batch";
import { runSteps } from "../steps";
import type { EntryAnswer, EntryPart, EntryRequest, OnProgress } from "./answer";
import { aboutOf, disagreementOf, gradientsOf } from "./columns";
import { sentencePrompt } from "./sentence";
import type { Scene } from "./scene";

/** The kernels that are compared. */
export const ENTRY_FORMULAS = ["sgd", "signgd", "asymmetric_signgd"] as const satisfies readonly Formula[];

/** @throws InputError for a text that is empty or too long */
export async function answerEntry(
  scene: Scene,
  { left, right }: EntryRequest,
  onProgress: OnProgress,
  signal?: AbortSignal,
): Promise<EntryAnswer> {
  const began = performance.now();
  const { model, outputs, tokenizer } = scene;
  const [l, r] = [left, right].map((texts) => sentencePrompt(scene, texts));
  const kept: GradientFactors[] = [];
  try {
    for (const [i, sequence] of [l, r].entries())
      kept.push(
        await gradientsOf(scene, [sequence], {
          what: `gradient of the ${["first", "second"][i]} sentence`,
          onProgress,
          signal,
        }),
      );
    const parameters = new Set(model.parameters.keys());
    const settings = { model, outputs, formulas: ENTRY_FORMULAS, parameters, signs: "exact", breakdown: true } as const;
    const block = await runSteps(blockSteps(settings, kept[0], [r]), signal);
    const c = outputs.combine.length;
    const number = (entry: Float64Array): number => meanOfOutputs(entry, c);
    const sgd = new Map([...block.shares.get("sgd")!].map(([name, share]) => [name, number(share)]));
    const pairs = tokenPairs(kept[0], kept[1], l, r);
    const words = ({ ids }: Sequence): string[] => ids.map((id) => tokenizer.idToToken(id) ?? String(id));
    return {
      kind: "entry",
      values: Object.fromEntries([...block.kernels].map(([formula, entry]) => [formula, number(entry)])),
      parts: partsOf(block.shares, number),
      tokens: {
        left: words(l),
        right: words(r),
        values: [...pairs.values],
        rest: [...sgd].reduce((sum, [name, share]) => sum + (pairs.counted.has(name) ? 0 : share), 0),
      },
      about: aboutOf(began, await disagreementOf(scene, "sgd", { onProgress, signal })),
    };
  } finally {
    kept.forEach((factors) => factors.dispose());
  }
}

/** One entry [1, C, 1, C] as the mean over outputs c of K[c, c]. */
const meanOfOutputs = (entry: Float64Array, c: number): number => {
  let sum = 0;
  for (let output = 0; output < c; output++) sum += entry[output * c + output];
  return sum / c;
};

function partsOf(
  shares: ReadonlyMap<Formula, ReadonlyMap<string, Float64Array>>,
  number: (entry: Float64Array) => number,
): EntryPart[] {
  const parts = new Map<string, EntryPart>();
  for (const [formula, byParameter] of shares)
    for (const [name, share] of byParameter) {
      const [layer, kind] = [layerOfParameter(name), kindOfParameter(name)];
      const part = parts.get(`${layer}\n${kind}`) ?? { layer, kind, values: {} };
      part.values[formula] = (part.values[formula] ?? 0) + number(share);
      parts.set(`${layer}\n${kind}`, part);
    }
  return [...parts.values()];
}

/**
 * The SGD entry by pairs of tokens: a weight's part is Σ_ts (x_t · x′_s)(δ_t · δ′_s), a table's Σ_ts (δ_t · δ′_s) over
 * tokens of one row. What is computed at the mask alone (the last layer and the head) counts for the pair of masks.
 * Biases and norms, whose gradients are sums over tokens already, are left out.
 *
 * @returns [T, T′] row-major, the mean over outputs; and the parameters that are in it
 */
export function tokenPairs(
  left: GradientFactors,
  right: GradientFactors,
  leftPrompt: Sequence,
  rightPrompt: Sequence,
): { values: Float64Array; counted: Set<string> } {
  const [rows, columns] = [leftPrompt.ids.length, rightPrompt.ids.length];
  const values = new Float64Array(rows * columns);
  const counted = new Set<string>();
  const masks = leftPrompt.maskPosition * columns + rightPrompt.maskPosition;
  for (const [name, factor] of left.factors) {
    const pairs = pairProducts(factor, right.factors.get(name)!);
    if (!pairs) continue;
    counted.add(name);
    const everyToken = pairs.shape[0] === rows && pairs.shape[1] === columns && !isOfHead(factor, rows);
    pairs.values.forEach((value, k) => (values[everyToken ? k : masks] += value));
  }
  return { values, counted };
}

/** Whether a table's rows are the label words, not the sentence's tokens. */
const isOfHead = (factor: Factor, tokens: number): boolean =>
  factor.kind === "table" && factor.rows.shape[1] !== tokens;

function pairProducts(left: Factor, right: Factor): { values: Float32Array; shape: number[] } | undefined {
  if (left.kind === "matrix" && right.kind === "matrix")
    return meanOverOutputs(left, right, () => gram(left.input, right.input));
  if (left.kind === "table" && right.kind === "table")
    return meanOverOutputs(left, right, () =>
      tf.cast(tf.equal(left.rows.reshape([-1, 1]), right.rows.reshape([1, -1])), "float32"),
    );
  return undefined;
}

/** (Σ_c δ_c δ′_cᵀ / C) ⊙ what the inputs agree in, [T, T′]. */
function meanOverOutputs(
  left: MatrixFactor | TableFactor,
  right: MatrixFactor | TableFactor,
  agreement: () => Tensor,
): { values: Float32Array; shape: number[] } {
  const c = left.delta.shape[0];
  const product = tf.tidy(() => {
    const [l, r] = [tf.unstack(left.delta), tf.unstack(right.delta)];
    const deltas = tf.addN(l.map((delta, output) => gram(delta, r[output])));
    return tf.div(tf.mul(deltas, agreement()), c);
  });
  const result = { values: product.dataSync<"float32">().slice(), shape: product.shape };
  product.dispose();
  return result;
}

/** Inner products of all rows of [1, T, F] and [1, T′, F]. */
const gram = (a: Tensor, b: Tensor): Tensor =>
  tf.matMul(a.reshape([-1, a.shape[2]!]), b.reshape([-1, b.shape[2]!]), false, true);
