/** How many of the gradients' signs float32's rounding decides. */
import { isKeyBias } from "../model/architecture";
import { tf, type Tensor } from "../model/backend";
import type { Sequence } from "../model/batch";
import type { KernelSettings } from "./block";
import { matrixSlices, tableSlices } from "./contract";
import { passOf, type Factor } from "./factors";

/** Numbers of gradients whose signs were looked at, and those of them that rounding decides. */
export interface SignCount {
  numbers: number;
  rounded: number;
}

/**
 * The largest |Σ_t δ_t x_t| / Σ_t |δ_t x_t| of a number whose sign rounding decides: 16 float32 ulps. Of the numbers below it
 * about half have another sign on another backend.
 */
export const ROUNDING = 2 ** -19;

/** To count takes longer than a block's kernels, so that at most this share of its examples, and this many, are counted. */
const COUNTED = { share: 1 / 16, examples: 2 };

/** The examples of a block that are counted: evenly of those whose signs count. */
export function countedExamples(examples: readonly Sequence[]): Sequence[] {
  const count = Math.min(COUNTED.examples, Math.ceil(examples.length * COUNTED.share));
  return Array.from({ length: count }, (_, i) => examples[Math.floor(((i + 0.5) * examples.length) / count)]);
}

/** The counts of several blocks or splits as one; undefined where nothing was counted. */
export const addCounts = (left?: SignCount, right?: SignCount): SignCount | undefined =>
  left && right ? { numbers: left.numbers + right.numbers, rounded: left.rounded + right.rounded } : (left ?? right);

/**
 * Counts, in the gradients of these examples, the numbers Σ_t δ_t x_t that are at most {@link ROUNDING} · Σ_t |δ_t x_t|, zeros
 * among them: their terms cancel as far as float32 goes. What an output does not depend on (all δ_t are zero, as in the rows
 * of tables that an example does not use) is not counted, nor what the sign formulas leave out.
 */
export function* countSigns(
  { model, outputs, parameters, signs }: Pick<KernelSettings, "model" | "outputs" | "parameters" | "signs">,
  examples: readonly Sequence[],
): Generator<undefined, SignCount> {
  const count: SignCount = { numbers: 0, rounded: 0 };
  for (const step of passOf(model, outputs, parameters)([...examples])) {
    if (step && "factor" in step && !(signs === "exact" && isKeyBias(step.parameter)))
      yield* countFactor(step.factor, count);
    else yield;
  }
  return count;
}

function* countFactor(factor: Factor, count: SignCount): Generator<undefined, void> {
  const total = (which: Tensor): number => tf.sum(which).dataSync()[0];
  const add = (numbers: Tensor, terms: Tensor): void => {
    count.numbers += numbers.size;
    count.rounded += total(tf.lessEqual(tf.abs(numbers), tf.mul(terms, ROUNDING)));
  };
  /** Takes out numbers that are zero because nothing depends on them. */
  const leaveOut = (numbers: number): void => {
    count.numbers -= numbers;
    count.rounded -= numbers;
  };
  const unused = (terms: Tensor, axis: number): number => total(tf.equal(tf.max(terms, axis), 0));
  if (factor.kind === "vector") {
    tf.tidy(() => {
      const terms = factor.terms!();
      add(factor.gradient, terms);
      leaveOut(total(tf.equal(terms, 0)));
    });
  } else if (factor.kind !== "projected") {
    const delta = tf.abs(factor.delta);
    const input = factor.kind === "matrix" ? tf.abs(factor.input) : undefined;
    try {
      if (factor.kind === "matrix") {
        yield* matrixSlices(factor, { ...factor, input: input!, delta }, add);
        leaveOut(tf.tidy(() => unused(delta, 2)) * input!.shape[2]!);
      } else {
        const width = delta.shape[3]!;
        yield* tableSlices(factor, { ...factor, delta }, (numbers, terms) => {
          add(numbers, terms);
          leaveOut(unused(terms.reshape([-1, width]), 1) * width);
        });
      }
    } finally {
      tf.dispose([delta, ...(input ? [input] : [])]);
    }
  }
}
