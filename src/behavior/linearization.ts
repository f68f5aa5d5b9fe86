/**
 * Linearization (Definition 3.2 of the paper): how well a fine-tuned model is described by its first-order expansion
 * around the pretrained one, f_lin(x) = f(x; θ_0) + ⟨∇f(x; θ_0), θ_t − θ_0⟩.
 *
 * The product is taken at the places where parameters enter: a weight contributes Σ_t δ_t · (ΔW x_t), with the same
 * inputs x and derivatives δ that kernels are made of. This is exact, like a forward-mode pass, needs no second way of
 * differentiating, and one forward and backward pass at θ_0 serves any number of θ_t (a whole training history),
 * at the cost of one product for each weight; forward mode would need a pass for every θ_t.
 */
import { byLength, type Sequence } from "../model/batch";
import type { Model } from "../model/model";
import { factorsOfPass } from "../kernels/factors";
import type { Outputs } from "../kernels/outputs";
import { selectParameters, type ParameterFilter } from "../kernels/parameter-filter";
import { runSteps } from "../steps";
import { directionalDerivative, movedParameters } from "./displacement";
import type { OutputTable } from "./output-loss";

export interface LinearizationOptions {
  /** θ_0: where gradients are taken. */
  model: Model;
  outputs: Outputs;
  sequences: readonly Sequence[];
  /** The same model with other parameters θ_t, one for each checkpoint; tensors shared with `model` count as not moved. A history too long for memory goes in groups. */
  tuned: readonly Model[];
  /** The parameters whose movement counts. Default: all. */
  parameters?: ParameterFilter;
  /** Examples in a pass. Default 32. */
  batchSize?: number;
}

export interface Linearization {
  /** f(x; θ_0), [n, C]. */
  start: OutputTable;
  /** f_lin(x) for each tuned model, [n, C]. */
  linearized: OutputTable[];
}

/**
 * The first-order expansion f_lin(x) = f(x; θ_0) + ⟨∇f(x; θ_0), θ_t − θ_0⟩ (Definition 3.2 of the paper) for every example
 * and tuned model: outputs f of shape [n, C].
 *
 * @throws if a tuned model has other parameters or shapes than the start
 */
export const linearize = (options: LinearizationOptions, signal?: AbortSignal): Promise<Linearization> =>
  runSteps(linearizationSteps(options), signal);

/** {@link linearize} with a pause after each parameter. */
export function* linearizationSteps({
  model,
  outputs,
  sequences,
  tuned,
  parameters = [],
  batchSize = 32,
}: LinearizationOptions): Generator<undefined, Linearization> {
  const counted = selectParameters(model.parameters.keys(), parameters);
  const moved = tuned.map((each) => new Set([...movedParameters(model, each)].filter((name) => counted.has(name))));
  const needed = new Set(moved.flatMap((names) => [...names]));
  const c = outputs.combine.length;
  const table = (): OutputTable => ({ values: new Float64Array(sequences.length * c), shape: [sequences.length, c] });
  const start = table();
  const changes = tuned.map(table);
  for (const indices of byLength(sequences, { examples: batchSize })) {
    const batch = indices.map((i) => sequences[i]);
    for (const step of factorsOfPass(model, outputs, batch, needed)) {
      if (step && "values" in step)
        indices.forEach((i, b) => start.values.set(step.values.subarray(b * c, (b + 1) * c), i * c));
      else if (step) {
        const { parameter, factor } = step;
        tuned.forEach((each, k) => {
          if (!moved[k].has(parameter)) return;
          const part = directionalDerivative(parameter, factor, model, each);
          indices.forEach((i, b) => {
            for (let a = 0; a < c; a++) changes[k].values[i * c + a] += part[a * indices.length + b];
          });
        });
      }
      yield;
    }
  }
  const linearized = changes.map(({ values, shape }) => ({
    values: values.map((change, i) => start.values[i] + change),
    shape,
  }));
  return { start, linearized };
}
