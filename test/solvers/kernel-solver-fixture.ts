import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { KernelTensor, LogitsTensor } from "../../src/kernels/kernel-tensor";
import type { EvaluationSet, TrainingSet } from "../../src/solvers/problem";

/** One setting of one solver, with what the libraries predict; [m, classes] row-major. */
export interface StoredSolution {
  solver: string;
  regularization: number;
  /** null is infinity. */
  f0?: number | null;
  gamma?: number;
  lambda?: number;
  multiClass?: "multinomial" | "authors";
  numpy?: number[];
  torch?: number[];
  float64?: number[];
  float32?: number[];
  inversePenalty?: number;
  foldAccuracy?: number[];
  /** Whether `optimum` holds the score of class 1 over class 0 instead of one score a class. */
  margins?: boolean;
  optimum?: number[];
  lbfgs?: { inversePenalty: number; values: number[] };
  tight?: number[];
  default?: number[];
  predicted?: number[];
}

export interface SolverCase {
  name: string;
  outputs: number;
  symmetric: { train: TrainingSet; evaluate: EvaluationSet };
  asymmetric: { train: TrainingSet; evaluate: EvaluationSet };
  solutions: StoredSolution[];
}

interface Stored {
  cases: {
    name: string;
    outputs: number;
    features: number;
    scale: number;
    train: number[];
    evaluate: number[];
    labels: number[];
    trainLogits: number[];
    evaluateLogits: number[];
    solutions: StoredSolution[];
  }[];
  folds: { labels: number[]; folds: number[] }[];
}

const stored = JSON.parse(
  readFileSync(join(__dirname, "../../../test/fixtures/solvers/kernel-solvers.json"), "utf8"),
) as Stored;

export const folds = stored.folds;

/** The cases of make_kernel_solvers.py; integer features make its kernels exactly. */
export const cases: SolverCase[] = stored.cases.map(
  ({ name, outputs, features, scale, train, evaluate, labels, solutions, ...own }) => {
    const gram = (left: number[], right: number[]): KernelTensor => {
      const [rows, columns] = [left.length / features, right.length / features];
      const values = Float64Array.from({ length: rows * columns }, (_, k) => {
        const [a, b] = [Math.floor(k / columns) * features, (k % columns) * features];
        let sum = 0;
        for (let p = 0; p < features; p++) sum += left[a + p] * right[b + p];
        return scale * sum;
      });
      return { values, shape: [rows / outputs, outputs, columns / outputs, outputs] };
    };
    const logits = (values: number[]): LogitsTensor => ({
      values: Float32Array.from(values),
      shape: [values.length / outputs, outputs],
    });
    const [trainLogits, evaluateLogits] = [logits(own.trainLogits), logits(own.evaluateLogits)];
    const signs = (values: number[]): number[] => values.map(Math.sign);
    return {
      name,
      outputs,
      solutions,
      symmetric: {
        train: { kernel: gram(train, train), labels, logits: trainLogits },
        evaluate: { kernel: gram(train, evaluate), logits: evaluateLogits },
      },
      asymmetric: {
        train: { kernel: gram(signs(train), train), labels, logits: trainLogits },
        evaluate: {
          kernel: gram(signs(train), evaluate),
          flipped: gram(train, signs(evaluate)),
          logits: evaluateLogits,
        },
      },
    };
  },
);

/** max|a − b| / max|b|. */
export function relativeDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) throw new Error(`There are ${a.length} numbers to compare with ${b.length}.`);
  const differences = Array.from(a, (value, i) => Math.abs(value - b[i]));
  return Math.max(...differences) / Math.max(...Array.from(b, Math.abs));
}
