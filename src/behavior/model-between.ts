/** The straight line from θ_0 to θ_t, on which linearization is a tangent. */
import { tf } from "../model/backend";
import { parameter, type Model } from "../model/model";
import { movedParameters } from "./displacement";

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
