/** The settings of a measurement of kernel behaviour, with their defaults. */
import {
  parseTrainingConfig,
  TRAINING_FIELDS,
  type TrainingConfig,
  type TrainingSettings,
} from "../finetune/training-config";
import type { LabelledPrompts } from "../finetune/labelled-prompts";
import type { Formula } from "../kernels/formula";
import type { Outputs } from "../kernels/outputs";
import { selectParameters, type ParameterFilter } from "../kernels/parameter-filter";
import { withLora } from "../model/lora";
import { parameter, type Model } from "../model/model";
import type { Solver } from "../solvers/solver";
import { PAPER_GRID, type SettingValues } from "../experiment/solve-kernels";

/** A kernel to solve, with the values of its solver's settings; dev chooses among them. */
export interface KernelChoice extends SettingValues {
  formula: Formula;
  solver: Solver;
}

export interface BehaviorRunOptions extends Omit<TrainingSettings, "learningRate"> {
  /** θ_0. */
  model: Model;
  /** f, for kernels and linearization; training is on the logits of its head. */
  outputs: Outputs;
  train: LabelledPrompts;
  dev: LabelledPrompts;
  test: LabelledPrompts;
  /** Each is tried; the first that does best on dev counts. */
  learningRates: readonly number[];
  /** Default: {@link kernelsOf} the optimizer. */
  kernels?: readonly KernelChoice[];
  /** Test examples, evenly taken, whose kernel with the training examples is compared before and after. Default 50. */
  featureExamples?: number;
  /** Compare kernels at every checkpoint, not at the tuned parameters alone. Default false. */
  featuresAlong?: boolean;
  /** Folder that keeps finished runs and the pretrained model's kernels. */
  store?: string;
  /** `done` and `total` count training runs and kernel computations; fractions of them too. `reused` is all of them for a measurement from disk. */
  onProgress?: (progress: { done: number; total: number; reused?: number }) => void;
  signal?: AbortSignal;
}

export const FEATURE_EXAMPLES = 50;

/** The formula that describes an optimizer's steps: K_SGD, or K_A-SignGD of SignGD and of Adam's early steps (Theorem 4.3). */
export const formulaOf = ({ optimizer }: Pick<TrainingConfig, "optimizer">): Formula =>
  optimizer === "sgd" ? "sgd" : "asymmetric_signgd";

/**
 * The kernels that are solved for an optimizer, on the paper's grid as re-implementations quote it: K_SGD by least squares; else
 * K_A-SignGD by the asymmetric solver, with γ and λ of our choice, and the symmetric K_SignGD by least squares.
 */
export function kernelsOf({ optimizer }: Pick<TrainingConfig, "optimizer">): KernelChoice[] {
  if (optimizer === "sgd") return [{ formula: "sgd", solver: "lstsq", ...PAPER_GRID }];
  return [
    { formula: "asymmetric_signgd", solver: "asym", ...PAPER_GRID, gammas: [0.01, 1], lambdas: [0, 0.5, 1] },
    { formula: "signgd", solver: "lstsq", ...PAPER_GRID },
  ];
}

/** A run's settings with every default; the learning rate is the first one. */
export function behaviorConfig(options: BehaviorRunOptions): TrainingConfig {
  if (options.learningRates.length === 0) throw new Error("learningRates needs at least one learning rate");
  const [learningRate] = options.learningRates;
  return parseTrainingConfig(
    Object.fromEntries(TRAINING_FIELDS.map((name) => [name, name === "learningRate" ? learningRate : options[name]])),
  );
}

/** The model that training and kernel begin from, with LoRA's factors where they are trained. */
export interface BehaviorStart {
  model: Model;
  /** What is trained, and what kernels count: the same parameters. */
  filter: ParameterFilter;
  parameters: TrainingConfig["parameters"];
  /** Releases LoRA's factors. */
  dispose(): void;
}

/** Finds the trained parameters as `fineTune` does, as a filter for kernels. */
export function behaviorStart(given: Model, { parameters, seed }: TrainingConfig): BehaviorStart {
  const of = (filter: ParameterFilter, model = given, dispose = (): void => undefined): BehaviorStart => ({
    model,
    filter,
    parameters: filter.length === 0 ? "all" : { filter: [...filter] },
    dispose,
  });
  if (parameters === "all") return of([]);
  if (parameters === "head") return of(["head"]);
  if (parameters === "bitfit")
    return of(
      [...given.parameters.keys()].some((name) => name.startsWith("classifier."))
        ? ["biases", "classifier.*"]
        : ["biases"],
    );
  if ("filter" in parameters) return of(parameters.filter);
  const { head, ...lora } = parameters.lora;
  const model = withLora(given, { ...lora, seed });
  const factors = [...model.parameters.keys()].filter((name) => !given.parameters.has(name));
  return of(head ? ["lora", "head"] : ["lora"], model, () =>
    factors.forEach((name) => parameter(model, name).dispose()),
  );
}

/** Bytes of the parameters that a filter takes. */
export const trainedBytes = ({ model, filter }: BehaviorStart): number =>
  [...selectParameters(model.parameters.keys(), filter)].reduce(
    (sum, name) => sum + 4 * parameter(model, name).size,
    0,
  );
