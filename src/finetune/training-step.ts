/** The steps of a fine-tuning run, as graphs where so many of them have one shape that it saves time. */
import { DivergedError } from "../errors";
import { floats, tf, type Tensor } from "../model/backend";
import type { Head } from "../model/head";
import { parameter, parameterCount, type Model } from "../model/model";
import { mean } from "../solvers/metrics";
import { flatten, withFlatParameters, type FlatLayout } from "./flat-parameters";
import type { LabelledPrompts } from "./labelled-prompts";
import { fusedAdam } from "./fused-adam";
import { momentCount, stepRates } from "./optimizer";
import { planBatches } from "./packed-batches";
import { compiledStepFunctions, frozenInputs, listed, numbered, stepFunctions } from "./step-functions";
import { stepInputsOf } from "./step-inputs";
import type { TrainingConfig } from "./training-config";

/** What does not change in a run. */
export interface Training {
  /** The model that training begins from. */
  model: Model;
  head: Head;
  /** How the trained parameters lie in vectors. */
  layouts: readonly FlatLayout[];
  train: LabelledPrompts;
  /** Number of the head's logits. */
  classes: number;
  config: TrainingConfig;
  /** Tokens computed in the time that a step's operations take on their way into TensorFlow; 0 if no step may be a graph. */
  dispatch: number;
}

/** What changes. */
export interface Trained {
  /** One vector for each layout. */
  parameters: Tensor[];
  /** The optimizer's: of each of its kinds one vector for each layout. */
  moments: Tensor[];
}

/** Parameters times tokens of a step that take as long to compute as its operations' way into TensorFlow, measured on two processors. */
const DISPATCH = 1e9;

/**
 * Parameters of the largest model that gets graphs. Making one keeps all intermediate values of a step at once, and in
 * the steps of larger models there is little to gain: arithmetic takes nearly all of their time.
 */
const LARGEST_FOR_A_GRAPH = 60e6;

/** Of longer runs, the shapes are chosen by this many steps. */
const STEPS_TO_PLAN_BY = 1000;

/** The parameters and moments that a run begins with. */
export function firstState({
  model,
  layouts,
  config,
}: Pick<Training, "model" | "layouts"> & { config: Pick<TrainingConfig, "optimizer"> }): Trained {
  const parameters = layouts.map((layout) =>
    tf.tidy(() => tf.clone(flatten(layout, (name) => parameter(model, name)))),
  );
  const moments = Array.from({ length: momentCount(config.optimizer) }, () =>
    parameters.map((vector) => tf.zerosLike(vector)),
  ).flat();
  return { parameters, moments };
}

/** Frees a state's tensors. */
export const disposeState = ({ parameters, moments }: Trained): void => tf.dispose([...parameters, ...moments]);

/** The model with a state's parameters. Release with {@link disposeFlatParameters} of each layout. */
export const modelWith = (
  { model, layouts }: Pick<Training, "model" | "layouts">,
  parameters: readonly Tensor[],
): Model => layouts.reduce((current, layout, i) => withFlatParameters(current, layout, parameters[i]), model);

/** Whether the steps of a model, given with its whole vocabulary, may be graphs. */
export const fitsGraphs = (model: Model): boolean => parameterCount(model) <= LARGEST_FOR_A_GRAPH;

/** {@link Training.dispatch} of a model, given with its whole vocabulary. */
export const dispatchOf = (model: Model): number => (fitsGraphs(model) ? DISPATCH / parameterCount(model) : 0);

export interface TrainingSteps {
  /** Makes the graph that a step needs first, if there is none; tells whether it did. Takes what {@link TrainingSteps.take} takes. */
  prepare(state: Trained, step: number, batches: readonly (readonly number[])[], learningRate: number): boolean;
  /**
   * One optimizer step. The gradient is the sum over the batches divided by `accumulate`, as the authors' trainer
   * scales it.
   *
   * @param step steps taken before
   * @param batches indices of training examples
   * @returns the mean loss over the batches before the step, and the state after it; the one before remains the caller's
   * @throws DivergedError if the loss is not finite
   */
  take(
    state: Trained,
    step: number,
    batches: readonly (readonly number[])[],
    learningRate: number,
  ): { loss: number; state: Trained };
  dispose(): void;
}

/**
 * The steps of a run.
 * @param order the run's batches, from its first step on: they decide the shapes
 */
export function trainingSteps(
  training: Training,
  order: Iterable<readonly (readonly number[])[]>,
  steps: number,
): TrainingSteps {
  const { model, head, layouts, train, config, dispatch } = training;
  const lengthsOf = (batch: readonly number[]): number[] => batch.map((i) => train.sequences[i].ids.length);
  const plan = planBatches(firstOf(order, Math.min(steps, STEPS_TO_PLAN_BY)).flat().map(lengthsOf), dispatch);
  const functions = {
    eager: stepFunctions({ model, head, layouts, config }),
    graph: compiledStepFunctions({ model, head, layouts, config }),
  };
  // In graphs the update costs little, and is part of the step.
  const fused = dispatch === 0 ? fusedAdam(layouts, config) : undefined;
  const frozen = frozenInputs(model, layouts);
  const stepInputs = stepInputsOf(training);
  const prepared = new Set<number>();

  const name = (batches: readonly unknown[]): "whole" | "gradient" =>
    config.accumulate === 1 && batches.length === 1 && !fused ? "whole" : "gradient";
  const optimizerInputs = (state: Trained, step: number, learningRate: number): Record<string, Tensor> => {
    const rates = Object.entries(stepRates(config.optimizer, config, step + 1, learningRate)).map(([rate, value]) => [
      rate,
      tf.scalar(value),
    ]);
    return {
      ...numbered("theta", state.parameters),
      ...numbered("moment", state.moments),
      ...Object.fromEntries(rates),
    };
  };
  const disposeRates = ({ stepSize, decay }: Record<string, Tensor>): void => tf.dispose([stepSize, decay]);
  /** Calls a function with the inputs of a batch, and tells whether its step is a graph. */
  const withBatch = <T>(
    batch: readonly number[],
    draw: [step: number, place: number],
    use: (inputs: Record<string, Tensor>, graph: boolean) => T,
  ): T => {
    const { shape, graph } = plan.shapeOf(lengthsOf(batch));
    const inputs = stepInputs(batch, shape, draw);
    try {
      return use({ ...frozen, ...inputs.tensors }, graph);
    } finally {
      inputs.dispose();
    }
  };
  /** What `gradient` gets of the optimizer's inputs, which `whole` gets all of. */
  const inputsFor = (which: "whole" | "gradient", all: Record<string, Tensor>): Record<string, Tensor> =>
    which === "whole" ? all : numbered("theta", listed("theta", all));

  return {
    prepare(state, step, batches, learningRate) {
      const { shape, graph } = plan.shapeOf(lengthsOf(batches[0]));
      if (!graph || prepared.has(shape.length)) return false;
      prepared.add(shape.length);
      const all = optimizerInputs(state, step, learningRate);
      try {
        return withBatch(batches[0], [step, 0], (inputs) =>
          functions.graph[name(batches)].prepare({ ...inputs, ...inputsFor(name(batches), all) }),
        );
      } finally {
        disposeRates(all);
      }
    },
    take(state, step, batches, learningRate) {
      const all = optimizerInputs(state, step, learningRate);
      const which = name(batches);
      const losses: number[] = [];
      let after: Record<string, Tensor> = {};
      try {
        for (const [place, batch] of batches.entries()) {
          const sums = after;
          const { loss, ...rest } = withBatch(batch, [step, place], (inputs, graph) =>
            functions[graph ? "graph" : "eager"][which]({ ...inputs, ...inputsFor(which, all), ...sums }),
          );
          losses.push(floats(loss)[0]);
          tf.dispose([loss, ...Object.values(sums)]);
          after = rest;
        }
        if (which === "gradient") {
          const sums = after;
          after = fused ? fused.update({ ...all, ...sums }) : functions.eager.update({ ...all, ...sums });
          tf.dispose(Object.values(sums));
        }
      } finally {
        disposeRates(all);
      }
      const [loss, next] = [mean(losses), { parameters: listed("theta", after), moments: listed("moment", after) }];
      if (Number.isFinite(loss)) return { loss, state: next };
      disposeState(next);
      throw new DivergedError(
        `the training loss is ${loss} at step ${step + 1}: lower learningRate (${config.learningRate})`,
      );
    },
    dispose: () => fused?.dispose(),
  };
}

function firstOf<T>(items: Iterable<T>, count: number): T[] {
  const first: T[] = [];
  for (const item of items) {
    first.push(item);
    if (first.length === count) break;
  }
  return first;
}
