/** The runs that a sweep is made of, each named by everything that its result depends on. */
import { createHash } from "node:crypto";
import { readFewShot } from "../experiment/inputs";
import type { LanguageModel } from "../experiment/language-model";
import { sortedSettings, trainingConfigOf } from "../finetune/fine-tune";
import { TRAINING_FIELDS, type TrainingSettings } from "../finetune/training-config";
import { FORMULAS, type Formula } from "../kernels/formula";
import { tokenizerText } from "../model/tokenizer-files";
import type { Example, Split, Task } from "../tasks/task";
import {
  computedFormulas,
  isTraining,
  learningRatesOf,
  trainingGrid,
  type BehaviorMethod,
  type KernelMethod,
  type SweepMethod,
} from "./method-settings";
import type { Sweep, SweepTask } from "./sweep-file";

/** One piece of work, kept as one file: a training run, a kernel with all settings of its solver, a measurement of kernel behaviour, a regression, or zero-shot. */
export interface SweepRun {
  /** Hash of everything that the result depends on. */
  name: string;
  task: Task;
  examples: Record<Split, Example[]>;
  k: number;
  seed: number;
  method: string;
  how: SweepMethod;
  /** Of fine-tuning and behaviour (there without a learning rate): the settings in full, and those that the method names. */
  training?: TrainingSettings;
  named?: Partial<TrainingSettings>;
  /** Of a kernel: the formulas that the sweep's kernels of this kind need together, so that one pass over the examples gives them all. */
  formulas?: Formula[];
}

/** A run in words. */
export const runText = ({ task, k, seed, method, named }: SweepRun): string =>
  `${task.name}, k ${k}, seed ${seed}, ${method}${named?.learningRate === undefined ? "" : `, learning rate ${named.learningRate}`}`;

/** Increase when the meaning of kept runs changes. */
const FORMAT = 2;

/** The sweep's runs in order: task by task, k by k, seed by seed, method by method. Reads the examples; computes nothing. */
export function sweepPlan(
  { tasks, k: sizes, seeds, testExamples, methods }: Sweep,
  { model, directory }: LanguageModel,
): SweepRun[] {
  const tokenizer = createHash("sha256").update(tokenizerText(directory).text).digest("hex");
  const plan = ({ task, data }: SweepTask, k: number, seed: number): SweepRun[] => {
    const examples = readFewShot(data, task, { k, seed, testExamples });
    const drawn = createHash("sha256").update(JSON.stringify(examples)).digest("hex");
    const own = Object.entries(methods).filter(([, { tasks: only }]) => only === undefined || only.includes(task.name));
    const run = (method: string, how: SweepMethod, named?: Partial<TrainingSettings>): SweepRun => {
      const training = named && ({ seed, metric: task.metric, ...named } as TrainingSettings);
      const key =
        training && isTraining(how)
          ? [
              how.kind === "behavior" ? measuredBy(how) : how.kind,
              [how.input, how.input === "text" ? how.head : undefined, how.fromProbe],
              sortedSettings(trainingConfigOf(rated(training, how))),
            ]
          : [{ ...how, tasks: undefined }];
      const name = createHash("sha256")
        .update(JSON.stringify([FORMAT, model.hash, tokenizer, task, drawn, k, seed, key]))
        .digest("hex")
        .slice(0, 32);
      const formulas = how.kind === "kernel" ? together(how, own) : undefined;
      return { name, task, examples, k, seed, method, how, training, named, formulas };
    };
    return own.flatMap(([method, how]) =>
      isTraining(how) ? trainingGrid(how).map((named) => run(method, how, named)) : [run(method, how)],
    );
  };
  return tasks.flatMap((task) => sizes.flatMap((k) => seeds.flatMap((seed) => plan(task, k, seed))));
}

/** The formulas of all kernels that are of the same gradients, in their order. */
function together(how: KernelMethod, methods: readonly [string, SweepMethod][]): Formula[] {
  const gradients = ({ input, outputs, parameters }: KernelMethod): string =>
    JSON.stringify([input, outputs, parameters]);
  const all = new Set(
    methods.flatMap(([, other]) =>
      other.kind === "kernel" && gradients(other) === gradients(how) ? computedFormulas(other) : [],
    ),
  );
  return FORMULAS.filter((formula) => all.has(formula));
}

/** Of a behaviour method, all but the settings of its training runs; their learning rates are among it. */
const measuredBy = (how: BehaviorMethod): unknown[] =>
  Object.entries(how)
    .filter(([name]) => name === "learningRate" || (name !== "tasks" && !(TRAINING_FIELDS as string[]).includes(name)))
    .sort(([a], [b]) => (a < b ? -1 : 1));

/** Settings with the first of a behaviour method's learning rates. */
const rated = (training: TrainingSettings, how: SweepMethod): TrainingSettings =>
  how.kind === "behavior" ? { ...training, learningRate: learningRatesOf(how)[0] } : training;
