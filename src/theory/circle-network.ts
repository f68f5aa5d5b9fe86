/**
 * Kernel behaviour on a network small enough to see: the inputs are the points of a circle, so that f, its linearization and a
 * row of its kernel are curves over the angle. The network is that of wide-network.ts in the lazy scaling (width-scaling.ts),
 * where theory says that it comes nearer to its linearization as it grows wider: both sides are seen at two widths.
 */
import { InputError } from "../errors";
import type { KernelTensor } from "../kernels/kernel-tensor";
import { runSteps } from "../steps";
import { distanceBetween, kernelChange, type KernelChange } from "../behavior/kernel-comparison";
import { gradientsOf, linearChange, randomNetwork, weightedKernel, type WideNetwork } from "./wide-network";
import { trainWideSteps } from "./wide-training";
import { initialDeviations, scaledRates, widthRates } from "./width-scaling";

/** What the network is trained to do. */
export interface CircleTask {
  /** Where on the circle the training examples are, in degrees. */
  angles: readonly number[];
  /** f's target at each. */
  targets: readonly number[];
}

export interface CircleOptions {
  task: CircleTask;
  /** Hidden units in each of the two layers. */
  width: number;
  /** Draws the initial weights. */
  seed: number;
  /** The share of (targets − f_0) that training fits. Default 0.9. */
  fitted?: number;
  /** Learning rate, before scaling with the width. Default 1. */
  rate?: number;
  /** Default 2,000. */
  maxSteps?: number;
}

/** A trained network beside its linearization. */
export interface CircleFit {
  task: CircleTask;
  width: number;
  /** Steps taken, and the share of (targets − f_0) fitted by them: less than asked for where maxSteps was not enough. */
  steps: number;
  fitted: number;
  /** θ_0 and θ_t. */
  networks: { start: WideNetwork; tuned: WideNetwork };
  /** Where the curves are given, in degrees, [m]. */
  angles: number[];
  /** f_0, f_t and f_lin there, [m]. */
  outputs: { start: Float64Array; tuned: Float64Array; linearized: Float64Array };
  /** ‖f_lin − f_t‖ / ‖f_t − f_0‖ over the circle. */
  error: number;
  /** The kernel that moves f, of the training examples with all angles, [n, 1, m, 1]: each layer counts by its learning rate. */
  kernels: { start: KernelTensor; tuned: KernelTensor };
  change: KernelChange;
}

/** Degrees from one point of a curve to the next. */
const STEP = 5;

/** The inputs (cos φ, sin φ, 1) for angles φ in degrees; the last number is the input of a bias. */
export const circleInputs = (degrees: readonly number[]): Float64Array[] =>
  degrees.map((angle) => Float64Array.of(Math.cos((angle * Math.PI) / 180), Math.sin((angle * Math.PI) / 180), 1));

/** Trains a network from a random start by full-batch gradient descent on the squared loss. */
export const fitCircle = (options: CircleOptions, signal?: AbortSignal): Promise<CircleFit> =>
  runSteps(fitCircleSteps(options), signal);

/** {@link fitCircle} with a pause after each step. */
export function* fitCircleSteps({
  task,
  width,
  seed,
  fitted = 0.9,
  rate = 1,
  maxSteps = 2000,
}: CircleOptions): Generator<undefined, CircleFit> {
  if (task.angles.length === 0 || task.angles.length !== task.targets.length)
    throw new InputError(
      `the task has ${task.angles.length} angles and ${task.targets.length} targets: both must be the same number, at least 1`,
    );
  const train = circleInputs(task.angles);
  const angles = Array.from({ length: 360 / STEP + 1 }, (_, i) => STEP * i);
  const circle = circleInputs(angles);
  const inputs = circle[0].length;
  const rates = widthRates("lazy", "sgd", width, inputs);
  const start = randomNetwork(width, inputs, initialDeviations("lazy", width, inputs), seed);
  const training = yield* trainWideSteps(
    start,
    { x: train, targets: Float64Array.from(task.targets) },
    { rates: scaledRates(rates, rate), sign: false, until: { fitted }, maxSteps },
  );
  const tuned = training.network;
  const [onCircle, tunedOnCircle] = [start, tuned].map((network) => gradientsOf(network, circle));
  const [before, after] = [onCircle, tunedOnCircle].map(({ activations }) => activations.outputs);
  const change = linearChange(start, tuned, onCircle.activations, onCircle.derivatives);
  const linearized = before.map((f, i) => f + change[i]);
  const kernelOf = (network: WideNetwork, others: typeof onCircle): KernelTensor => ({
    values: weightedKernel(gradientsOf(network, train), others, rates),
    shape: [train.length, 1, circle.length, 1],
  });
  const kernels = { start: kernelOf(start, onCircle), tuned: kernelOf(tuned, tunedOnCircle) };
  return {
    task,
    width,
    steps: training.steps,
    fitted: training.fitted,
    networks: { start, tuned },
    angles,
    outputs: { start: before, tuned: after, linearized },
    error: distanceBetween(linearized, after) / distanceBetween(before, after),
    kernels,
    change: kernelChange(kernels.start, kernels.tuned),
  };
}
