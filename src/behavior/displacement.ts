/** How far parameters are from where they started, θ_t − θ_0, and the straight line between the two, on which linearization is a tangent. */
import { InputError } from "../errors";
import { floats, tf, type Tensor } from "../model/backend";
import { parameter, type Model } from "../model/model";
import type { Factor } from "../kernels/factors";
import { numbersOf } from "../kernels/gram";

/**
 * The parameters whose values may differ: those whose tensors are not shared by the two models.
 *
 * @throws naming a parameter that only one of them has, or that has two shapes; or LoRA scales that differ
 */
export function movedParameters(start: Model, tuned: Model): Set<string> {
  const moved = new Set<string>();
  for (const [name, tensor] of tuned.parameters) {
    const from = start.parameters.get(name);
    if (!from)
      throw new InputError(
        `the tuned model has the parameter ${name}, which the starting model lacks: give the starting model with everything that was trained (LoRA factors or a new head at their first values)`,
      );
    if (String(from.shape) !== String(tensor.shape))
      throw new InputError(
        `${name} has shape [${from.shape.join(", ")}] in the starting model and [${tensor.shape.join(", ")}] in the tuned one`,
      );
    if (from !== tensor) moved.add(name);
  }
  for (const name of start.parameters.keys())
    if (!tuned.parameters.has(name))
      throw new InputError(`the tuned model lacks the parameter ${name} of the starting model`);
  if ((start.loraScale ?? 1) !== (tuned.loraScale ?? 1))
    throw new InputError(
      `the LoRA scales differ: ${start.loraScale} in the starting model and ${tuned.loraScale} in the tuned one`,
    );
  return moved;
}

/**
 * ⟨∇_p f_c(x_i), Δp⟩ for one parameter p, every example and output, [C·B] output-major, without forming the gradient:
 * a weight's gradient is Σ_t δ_t x_tᵀ, so that its product with ΔW is Σ_t δ_t · (ΔW x_t).
 *
 * @param factor the gradients at the starting model
 */
export const directionalDerivative = (name: string, factor: Factor, start: Model, tuned: Model): Float32Array =>
  numbersOf(() => floats(contract(factor, parameter(start, name), parameter(tuned, name))));

function contract(factor: Factor, from: Tensor, to: Tensor): Tensor {
  switch (factor.kind) {
    case "matrix": {
      const { input, delta } = factor;
      const [, b, t, outputs] = delta.shape as [number, number, number, number];
      const moved = tf.matMul(input.reshape([b * t, -1]), tf.sub(to, from), false, true);
      return sumOfProducts(delta, moved.reshape([b, t, outputs]));
    }
    case "table": {
      const { rows, delta } = factor;
      const [, b, t, width] = delta.shape as [number, number, number, number];
      const moved = tf.sub(tf.gather(to, rows as never), tf.gather(from, rows as never));
      return sumOfProducts(delta, moved.reshape([b, t, width]));
    }
    case "vector":
      return tf.matMul(factor.gradient, tf.sub(to, from).reshape([-1, 1]));
    case "projected":
      throw new Error("a projected gradient has no product with a displacement");
  }
}

/** Σ over tokens and features of δ [C, B, T, F] times [B, T, F]; one axis at a time, as float32 sums of many terms lose digits. */
const sumOfProducts = (delta: Tensor, x: Tensor): Tensor => tf.sum(tf.sum(tf.mul(delta, x), 3), 2);

/**
 * Calls `use` with the model whose parameters are θ_0 + s (θ_t − θ_0); 0 is the start, 1 the tuned model. Its tensors are released afterwards.
 *
 * @throws as {@link movedParameters} if the two models do not fit
 */
export function withModelBetween<T>(start: Model, tuned: Model, share: number, use: (model: Model) => T): T {
  const moved = [...movedParameters(start, tuned)];
  const tensors = new Map(
    moved.map((name) => [
      name,
      tf.tidy(() =>
        tf.add(parameter(start, name), tf.mul(share, tf.sub(parameter(tuned, name), parameter(start, name)))),
      ),
    ]),
  );
  try {
    return use({
      ...start,
      parameters: new Map([...start.parameters, ...tensors]),
      hash: `${start.hash}+${share}(${tuned.hash})`,
    });
  } finally {
    tf.dispose([...tensors.values()]);
  }
}
