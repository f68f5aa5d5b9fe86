/** A sweep as one file describes it: tasks × k × seeds × methods × their settings. */
import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, isAbsolute, join, resolve } from "node:path";
import type * as Zod from "zod";
import { parseTrainingConfig, TRAINING_FIELDS, type TrainingSettings } from "../finetune/training-config";
import { FORMULAS, type Formula } from "../kernels/formula";
import { once } from "../lazy";
import { z } from "../packages";
import { INVERSE_PENALTIES } from "../solvers/cross-validation";
import { SOLVERS, type Solver } from "../solvers/solver";
import { taskByName, taskFolder, type Task } from "../tasks/task";
import { readTaskFile } from "../tasks/task-file";
import type { KernelChoice } from "./behavior-settings";
import { checkFormula } from "../experiment/solve-kernels";

/** Where a method is run. */
interface OnTasks {
  /** Names of the sweep's tasks. Default: all. */
  tasks?: string[];
}

/** What a method trains on: prompts, or the text alone, for which a new head is made. */
interface TextInput {
  /** Default "prompt". */
  input: "prompt" | "text";
}

/** Where the head of a text without a prompt comes from. */
interface HeadStart {
  /** One linear layer, or transformers' own with a tanh layer. Default "linear". */
  head: "linear" | "tanh";
  /** Fit the head's final layer to the pretrained features first. Default false. */
  fromProbe: boolean;
}

/** A value, or a list of values to try. */
type OneOrMore<T> = T | T[];

/** The settings of a solver, each a value or a list. */
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

/** Settings of the training, checked one combination at a time. */
type TrainingLists = Partial<Record<keyof TrainingSettings, unknown>>;

export interface FineTuningMethod extends OnTasks, TextInput, HeadStart, TrainingLists {
  kind: "fine-tuning";
}

/** Logistic regression on frozen features of the model. */
export interface LinearProbeMethod extends OnTasks, TextInput, Pick<HeadStart, "head">, Penalties {
  kind: "linear-probe";
  /** The features are the mean of the last hidden states over all tokens, in place of the inputs of the head's final layer. */
  pooled?: boolean;
}

/** Logistic regression on how often each word of the training texts occurs; no language model. */
export interface BagOfWordsMethod extends OnTasks, Penalties {
  kind: "bag-of-words";
}

/** Of a bag of words and a pooled probe: a head's probe chooses by cross-validation. */
interface Penalties {
  /** A row each, of which dev chooses. Default: {@link INVERSE_PENALTIES}. */
  inversePenalty?: OneOrMore<number>;
}

/** The pretrained model's answer to the prompt; `best-threshold` is the best that one number added to each class can make of it, and looks at the test labels. */
export interface ZeroShotMethod extends OnTasks {
  kind: "zero-shot" | "best-threshold";
}

export interface KernelMethod extends OnTasks, TextInput, SolverSettings {
  kind: "kernel";
  /** Default: the margin of two classes, else the logits. */
  outputs?: "logits" | "margin";
  /** Patterns of the parameters that count. Default: all. */
  parameters?: string[];
}

export interface BehaviorMethod extends OnTasks, TextInput, HeadStart, TrainingLists {
  kind: "behavior";
  /** Default: the margin of two classes, else the logits. */
  outputs?: "logits" | "margin";
  /** The kernels to solve; dev chooses. Default: those of the optimizer. */
  kernel?: OneOrMore<SolverSettings>;
  /** Test examples whose kernel is compared before and after. Default 50. */
  featureExamples?: number;
  /** Compare it at every evaluation too. */
  featuresAlong?: boolean;
}

/** How one column of the sweep's table comes about. */
export type SweepMethod =
  FineTuningMethod | LinearProbeMethod | BagOfWordsMethod | ZeroShotMethod | KernelMethod | BehaviorMethod;
type TrainingMethod = FineTuningMethod | BehaviorMethod;

const schema = once(() => {
  const count = z.int().min(1);
  const number = z.number();
  const oneOrMore = <T extends Zod.ZodType>(value: T) => z.union([value, z.array(value).min(1)]);
  const input = z
    .enum(["prompt", "text"], 'expected "prompt", or "text" for a new head on the text alone')
    .default("prompt");
  const taskSchema = z.union([
    z.string(),
    z
      .strictObject({
        /** One of the known tasks, or a file of one's own. */
        name: z.string().optional(),
        file: z.string().optional(),
        /** Folder with K-SEED folders. Default: the task's folder in the sweep's `data`. */
        data: z.string().optional(),
        template: z.string().optional(),
        labelWords: z.array(z.string()).optional(),
      })
      .refine(({ name, file }) => (name === undefined) !== (file === undefined), "expected either name or file"),
  ]);
  const trainingShape = Object.fromEntries(TRAINING_FIELDS.map((name) => [name, z.unknown().optional()])) as Record<
    keyof TrainingSettings,
    Zod.ZodOptional<Zod.ZodUnknown>
  >;
  const onTasks = z.array(z.string()).min(1).optional();
  const inversePenalty = oneOrMore(number.positive()).optional();
  const solverShape = {
    formula: oneOrMore(z.enum(FORMULAS)).default("sgd"),
    solver: z.enum(SOLVERS).default("lstsq"),
    regularization: oneOrMore(number.min(0)).default(0),
    f0: oneOrMore(z.union([number.positive(), z.literal("inf")])).default("inf"),
    gamma: oneOrMore(number.positive()).optional(),
    lambda: oneOrMore(number.min(0).max(1)).optional(),
  };
  const method = z.discriminatedUnion("kind", [
    z.strictObject({
      kind: z.literal("fine-tuning"),
      tasks: onTasks,
      input,
      head: z.enum(["linear", "tanh"]).default("linear"),
      fromProbe: z.boolean().default(false),
      ...trainingShape,
    }),
    z
      .strictObject({
        kind: z.literal("linear-probe"),
        tasks: onTasks,
        input,
        head: z.enum(["linear", "tanh"]).default("linear"),
        pooled: z.boolean().optional(),
        inversePenalty,
      })
      .refine(({ pooled, inversePenalty: given }) => pooled === true || given === undefined, {
        path: ["inversePenalty"],
        error: "a head's probe chooses it by cross-validation; it is for a pooled one",
      }),
    z.strictObject({ kind: z.literal("bag-of-words"), tasks: onTasks, inversePenalty }),
    z.strictObject({ kind: z.enum(["zero-shot", "best-threshold"]), tasks: onTasks }),
    z.strictObject({
      kind: z.literal("kernel"),
      tasks: onTasks,
      input,
      outputs: z.enum(["logits", "margin"]).optional(),
      parameters: z.array(z.string()).min(1).optional(),
      ...solverShape,
    }),
    z.strictObject({
      kind: z.literal("behavior"),
      tasks: onTasks,
      input,
      head: z.enum(["linear", "tanh"]).default("linear"),
      fromProbe: z.boolean().default(false),
      outputs: z.enum(["logits", "margin"]).optional(),
      kernel: oneOrMore(z.strictObject(solverShape)).optional(),
      featureExamples: count.optional(),
      featuresAlong: z.boolean().optional(),
      ...trainingShape,
    }),
  ]);
  return z.strictObject({
    /** Folder in Hugging Face layout, or id on the Hub; of several, each is a sweep of its own. */
    model: oneOrMore(z.string()),
    revision: z.string().optional(),
    /** Folder with a folder for each task. */
    data: z.string(),
    tasks: z.array(taskSchema).min(1),
    k: z.array(count).min(1),
    /** Of the few-shot draws; they also seed the training, unless a method has a seed of its own. */
    seeds: z.array(z.int().min(0)).min(1),
    /** Test examples, at most. Default: all. */
    testExamples: count.optional(),
    /**
     * By the name that tables show. In a fine-tuning method every setting may be a list: each combination is a run. So in one
     * of behaviour, but for learning rates: each run chooses among them on dev.
     */
    methods: z.record(z.string(), method satisfies Zod.ZodType<SweepMethod>),
  });
});

/** A task of the sweep and the folder of its few-shot draws. */
export interface SweepTask {
  task: Task;
  data: string;
}

export interface Sweep {
  model: string;
  revision?: string;
  tasks: SweepTask[];
  k: number[];
  seeds: number[];
  testExamples?: number;
  methods: Record<string, SweepMethod>;
}

/** {@link readSweeps} for a file with one model. */
export function readSweep(path: string): Sweep {
  const sweeps = readSweeps(path);
  if (sweeps.length > 1)
    throw new Error(
      `${path}: model: expected one model, not ${sweeps.length}; several can be given to kernel-view sweep`,
    );
  return sweeps[0];
}

/**
 * Reads a sweep from JSON, one for each of its models. Folders and files in it are relative to the file; a model that is no folder
 * there is an id.
 * @throws naming the file and the field at fault; every combination of settings is checked here, before anything runs
 */
export function readSweeps(path: string): Sweep[] {
  const problem = (text: string): never => {
    throw new Error(`${path}: ${text}`);
  };
  const from = (name: string): string => resolve(dirname(path), name);
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    return problem(
      (error as NodeJS.ErrnoException).code === "ENOENT"
        ? "there is no such file"
        : `not valid JSON: ${(error as Error).message}`,
    );
  }
  const parsed = schema().safeParse(json);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return problem(`${issue.path.join(".") || "the file"}: ${issue.message.replace(/^Invalid input: /, "")}`);
  }
  const { data, tasks, model, ...rest } = parsed.data;
  for (const [name, method] of Object.entries(rest.methods)) {
    if (method.kind !== "fine-tuning" && method.kind !== "behavior") continue;
    const empty = TRAINING_FIELDS.find(
      (field) => Array.isArray(method[field]) && (method[field] as unknown[]).length === 0,
    );
    if (empty !== undefined) problem(`methods.${name}.${empty}: the list is empty`);
    for (const settings of trainingGrid(method)) {
      const rates = method.kind === "behavior" ? learningRatesOf(method) : [settings.learningRate];
      for (const learningRate of rates)
        parseTrainingConfig({ seed: 0, ...settings, learningRate }, `${path}: methods.${name}`);
    }
    if (method.kind !== "behavior") continue;
    // Solving comes after hours of training: what a solver would refuse is refused here.
    try {
      kernelChoices(method)?.forEach(checkChoice);
    } catch (error) {
      problem(`methods.${name}.kernel: ${(error as Error).message}`);
    }
  }
  const found = tasks.map((entry): SweepTask => {
    const { name, file, data: own, ...change } = typeof entry === "string" ? { name: entry } : entry;
    const known = file === undefined ? taskByName(name!) : readTaskFile(from(file));
    const task = { ...known, ...Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined)) };
    const folders =
      own === undefined ? [taskFolder(task), task.name].map((folder) => join(from(data), folder)) : [from(own)];
    const folder = folders.find(existsSync);
    return { task, data: folder ?? problem(`task ${task.name}: there is no folder ${folders[0]}`) };
  });
  for (const [name, { tasks: own = [] }] of Object.entries(rest.methods)) {
    const wrong = own.find((one) => !found.some(({ task }) => task.name === one));
    if (wrong !== undefined)
      problem(
        `methods.${name}.tasks: ${wrong} is none of the sweep's tasks, ${found.map(({ task }) => task.name).join(", ")}`,
      );
  }
  const sweeps = listed(model).map((one) => ({
    ...rest,
    model: existsSync(from(one)) ? from(one) : one,
    tasks: found,
  }));
  const twin = sweeps.find((sweep, i) => sweeps.findIndex((other) => modelName(other) === modelName(sweep)) < i);
  if (twin) problem(`model: two are called ${modelName(twin)}, and tables could not tell them apart`);
  return sweeps;
}

/** What a method reads: the prompt with the text, or the text alone. */
export function inputOf(how: SweepMethod): TextInput["input"] {
  if (how.kind === "bag-of-words") return "text";
  return "input" in how ? how.input : "prompt";
}

/** What tables call a sweep's model: the name of its folder, or its id. */
export const modelName = ({ model }: Pick<Sweep, "model">): string => (isAbsolute(model) ? basename(model) : model);

/** Every combination of the settings of a fine-tuning method, lists taken value by value; of a behaviour method but for learning rates. */
export function trainingGrid(method: TrainingMethod): Partial<TrainingSettings>[] {
  const settings = TRAINING_FIELDS.filter(
    (name) => method[name] !== undefined && !(method.kind === "behavior" && name === "learningRate"),
  ).map((name) => [name, method[name]] as const);
  return settings.reduce<Partial<TrainingSettings>[]>(
    (grid, [name, value]) =>
      grid.flatMap((setting) =>
        (Array.isArray(value) ? value : [value]).map((one: unknown) => ({ ...setting, [name]: one })),
      ),
    [{}],
  );
}

const listed = <T>(value: T | readonly T[]): readonly T[] =>
  Array.isArray(value) ? (value as readonly T[]) : [value as T];

/** The inverse penalties that a method tries. */
export const inversePenaltiesOf = ({ inversePenalty }: Penalties): readonly number[] =>
  inversePenalty === undefined ? INVERSE_PENALTIES : listed(inversePenalty);

/** The learning rates that a behaviour method chooses among. */
export const learningRatesOf = ({ learningRate }: BehaviorMethod): number[] =>
  listed(learningRate as number | number[]).slice();

/** The kernels that a behaviour method names, one a formula. */
export const kernelChoices = ({ kernel }: BehaviorMethod): KernelChoice[] | undefined =>
  kernel &&
  listed(kernel).flatMap((one) =>
    kernelGrid(one).formulas.map((formula) => ({ formula, solver: one.solver, ...kernelGrid(one).values })),
  );

function checkChoice({ solver, formula, gammas, lambdas }: KernelChoice): void {
  checkFormula(solver, formula);
  if (solver === "asym" && !lambdas) throw new Error("the solver asym needs lambda, from 0 to 1");
  if (solver !== "asym" && (gammas || lambdas))
    throw new Error(`gamma and lambda belong to the solver asym, not to ${solver}`);
}

/** The formulas of a kernel method, and the values of its solver's settings. */
export function kernelGrid({ formula, regularization, f0, gamma, lambda }: SolverSettings): {
  formulas: readonly Formula[];
  values: {
    regularizations: readonly number[];
    f0s: readonly number[];
    gammas?: readonly number[];
    lambdas?: readonly number[];
  };
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
