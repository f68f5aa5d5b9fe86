/** The methods of a sweep with their settings, each a value or a list of values to try, and the grids that these make. */
import { InputError } from "../errors";
import { checkFormula, formulasFor, type SettingValues } from "../experiment/solve-kernels";
import { TRAINING_FIELDS, type TrainingSettings } from "../finetune/training-config";
import type { Formula } from "../kernels/formula";
import { INVERSE_PENALTIES } from "../solvers/cross-validation";
import type { Solver } from "../solvers/solver";
import type { KernelChoice } from "./behavior-settings";

interface Method<Kind extends string> {
  kind: Kind;
  /** Names of the sweep's tasks. Default: all. */
  tasks?: string[];
}

interface ReadingMethod<Kind extends string> extends Method<Kind> {
  /** The text in its prompt, or alone, with a new head. Default "prompt". */
  input: "prompt" | "text";
}

/** The training's settings are checked one combination at a time. */
interface TrainingMethod<Kind extends string>
  extends ReadingMethod<Kind>, Partial<Record<keyof TrainingSettings, unknown>> {
  /** Of a text alone: one linear layer, or transformers' own with a tanh layer. Default "linear". */
  head: "linear" | "tanh";
  /** Fit the head's final layer to the pretrained features first. Default false. */
  fromProbe: boolean;
}

/** A value, or a list of values to try. */
type OneOrMore<T> = T | T[];

/** Of a bag of words and a pooled probe: a head's probe chooses by cross-validation. */
interface Penalties {
  /** A row each, of which dev chooses. Default: {@link INVERSE_PENALTIES}. */
  inversePenalty?: OneOrMore<number>;
}

/** What kernels and linearizations are of. Default: the margin of two classes, else the logits. */
interface ChosenOutputs {
  outputs?: "logits" | "margin";
}

/** Of a solver. */
export interface SolverSettings {
  /** Default "sgd". */
  formula: OneOrMore<Formula>;
  /** Default "lstsq". */
  solver: Solver;
  /** Default 0. */
  regularization: OneOrMore<number>;
  /** Default "inf": JSON has no infinity. */
  f0: OneOrMore<number | "inf">;
  gamma?: OneOrMore<number>;
  lambda?: OneOrMore<number>;
}

/** Logistic regression on frozen features of the model. */
export interface LinearProbeMethod
  extends ReadingMethod<"linear-probe">, Pick<TrainingMethod<string>, "head">, Penalties {
  /** The features are the mean of the last hidden states over all tokens, in place of the inputs of the head's final layer. */
  pooled?: boolean;
}

/** Logistic regression on how often each word of the training texts occurs; no language model. */
export type BagOfWordsMethod = Method<"bag-of-words"> & Penalties;

export interface KernelMethod extends ReadingMethod<"kernel">, ChosenOutputs, SolverSettings {
  /** Patterns of the parameters that count. Default: all. */
  parameters?: string[];
}

export interface BehaviorMethod extends TrainingMethod<"behavior">, ChosenOutputs {
  /** The kernels to solve; dev chooses. Default: those of the optimizer. */
  kernel?: OneOrMore<SolverSettings>;
  /** Test examples whose kernel is compared before and after. Default 50. */
  featureExamples?: number;
  /** Compare it at every evaluation too. */
  featuresAlong?: boolean;
}

type Trained = TrainingMethod<"fine-tuning"> | BehaviorMethod;

/**
 * One method of a sweep: a row of its table of results. `zero-shot` is the pretrained model's answer to the prompt;
 * `best-threshold` the best that one number added to each class can make of it, and looks at the test labels.
 */
export type SweepMethod =
  Trained | LinearProbeMethod | BagOfWordsMethod | Method<"zero-shot" | "best-threshold"> | KernelMethod;

export const isTraining = (how: SweepMethod): how is Trained => how.kind === "fine-tuning" || how.kind === "behavior";

/** What a method reads: the prompt with the text, or the text alone. */
export function inputOf(how: SweepMethod): ReadingMethod<string>["input"] {
  if (how.kind === "bag-of-words") return "text";
  return "input" in how ? how.input : "prompt";
}

/** Every combination of a fine-tuning method's settings, lists taken value by value; of a behaviour method's but for learning rates. */
export function trainingGrid(method: Trained): Partial<TrainingSettings>[] {
  const names = TRAINING_FIELDS.filter(
    (name) => method[name] !== undefined && !(method.kind === "behavior" && name === "learningRate"),
  );
  return names.reduce<Partial<TrainingSettings>[]>(
    (grid, name) => grid.flatMap((setting) => listed(method[name]).map((one) => ({ ...setting, [name]: one }))),
    [{}],
  );
}

/** A value or a list of values as a list. */
export const listed = <T>(value: T | readonly T[]): readonly T[] =>
  Array.isArray(value) ? (value as readonly T[]) : [value as T];

/** The inverse penalties that a method tries. */
export const inversePenaltiesOf = ({ inversePenalty }: Penalties): readonly number[] =>
  inversePenalty === undefined ? INVERSE_PENALTIES : listed(inversePenalty);

/** The learning rates that a behaviour method chooses among. */
export const learningRatesOf = ({ learningRate }: BehaviorMethod): number[] =>
  listed(learningRate as number | number[]).slice();

/** The kernels that a behaviour method names, one for each formula. */
export const kernelChoices = ({ kernel }: BehaviorMethod): KernelChoice[] | undefined =>
  kernel && listed(kernel).flatMap(choicesOf);

function choicesOf(settings: SolverSettings): KernelChoice[] {
  const { formulas, values } = kernelGrid(settings);
  return formulas.map((formula) => ({ formula, solver: settings.solver, ...values }));
}

/** @throws if a solver does not take its kernel or its settings */
export function checkSolvers(all: readonly SolverSettings[]): void {
  for (const { solver, formula, gammas, lambdas } of all.flatMap(choicesOf)) {
    checkFormula(solver, formula);
    if (solver === "asym" && !lambdas) throw new InputError("the solver asym needs lambda, from 0 to 1");
    if (solver !== "asym" && (gammas || lambdas))
      throw new InputError(`gamma and lambda belong to the solver asym, not to ${solver}`);
  }
}

/** The formulas that a kernel method has to compute: the asymmetric solver also needs the one with its sign on the other side. */
export const computedFormulas = (how: KernelMethod): Formula[] => [
  ...new Set(kernelGrid(how).formulas.flatMap((formula) => formulasFor(how.solver, formula))),
];

/** The formulas of a kernel method, and the values of its solver's settings. */
export function kernelGrid({ formula, regularization, f0, gamma, lambda }: SolverSettings): {
  formulas: readonly Formula[];
  values: SettingValues;
} {
  return {
    formulas: listed(formula),
    values: {
      regularizations: listed(regularization),
      f0s: listed(f0).map((value) => (value === "inf" ? Infinity : value)),
      gammas: gamma === undefined ? undefined : listed(gamma),
      lambdas: lambda === undefined ? undefined : listed(lambda),
    },
  };
}
