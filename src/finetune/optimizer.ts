import { tf, type Tensor } from "../model/backend";
import type { FlatLayout } from "./flat-parameters";

export const OPTIMIZERS = ["sgd", "signgd", "adamw"] as const;
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

/** Makes the optimizer of that name; `restore` continues from a saved state, whose tensors it takes over. */
export function createOptimizer(name: OptimizerName, options: OptimizerOptions = {}, restore?: OptimizerState): Optimizer {
  if (name === "adamw") return adamW(options, restore);
  const { weightDecay = 0, decayMask } = options;
  let step = restore?.step ?? 0;
  return {
    update(parameters, gradient, learningRate) {
      step++;
      return tf.tidy(() => {
        const direction = name === "signgd" ? tf.sign(gradient) : gradient;
        const decay = (): Tensor => tf.mul(decayMask ? tf.mul(parameters, decayMask) : parameters, weightDecay);
        return tf.sub(parameters, tf.mul(weightDecay === 0 ? direction : tf.add(direction, decay()), learningRate));
      });
    },
    state: () => ({ step, moments: [] }),
    dispose: () => undefined,
  };
}

/** AdamW as in Hugging Face transformers 4: ε is added to √v before the bias correction. */
function adamW({ beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weightDecay = 0, decayMask }: OptimizerOptions, restore?: OptimizerState): Optimizer {
  let step = restore?.step ?? 0;
  let moments = restore?.moments ?? [];
  return {
    update(parameters, gradient, learningRate) {
      step++;
      if (moments.length === 0) moments = [tf.keep(tf.zerosLike(gradient)), tf.keep(tf.zerosLike(gradient))];
      const stepSize = (learningRate * Math.sqrt(1 - beta2 ** step)) / (1 - beta1 ** step);
      const [next, first, second] = tf.tidy(() => {
        const m = tf.add(tf.mul(moments[0], beta1), tf.mul(gradient, 1 - beta1));
        const v = tf.add(tf.mul(moments[1], beta2), tf.mul(tf.square(gradient), 1 - beta2));
        const moved = tf.sub(parameters, tf.mul(tf.div(m, tf.add(tf.sqrt(v), epsilon)), stepSize));
        const decay = tf.mul(decayMask ? tf.mul(moved, decayMask) : moved, learningRate * weightDecay);
        return [weightDecay === 0 ? moved : tf.sub(moved, decay), m, v];
      });
      tf.dispose(moments);
      moments = [tf.keep(first), tf.keep(second)];
      return next;
    },
    state: () => ({ step, moments }),
    dispose: () => tf.dispose(moments),
  };
}

/** The authors' groups: no decay on a parameter whose name has one of these in it. (So RoBERTa's lm_head.layer_norm.weight decays.) */
const NO_DECAY = ["bias", "LayerNorm.weight"];

/** 1 where weight decay applies and 0 elsewhere, [P]. */
export const decayMaskOf = ({ names, sizes }: FlatLayout): Tensor =>
  tf.tidy(() => tf.concat(names.map((name, i) => tf.fill([sizes[i]], NO_DECAY.some((part) => name.includes(part)) ? 0 : 1))));

/** Scales a gradient so that its Euclidean norm is at most `limit`, as torch.nn.utils.clip_grad_norm_ does. */
export function clipByNorm(gradient: Tensor, limit: number): Tensor {
  return tf.tidy(() => {
    const scale = tf.minimum(tf.div(limit, tf.add(tf.sqrt(tf.sum(tf.square(gradient))), 1e-6)), 1);
    return tf.mul(gradient, scale);
  });
}
