/** What one measurement of kernel behaviour leaves: numbers and words only, the same from memory and from disk. */
import type { FeatureChange } from "../behavior/fixed-features";
import type { KernelChange } from "../behavior/kernel-comparison";
import type { OutputTable } from "../behavior/output-loss";
import type { KernelBehavior } from "../behavior/verdicts";
import type { OptimizerName } from "../finetune/optimizer";
import type { Formula } from "../kernels/formula";
import { once } from "../lazy";
import { z } from "../packages";
import { recordOf } from "../records";
import type { Solver } from "../solvers/solver";
import type { Metric } from "../tasks/task";
import type { SettingValue } from "./sweep-table";

/** A fine-tuning run and its kernel on one few-shot draw. Scores are by the metric, from 0 to 1; what is undefined is missing. */
export interface BehaviorRun {
  optimizer: OptimizerName;
  metric: Metric;
  /** C: 1 is the margin. */
  outputs: number;
  /** The formula of the optimizer's kernel: of the verdict on features, the alignment and the descent. */
  formula: Formula;
  /** Every learning rate that was tried, in order. */
  tried: { learningRate: number; dev?: number; test?: number; error?: string }[];
  /** The one that does best on dev. */
  learningRate: number;
  /** f_0: the pretrained model's test score. */
  start: number;
  /** f_t at the parameters that do best on dev. */
  tuned: { step: number; distance: number; dev: number; test: number; devAccuracy: number; testAccuracy: number };
  linearization: {
    /** Test score of f_lin at the same parameters. */
    test: number;
    gain: number;
    /** The gain's share that the linearization has too; missing where the gain is too small. */
    share?: number;
    /** ‖f_lin − f_t‖ / ‖f_t − f_0‖ on the test examples. */
    error?: number;
  };
  /** f_0, f_t and f_lin at the same parameters on the test examples, [n · C], to six digits. */
  testOutputs: { start: number[]; tuned: number[]; linearized: number[] };
  /** The kernel and setting that do best on dev. */
  kernel: SolvedKernel;
  /** The best setting of every kernel that was solved. */
  kernels: SolvedKernel[];
  /** Kernel gradient descent over the run's batches and rates, to the step of the tuned parameters. */
  descent?: { test: number; error?: number };
  /** Why there is no descent. */
  noDescent?: string;
  /** How far the kernel of the training examples with some test examples moved, by formula. */
  features: FeatureDistance[];
  /** Kernel–target alignment of the training examples, before and after. */
  alignment: { start?: number; tuned?: number };
  verdicts: Partial<KernelBehavior>;
  /** Every evaluation of the training run. */
  checkpoints: BehaviorCheckpoint[];
}

/** A measurement and where it belongs. */
export interface BehaviorResult extends BehaviorRun {
  /** Name of the pretrained model's folder, or its id. */
  model: string;
  /** Hash of its configuration and weights, without a new head. */
  modelHash: string;
  task: string;
  /** Training examples of each class. */
  k: number;
  /** Of the few-shot draw. */
  seed: number;
  method: string;
  /** The settings that the method names, but for learning rates. */
  setting: Record<string, SettingValue>;
  /** How many test examples the scores are on. */
  testExamples: number;
}

/** What a record must have for a table or a chart to be made of it; a file of records may have been edited. */
export const behaviorRecord = once(() => {
  const [number, text] = [z.number(), z.string()];
  const known = number.optional();
  const kernel = z.looseObject({ formula: text, setting: z.record(text, z.json()), dev: number, test: number });
  const verdict = z.boolean().optional();
  return z.looseObject({
    ...{ model: text, modelHash: text, task: text, method: text, setting: z.record(text, z.json()) },
    ...{ k: number, seed: number, testExamples: number, learningRate: number, start: number, outputs: number },
    ...{ optimizer: text, metric: text, formula: text },
    tried: z.array(z.looseObject({ learningRate: number })),
    tuned: z.looseObject({ step: number, dev: number, test: number, distance: number }),
    linearization: z.looseObject({ test: number, gain: number, share: known, error: known }),
    testOutputs: z.looseObject({ start: z.array(number), tuned: z.array(number), linearized: z.array(number) }),
    kernel,
    kernels: z.array(kernel),
    descent: z.looseObject({ test: number, error: known }).optional(),
    features: z.array(z.looseObject({ formula: text, mean: known, median: known, cells: z.array(z.looseObject({})) })),
    alignment: z.looseObject({ start: known, tuned: known }),
    verdicts: z.looseObject({
      solvesTask: verdict,
      linearized: verdict,
      fixedFeatures: verdict,
      kernelBehavior: verdict,
    }),
    checkpoints: z.array(z.looseObject({ step: number, tuned: number, linearized: number })),
  });
});

export interface SolvedKernel {
  formula: Formula;
  solver: Solver;
  /** JSON has no infinity: "inf". */
  setting: Record<string, number | "inf">;
  dev: number;
  test: number;
}

export interface BehaviorCheckpoint {
  /** Optimizer steps taken; 0 is the start, without the numbers of training. */
  step: number;
  learningRate?: number;
  /** Mean training loss since the last checkpoint. */
  loss?: number;
  dev?: number;
  /** ‖θ_t − θ_0‖ */
  distance?: number;
  /** Test scores of f_t, f_lin and the descent. */
  tuned: number;
  linearized: number;
  descent?: number;
  /** ‖prediction − f_t‖ / ‖f_t − f_0‖ */
  linearizationError?: number;
  descentError?: number;
  /** Mean relative distance of kernel entries, where it was asked for along the run. */
  featureDistance?: number;
}

/** Relative distances of kernel entries. */
export interface FeatureDistance extends PartDistance {
  formula: Formula;
  layers: Record<string, PartDistance>;
  kinds: Record<string, PartDistance>;
  /** Each layer's parameters of each kind. */
  cells: ({ layer: string; kind: string } & PartDistance)[];
}

const DISTANCES = ["mean", "median", "frobenius", "cosine"] as const satisfies (keyof KernelChange)[];

type PartDistance = Partial<Pick<KernelChange, (typeof DISTANCES)[number]>>;

/** Numbers that JSON has; NaN and infinities are left out. */
export const finite = (value: number | undefined): number | undefined => (Number.isFinite(value) ? value : undefined);

/** Outputs are float32 sums: more digits would be noise, and fill the disk. */
export const rounded = ({ values }: OutputTable): number[] =>
  Array.from(values, (value) => Number(value.toPrecision(6)));

/** A kernel's change as it is recorded. */
export function featureDistance(formula: Formula, { whole, layers, kinds, cells }: FeatureChange): FeatureDistance {
  const part = (change: KernelChange): PartDistance => recordOf(DISTANCES.map((name) => [name, finite(change[name])]));
  const record = (parts: ReadonlyMap<string, KernelChange>): Record<string, PartDistance> =>
    Object.fromEntries([...parts].map(([name, change]) => [name, part(change)]));
  return {
    formula,
    ...part(whole),
    layers: record(layers),
    kinds: record(kinds),
    cells: cells.map(({ layer, kind, change }) => ({ layer, kind, ...part(change) })),
  };
}
