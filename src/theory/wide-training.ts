/** Full-batch training of a wide network on the squared loss, mean of (f − y)² / 2. */
import { DivergedError, InputError } from "../errors";
import {
  backward,
  copyOf,
  forward,
  networkBetween,
  takeStep,
  type Activations,
  type PerLayer,
  type WideNetwork,
} from "./wide-network";
import { dot } from "./wide-products";

export interface WideTask {
  /** N inputs of length d. */
  x: readonly Float64Array[];
  /** y, [N]. */
  targets: Float64Array;
}

export interface WideTraining {
  network: WideNetwork;
  steps: number;
  /** The share of the residual y − f_0 that training has fitted: ⟨f_t − f_0, y − f_0⟩ / ‖y − f_0‖². */
  fitted: number;
  /** Root of the mean squared residual, over that of the start. */
  residual: number;
}

export interface WideTrainingOptions {
  rates: PerLayer;
  /** Steps along the gradient's sign. */
  sign: boolean;
  /** Where to stop: the first step that goes beyond is shortened to end there. */
  until: { fitted: number } | { residual: number };
  /** Training that has not got there by then ends without. */
  maxSteps: number;
}

/** Trains a copy, with a pause after each step. */
export function* trainWideSteps(
  start: WideNetwork,
  { x, targets }: WideTask,
  { rates, sign, until, maxSteps }: WideTrainingOptions,
): Generator<undefined, WideTraining> {
  const network = copyOf(start);
  let activations = forward(network, x);
  const wanted = activations.outputs.map((f, k) => targets[k] - f);
  const size = dot(wanted, wanted);
  if (size === 0) throw new InputError("the network already fits its targets: there is nothing to train");
  const fittedAt = (outputs: Float64Array): number =>
    wanted.reduce((sum, r, k) => sum + r * (outputs[k] - targets[k] + r), 0) / size;
  const residualAt = (outputs: Float64Array): number =>
    Math.sqrt(outputs.reduce((sum, f, k) => sum + (f - targets[k]) ** 2, 0) / size);
  /** Grows to 0 at the stop. */
  const distance = (outputs: Float64Array): number =>
    "fitted" in until ? fittedAt(outputs) - until.fitted : until.residual - residualAt(outputs);
  let steps = 0;
  while (steps < maxSteps && distance(activations.outputs) < 0) {
    const before = { network: copyOf(network), distance: distance(activations.outputs) };
    const chi = activations.outputs.map((f, k) => (f - targets[k]) / targets.length);
    takeStep(network, activations, backward(network, activations), chi, rates, sign);
    steps++;
    yield;
    activations = forward(network, x);
    if (!activations.outputs.every(Number.isFinite))
      throw new DivergedError(
        `training of width ${network.width} has outputs that are no numbers after ${steps} steps: use a smaller learning rate`,
      );
    if ("fitted" in until && distance(activations.outputs) > 0)
      activations = yield* shortened(before, network, x, distance);
    yield;
  }
  return { network, steps, fitted: fittedAt(activations.outputs), residual: residualAt(activations.outputs) };
}

/** Near enough to the wanted share. */
const TOLERANCE = 1e-4;

/** Goes back along the last step to where the distance is 0, by false position between a point before and one beyond. */
function* shortened(
  before: { network: WideNetwork; distance: number },
  network: WideNetwork,
  x: readonly Float64Array[],
  distance: (outputs: Float64Array) => number,
): Generator<undefined, Activations> {
  const full = copyOf(network);
  let [low, atLow] = [0, before.distance];
  let activations = forward(network, x);
  let [high, atHigh] = [1, distance(activations.outputs)];
  for (let round = 0; round < 20 && Math.abs(distance(activations.outputs)) > TOLERANCE; round++) {
    const share = low + ((high - low) * -atLow) / (atHigh - atLow);
    Object.assign(network, networkBetween(before.network, full, share));
    activations = forward(network, x);
    const at = distance(activations.outputs);
    if (at < 0) [low, atLow] = [share, at];
    else [high, atHigh] = [share, at];
    yield;
  }
  return activations;
}
