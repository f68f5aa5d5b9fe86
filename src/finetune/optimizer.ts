import { tf, type Tensor } from "../model/backend";
import type { FlatLayout } from "./flat-parameters";

export const OPTIMIZERS = ["sgd", "signgd", "adamw"] as const;

/** Name of an optimizer that can fine-tune. */
export type OptimizerName = (typeof OPTIMIZERS)[number];

/** An optimizer over one flat parameter vector [P]. */
export interface Optimizer {
  /** One step: the new parameters. Disposes of nothing that it is given. */
  update(parameters: Tensor, gradient: Tensor, learningRate: number): Tensor;
  /** Number of steps taken and the moment vectors, to save and to restore. */
  state(): OptimizerState;
  dispose(): void;
}

export interface OptimizerState {
  step: number;
  moments: Tensor[];
}

export interface OptimizerOptions {
  /** Of AdamW only, as are beta2 and epsilon. */
  beta1?: number;
  beta2?: number;
  epsilon?: number;
  /** Decoupled in AdamW; in SGD and SignGD decay · θ is added to the gradient (or its sign), as in PyTorch. Default 0, as in the authors' runs. */
  weightDecay?: number;
  /** 1 where decay applies and 0 elsewhere (biases and layer norms), [P]. Default: everywhere. */
  decayMask?: Tensor;
}

/** The parts of an optimizer step that follow from its number and the learning rate. Tensors where the step is part of a graph. */
export interface StepRates {
  /** What the direction is multiplied by: the learning rate, in AdamW with the bias correction. */
  stepSize: Tensor | number;
  /** Of decoupled decay: learning rate · weight decay. */
  decay: Tensor | number;
}

/** The rates of step t = 1, 2, … */
export function stepRates(
  name: OptimizerName,
  { beta1 = 0.9, beta2 = 0.999, weightDecay = 0 }: OptimizerOptions,
  step: number,
  learningRate: number,
): { stepSize: number; decay: number } {
  const correction = name === "adamw" ? Math.sqrt(1 - beta2 ** step) / (1 - beta1 ** step) : 1;
  return { stepSize: learningRate * correction, decay: learningRate * weightDecay };
}

/** How many moment vectors an optimizer has. */
export const momentCount = (name: OptimizerName): number => (name === "adamw" ? 2 : 0);

/**
 * One step on a vector of parameters: a function of tensors only.
 * @returns the new parameters and moments
 */
export function updated(
  name: OptimizerName,
  options: OptimizerOptions,
  parameters: Tensor,
  gradient: Tensor,
  moments: readonly Tensor[],
  rates: StepRates,
): { parameters: Tensor; moments: Tensor[] } {
  const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weightDecay = 0, decayMask } = options;
  const decaying = (x: Tensor): Tensor => (decayMask ? tf.mul(x, decayMask) : x);
  if (name !== "adamw") {
    const direction = name === "signgd" ? tf.sign(gradient) : gradient;
    const whole = weightDecay === 0 ? direction : tf.add(direction, tf.mul(decaying(parameters), weightDecay));
    return { parameters: tf.sub(parameters, tf.mul(whole, rates.stepSize)), moments: [] };
  }
  // AdamW as in Hugging Face transformers 4: ε is added to √v before the bias correction.
  const m = tf.add(tf.mul(moments[0], beta1), tf.mul(gradient, 1 - beta1));
  const v = tf.add(tf.mul(moments[1], beta2), tf.mul(tf.square(gradient), 1 - beta2));
  const moved = tf.sub(parameters, tf.mul(tf.div(m, tf.add(tf.sqrt(v), epsilon)), rates.stepSize));
  return {
    parameters: weightDecay === 0 ? moved : tf.sub(moved, tf.mul(decaying(moved), rates.decay)),
    moments: [m, v],
  };
}

/** Makes the optimizer of that name; `restore` continues from a saved state, whose tensors it takes over. */
export function createOptimizer(
  name: OptimizerName,
  options: OptimizerOptions = {},
  restore?: OptimizerState,
): Optimizer {
  let step = restore?.step ?? 0;
  let moments = restore?.moments ?? [];
  return {
    update(parameters, gradient, learningRate) {
      step++;
      while (moments.length < momentCount(name)) moments.push(tf.keep(tf.zerosLike(gradient)));
      const [next, ...after] = tf.tidy(() => {
        const result = updated(
          name,
          options,
          parameters,
          gradient,
          moments,
          stepRates(name, options, step, learningRate),
        );
        return [result.parameters, ...result.moments];
      });
      tf.dispose(moments);
      moments = after.map((moment) => tf.keep(moment));
      return next;
    },
    state: () => ({ step, moments }),
    dispose: () => tf.dispose(moments),
  };
}

/** The authors' groups: a parameter whose name contains one of these does not decay. (So RoBERTa's lm_head.layer_norm.weight decays.) */
const NO_DECAY = ["bias", "LayerNorm.weight"];

const decays = (name: string): boolean => !NO_DECAY.some((part) => name.includes(part));

/** How much a layout's parameters decay: a mask, 1 where weight decay applies and 0 elsewhere, [P], only where some do and some do not. */
export function decayOf(
  { names, sizes }: FlatLayout,
  weightDecay: number,
): Pick<OptimizerOptions, "weightDecay" | "decayMask"> {
  if (!names.some(decays)) return { weightDecay: 0 };
  if (names.every(decays)) return { weightDecay };
  return {
    weightDecay,
    decayMask: tf.tidy(() => tf.concat(names.map((name, i) => tf.fill([sizes[i]], decays(name) ? 1 : 0)))),
  };
}

/** Scales a gradient so that its Euclidean norm is at most `limit`, as torch.nn.utils.clip_grad_norm_ does. */
export const clipByNorm = (gradient: Tensor, limit: number): Tensor =>
  tf.tidy(() => tf.mul(gradient, clipScale([gradient], limit)));

/** What {@link clipByNorm} multiplies by, for a gradient in several vectors. */
export const clipScale = (gradients: readonly Tensor[], limit: number): Tensor =>
  tf.tidy(() =>
    tf.minimum(
      tf.div(limit, tf.add(tf.sqrt(tf.addN(gradients.map((gradient) => tf.sum(tf.square(gradient))))), 1e-6)),
      1,
    ),
  );

export const SCHEDULES = ["linear", "constant"] as const;
export type Schedule = (typeof SCHEDULES)[number];

/** The learning rate of step t = 0 … steps − 1: linear warm-up, then linear decay to 0. */
export const linearSchedule = (peak: number, t: number, steps: number, warmup = 0): number =>
  t < warmup ? (peak * t) / warmup : (peak * (steps - t)) / Math.max(1, steps - warmup);

/** The learning rate of step t: linear warm-up, then the peak. */
export const constantSchedule = (peak: number, t: number, warmup = 0): number =>
  t < warmup ? (peak * t) / warmup : peak;

/** The learning rate of step t = 0 … steps − 1 of the named schedule, both as in Hugging Face's `get_…_schedule_with_warmup`. */
export const scheduledRate = (schedule: Schedule, peak: number, t: number, steps: number, warmup = 0): number =>
  schedule === "linear" ? linearSchedule(peak, t, steps, warmup) : constantSchedule(peak, t, warmup);
