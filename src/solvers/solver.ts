import { InputError } from "../errors";
import { prepareAsymmetric } from "./asymmetric-least-squares";
import { decomposeKernel, leastSquaresLoss, predictLeastSquares, type KernelPrecision } from "./least-squares";
import { logisticLoss, prepareLogistic, type LogisticMultiClass } from "./logistic";
import type { Predictions } from "./metrics";
import { oneVsRestTargets, type EvaluationSet, type TrainingSet } from "./problem";
import { hingeLoss, prepareSupportClassifier, prepareSupportRegression } from "./support-vectors";

/** The kernel solvers by the names that the authors' code gives them. */
export const SOLVERS = ["lstsq", "asym", "logistic", "svc", "svr"] as const;

/** The name of a kernel solver, one of {@link SOLVERS}. */
export type Solver = (typeof SOLVERS)[number];

/** Whether a solver fits numbers; the others tell classes apart. */
export const takesNumbers = (solver: Solver): boolean => solver === "lstsq" || solver === "svr";

/** One setting of a solver. */
export interface SolverSetting {
  /** Relative to the largest singular value of the train kernel; at least 0. */
  regularization: number;
  /** f0 scaling; `Infinity` (the default) ignores the pretrained logits. Not for `logistic` and `svc`. */
  f0?: number;
  /** γ of `asym`. Default 1. */
  gamma?: number;
  /** λ of `asym`, which needs it. */
  lambda?: number;
}

export interface SolverOptions {
  /** How `logistic` treats several outputs. Default "multinomial". */
  multiClass?: LogisticMultiClass;
  /** What `lstsq` takes for 0 in the kernel's spectrum. Default "float32". */
  precision?: KernelPrecision;
}

/** A train kernel with a solver: what can be shared between settings is computed once. */
export interface PreparedSolver {
  /** The fit of a setting, as a function of the examples to predict. */
  fit(setting: SolverSetting): (evaluate: EvaluationSet) => Predictions;
  /** Squared error per output (lstsq, svr; against ±1 asym), cross-entropy in nats (logistic), hinge loss (svc): a mean over examples. */
  loss(predictions: Predictions, labels: readonly number[]): number;
}

/**
 * Prepares a train kernel for a solver.
 *
 * @throws at once or when fitting, if a setting has something that the solver does not know or lacks something that it needs
 */
export function prepareSolver(solver: Solver, train: TrainingSet, options: SolverOptions = {}): PreparedSolver {
  if (options.multiClass && solver !== "logistic")
    throw new InputError(`the multi-class option belongs to the solver logistic, not to ${solver}.`);
  if (options.precision && solver !== "lstsq")
    throw new InputError(`the precision option belongs to the solver lstsq, not to ${solver}.`);
  if (train.target !== undefined && !takesNumbers(solver))
    throw new InputError(`the solver ${solver} is for classes, and the labels are numbers: use lstsq or svr`);
  const { fit, loss } = prepare(solver, train, options);
  return {
    fit: (setting) => {
      checkSetting(solver, setting);
      return fit(setting);
    },
    loss,
  };
}

function prepare(solver: Solver, train: TrainingSet, options: SolverOptions): PreparedSolver {
  const outputs = train.kernel.shape[1];
  const squaredError = (predictions: Predictions, labels: readonly number[]): number =>
    leastSquaresLoss(predictions, labels, outputs, train.target);
  switch (solver) {
    case "lstsq": {
      const decomposition = decomposeKernel(train.kernel, options.precision);
      const given = { trainLabels: train.labels, target: train.target, trainLogits: train.logits };
      const fit =
        ({ regularization, f0 }: SolverSetting) =>
        ({ kernel, logits }: EvaluationSet) =>
          predictLeastSquares(decomposition, {
            ...given,
            evaluate: kernel,
            evaluateLogits: logits,
            regularization,
            f0,
          });
      return { fit, loss: squaredError };
    }
    case "asym": {
      const { predict } = prepareAsymmetric(train);
      return {
        fit: (setting) => (evaluate) => predict({ ...setting, lambda: setting.lambda! }, evaluate),
        loss: (predictions, labels) => signedError(predictions, labels, outputs),
      };
    }
    case "logistic": {
      const prepared = prepareLogistic(train);
      return {
        fit: ({ regularization }) => prepared({ regularization, ...options }).predict,
        loss: (predictions, labels) => logisticLoss(predictions, labels, outputs),
      };
    }
    case "svc": {
      const prepared = prepareSupportClassifier(train);
      return {
        fit: ({ regularization }) => prepared({ regularization }),
        loss: (predictions, labels) => hingeLoss(predictions, labels, outputs),
      };
    }
    case "svr": {
      const prepared = prepareSupportRegression(train);
      return { fit: ({ regularization, f0 }) => prepared({ regularization, f0 }), loss: squaredError };
    }
  }
}

function checkSetting(solver: Solver, { f0 = Infinity, gamma, lambda }: SolverSetting): void {
  if ((solver === "logistic" || solver === "svc") && f0 !== Infinity) {
    throw new InputError(
      `${solver} does not use the pretrained logits: f0 must be infinite, not ${f0}. lstsq, asym and svr take an f0.`,
    );
  }
  if (solver !== "asym" && (gamma !== undefined || lambda !== undefined)) {
    throw new InputError(
      `${gamma === undefined ? "λ (lambda)" : "γ (gamma)"} belongs to the solver asym, not to ${solver}.`,
    );
  }
  if (solver === "asym" && lambda === undefined) {
    throw new InputError(
      "asym mixes two predictors: give λ (lambda), the weight of the one with the sign on the training side, from 0 to 1.",
    );
  }
}

function signedError(
  { values, shape: [examples, classes] }: Predictions,
  labels: readonly number[],
  outputs: number,
): number {
  let sum = 0;
  for (let c = 0; c < outputs; c++) {
    oneVsRestTargets(labels, c, outputs).forEach(
      (y, i) => (sum += (values[i * classes + (outputs === 1 ? 1 : c)] - y) ** 2),
    );
  }
  return sum / (examples * outputs);
}
