/** The steps of a fine-tuning run, as graphs where enough of them have one shape. */
import { tf, type Tensor } from "../model/backend";
import type { Head } from "../model/head";
import { parameter, type Model } from "../model/model";
import { mean } from "../solvers/metrics";
import { flatten, withFlatParameters, type FlatLayout } from "./flat-parameters";
import type { LabelledPrompts } from "./labelled-prompts";
import { momentCount, stepRates } from "./optimizer";
import { planBatches } from "./packed-batches";
import { compiledStepFunctions, frozenInputs, listed, numbered, stepFunctions, type StepFunctions } from "./step-functions";
import { stepInputs } from "./step-inputs";
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
}

/** What changes. */
export interface Trained {
  /** One vector for each layout. */
  parameters: Tensor[];
  /** The optimizer's: of each of its kinds one vector for each layout. */
  moments: Tensor[];
}

/** The `name` of the error of a run whose loss is no number any more. */
export const DIVERGED = "DivergedError";

/**
 * Batches of one shape for which a graph pays: making one takes as long as some ten steps without.
 * So a run of fewer than ten steps has none.
 */
const WORTH_A_GRAPH = 16;

/** Of longer runs, the shapes are chosen by this many steps. */
const STEPS_TO_PLAN_BY = 1000;

/** The parameters and moments that a run begins with. */
export function firstState({ model, layouts, config }: Pick<Training, "model" | "layouts" | "config">): Trained {
  const parameters = layouts.map((layout) => tf.tidy(() => tf.clone(flatten(layout, (name) => parameter(model, name)))));
  const moments = Array.from({ length: momentCount(config.optimizer) }, () => parameters.map((vector) => tf.zerosLike(vector))).flat();
  return { parameters, moments };
}

/** Frees a state's tensors. */
export const disposeState = ({ parameters, moments }: Trained): void => tf.dispose([...parameters, ...moments]);

/** The model with a state's parameters. Release with {@link disposeFlatParameters} of each layout. */
export const modelWith = ({ model, layouts }: Pick<Training, "model" | "layouts">, parameters: readonly Tensor[]): Model =>
  layouts.reduce((current, layout, i) => withFlatParameters(current, layout, parameters[i]), model);

export interface TrainingSteps {
  /**
   * One optimizer step. The gradient is the sum over the batches divided by `accumulate`, as the authors' trainer
   * scales it.
   *
   * @param step steps taken before
   * @param batches indices of training examples
   * @returns the mean loss over the batches before the step, and the state after it; the one before remains the caller's
   * @throws an error named {@link DIVERGED} if the loss is not finite
   */
  take(state: Trained, step: number, batches: readonly (readonly number[])[], learningRate: number): { loss: number; state: Trained };
}

/**
 * The steps of a run.
 * @param order the run's batches, from its first step on: they decide the shapes
 */
export function trainingSteps(training: Training, order: Iterable<readonly (readonly number[])[]>, steps: number): TrainingSteps {
  const { model, head, layouts, train, config } = training;
  const lengthsOf = (batch: readonly number[]): number[] => batch.map((i) => train.sequences[i].ids.length);
  const plan = planBatches(firstOf(order, Math.min(steps, STEPS_TO_PLAN_BY)).flat().map(lengthsOf), WORTH_A_GRAPH);
  const functions = { eager: stepFunctions({ model, head, layouts, config }), graph: compiledStepFunctions({ model, head, layouts, config }) };
  const frozen = frozenInputs(model, layouts);

  return {
    take(state, step, batches, learningRate) {
      const rates = Object.entries(stepRates(config.optimizer, config, step + 1, learningRate)).map(([name, value]) => [name, tf.scalar(value)] as const);
      const theta = numbered("theta", state.parameters);
      const optimizerInputs = { ...theta, ...numbered("moment", state.moments), ...Object.fromEntries(rates) };
      /** Runs a function on a batch: as a graph where its shape is a common one. */
      const onBatch = (name: keyof StepFunctions, batch: readonly number[], place: number, others: Record<string, Tensor>): { loss: number; rest: Record<string, Tensor> } => {
        const { shape, common } = plan.shapeOf(lengthsOf(batch));
        const inputs = stepInputs(training, batch, shape, [step, place]);
        try {
          const { loss, ...rest } = functions[common ? "graph" : "eager"][name]({ ...frozen, ...inputs.tensors, ...others });
          const [value] = loss.dataSync();
          loss.dispose();
          return { loss: value, rest };
        } finally {
          inputs.dispose();
        }
      };
      try {
        const losses: number[] = [];
        let after: Record<string, Tensor> = {};
        if (config.accumulate === 1 && batches.length === 1) {
          const { loss, rest } = onBatch("whole", batches[0], 0, optimizerInputs);
          losses.push(loss);
          after = rest;
        } else {
          let sums: Record<string, Tensor> = {};
          for (const [place, batch] of batches.entries()) {
            const { loss, rest } = onBatch("gradient", batch, place, { ...theta, ...sums });
            losses.push(loss);
            tf.dispose(Object.values(sums));
            sums = rest;
          }
          after = functions.eager.update({ ...optimizerInputs, ...sums });
          tf.dispose(Object.values(sums));
        }
        const [loss, next] = [mean(losses), { parameters: listed("theta", after), moments: listed("moment", after) }];
        if (Number.isFinite(loss)) return { loss, state: next };
        disposeState(next);
        throw Object.assign(new Error(`the training loss is ${loss} at step ${step + 1}: lower learningRate (${config.learningRate})`), { name: DIVERGED });
      } finally {
        tf.dispose(rates.map(([, rate]) => rate));
      }
    },
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
