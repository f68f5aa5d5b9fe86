/**
 * An optimizer step as functions of tensors: forward pass, loss, backward pass, clipping and optimizer. Everything that
 * changes between steps is an input, so that each can be one TensorFlow graph.
 *
 * Inputs and results are named `theta.0`, … (the trained parameters' vectors), `moment.0`, …, `sum.0`, … (gradients
 * added up so far), `frozen.` and a parameter's name, and as in step-inputs.ts and optimizer.ts (`stepSize`, `decay`).
 */
import { tf, tidy, type Tensor } from "../model/backend";
import { compiled, type Compiled, type Tensors } from "../model/compiled";
import type { Head } from "../model/head";
import type { Model } from "../model/model";
import { disposeFlatParameters, flatten, withFlatParameters, type FlatLayout } from "./flat-parameters";
import { gradientTensors, targetLoss, type Loss } from "./parameter-gradients";
import { clipScale, decayOf, updated } from "./optimizer";
import { givenBatch, givenMasks, headOnReads } from "./step-inputs";
import type { TrainingConfig } from "./training-config";

/** What is the same in all steps: no tensors. */
export interface StepKind {
  model: Pick<Model, "config" | "loraScale">;
  head: Head;
  /** How the trained parameters lie in vectors. */
  layouts: readonly FlatLayout[];
  config: Pick<TrainingConfig, (typeof SETTINGS)[number]>;
}

/** The settings that are part of a graph; the others are inputs or do not matter to it. */
const SETTINGS = [
  "optimizer",
  "beta1",
  "beta2",
  "epsilon",
  "weightDecay",
  "clipNorm",
  "loss",
  "accumulate",
] as const satisfies readonly (keyof TrainingConfig)[];

type StepFunction = (inputs: Tensors) => Tensors;

export interface StepFunctions {
  /** A step on one batch → `loss`, `theta` and `moment`. */
  whole: StepFunction;
  /** A batch's gradient, added to `sum` → `loss` and `sum`. */
  gradient: StepFunction;
  /** What is left to do when the gradients of all batches are added up → `theta` and `moment`. */
  update: StepFunction;
}

/** Tensors under the names that a list of them has among inputs and results. */
export const numbered = (name: string, tensors: readonly Tensor[]): Record<string, Tensor> =>
  Object.fromEntries(tensors.map((tensor, i) => [`${name}.${i}`, tensor]));

/** The list that {@link numbered} named. */
export function listed(name: string, tensors: Tensors): Tensor[] {
  const list: Tensor[] = [];
  while (`${name}.${list.length}` in tensors) list.push(tensors[`${name}.${list.length}`]);
  return list;
}

const FROZEN = "frozen.";

/** The parameters that are not trained, as inputs. */
export function frozenInputs({ parameters }: Model, layouts: readonly FlatLayout[]): Tensors {
  const trained = new Set(layouts.flatMap(({ names }) => names));
  return Object.fromEntries(
    [...parameters].filter(([name]) => !trained.has(name)).map(([name, tensor]) => [FROZEN + name, tensor]),
  );
}

/**
 * The functions, run operation by operation.
 * @param lossOf the loss, out of a step's inputs. Default: that of the settings against `target` and `share`.
 */
export function stepFunctions(
  kind: StepKind,
  lossOf: (inputs: Tensors) => Loss = ({ target, share }) => targetLoss(kind.config.loss, target, share),
): StepFunctions {
  const {
    model: { config: modelConfig, loraScale },
    head,
    layouts,
    config,
  } = kind;
  const only = new Set(layouts.flatMap(({ names }) => names));
  const givenModel = (inputs: Tensors): Model => {
    const frozen = Object.entries(inputs).filter(([name]) => name.startsWith(FROZEN));
    const start: Model = {
      config: modelConfig,
      loraScale,
      hash: "",
      parameters: new Map(frozen.map(([name, tensor]) => [name.slice(FROZEN.length), tensor])),
    };
    return layouts.reduce((model, layout, i) => withFlatParameters(model, layout, inputs[`theta.${i}`]), start);
  };
  const gradientOf = (inputs: Tensors): { loss: Tensor; vectors: Tensor[] } => {
    const batch = givenBatch(inputs);
    const model = givenModel(inputs);
    const result = gradientTensors(model, headOnReads(head, batch), batch, lossOf(inputs), {
      only,
      dropout: givenMasks(inputs),
    });
    const vectors = layouts.map((layout) => flatten(layout, (name) => result.gradients.get(name)!));
    // These are kept beyond a tidy.
    layouts.forEach((layout) => disposeFlatParameters(model, layout));
    tf.dispose([...result.gradients.values()]);
    return { loss: result.loss, vectors };
  };
  const updateWith = (inputs: Tensors, gradients: readonly Tensor[]): Tensors => {
    const scale = config.clipNorm === null ? undefined : clipScale(gradients, config.clipNorm);
    const moments = listed("moment", inputs);
    const results = gradients.map((gradient, i) => {
      const own = moments.filter((_, k) => k % layouts.length === i);
      const options = config.weightDecay === 0 ? config : { ...config, ...decayOf(layouts[i], config.weightDecay) };
      return updated(config.optimizer, options, inputs[`theta.${i}`], scale ? tf.mul(gradient, scale) : gradient, own, {
        stepSize: inputs.stepSize,
        decay: inputs.decay,
      });
    });
    const kinds = moments.length / layouts.length;
    const next = Array.from({ length: kinds }, (_, kind) => results.map((result) => result.moments[kind])).flat();
    return {
      ...numbered(
        "theta",
        results.map(({ parameters }) => parameters),
      ),
      ...numbered("moment", next),
    };
  };
  return {
    whole: inTidy((inputs) => {
      const { loss, vectors } = gradientOf(inputs);
      return { loss, ...updateWith(inputs, vectors) };
    }),
    gradient: inTidy((inputs) => {
      const { loss, vectors } = gradientOf(inputs);
      return {
        loss,
        ...numbered(
          "sum",
          vectors.map((vector, i) => (`sum.${i}` in inputs ? tf.add(inputs[`sum.${i}`], vector) : vector)),
        ),
      };
    }),
    update: inTidy((inputs) =>
      updateWith(
        inputs,
        listed("sum", inputs).map((sum) => (config.accumulate === 1 ? sum : tf.mul(sum, 1 / config.accumulate))),
      ),
    ),
  };
}

const inTidy =
  (f: StepFunction): StepFunction =>
  (inputs) =>
    tidy(() => f(inputs));

/** Kinds of steps whose graphs are kept, the last used ones: all settings of a sweep that differ in nothing but learning rates, seeds and examples share them. */
const KEPT_KINDS = 4;

export type CompiledStepFunctions = Record<keyof StepFunctions, Compiled<Tensors, Tensors>>;

const kept = new Map<string, CompiledStepFunctions>();

/** The functions as graphs. */
export function compiledStepFunctions(kind: StepKind): CompiledStepFunctions {
  const { model, head, layouts, config } = kind;
  const key = JSON.stringify([
    model.config,
    model.loraScale,
    head.description,
    layouts,
    SETTINGS.map((name) => config[name]),
  ]);
  let functions = kept.get(key);
  if (!functions) {
    const { whole, gradient, update } = stepFunctions(kind);
    functions = {
      whole: compiled(whole, { name: "a training step" }),
      gradient: compiled(gradient, { name: "a gradient" }),
      update: compiled(update, { name: "an optimizer step" }),
    };
  }
  kept.delete(key);
  kept.set(key, functions);
  if (kept.size > KEPT_KINDS) {
    const [[oldest, { whole, gradient, update }]] = kept;
    [whole, gradient, update].forEach((each) => each.dispose());
    kept.delete(oldest);
  }
  return functions;
}
