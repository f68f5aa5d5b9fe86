/** A sweep as one file describes it: tasks × k × seeds × methods × their settings. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { z } from "zod";
import { parseTrainingConfig, TRAINING_FIELDS, type TrainingSettings } from "../finetune/training-config";
import { FORMULAS, type Formula } from "../kernels/formula";
import { SOLVERS } from "../solvers/solver-names";
import { taskByName, type Task } from "../tasks/task";
import { readTaskFile } from "../tasks/task-file";

const count = z.int().min(1);
const number = z.number();
const oneOrMore = <T extends z.ZodType>(value: T) => z.union([value, z.array(value).min(1)]);
const input = z.enum(["prompt", "text"], 'expected "prompt", or "text" for a new head on the text alone').default("prompt");

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

const trainingShape = Object.fromEntries(TRAINING_FIELDS.map((name) => [name, z.unknown().optional()])) as Record<keyof TrainingSettings, z.ZodOptional<z.ZodUnknown>>;

const methodSchema = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("fine-tuning"),
    input,
    /** Of a text without a prompt: one linear layer, or transformers' own with a tanh layer. */
    head: z.enum(["linear", "tanh"]).default("linear"),
    /** Fit the head's final layer to the pretrained features first. */
    fromProbe: z.boolean().default(false),
    ...trainingShape,
  }),
  z.strictObject({ kind: z.literal("linear-probe"), input, head: z.enum(["linear", "tanh"]).default("linear") }),
  z.strictObject({ kind: z.literal("zero-shot") }),
  z.strictObject({
    kind: z.literal("kernel"),
    input,
    outputs: z.enum(["logits", "margin"]).default("logits"),
    formula: oneOrMore(z.enum(FORMULAS)).default("sgd"),
    parameters: z.array(z.string()).min(1).optional(),
    solver: z.enum(SOLVERS).default("lstsq"),
    regularization: oneOrMore(number.min(0)).default(0),
    /** JSON has no infinity: "inf". */
    f0: oneOrMore(z.union([number.positive(), z.literal("inf")])).default("inf"),
    gamma: oneOrMore(number.positive()).optional(),
    lambda: oneOrMore(number.min(0).max(1)).optional(),
  }),
]);

const schema = z.strictObject({
  /** Folder in Hugging Face layout, or id on the Hub. */
  model: z.string(),
  revision: z.string().optional(),
  /** Folder with a folder for each task. */
  data: z.string(),
  tasks: z.array(taskSchema).min(1),
  k: z.array(count).min(1),
  /** Of the few-shot draws; they also seed the training, unless a method has a seed of its own. */
  seeds: z.array(z.int().min(0)).min(1),
  /** Test examples, at most. Default: all. */
  testExamples: count.optional(),
  /** By the name that tables show. In a fine-tuning method every setting may be a list: each combination is a run. */
  methods: z.record(z.string(), methodSchema),
});

export type SweepMethod = z.output<typeof methodSchema>;
export type KernelMethod = Extract<SweepMethod, { kind: "kernel" }>;

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

/**
 * Reads a sweep from JSON. Folders and files in it are relative to the file; a model that is no folder there is an id.
 * @throws naming the file and the field at fault; every combination of settings is checked here, before anything runs
 */
export function readSweep(path: string): Sweep {
  const problem = (text: string): never => {
    throw new Error(`${path}: ${text}`);
  };
  const from = (name: string): string => resolve(dirname(path), name);
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    return problem((error as NodeJS.ErrnoException).code === "ENOENT" ? "there is no such file" : `not valid JSON: ${(error as Error).message}`);
  }
  const parsed = schema.safeParse(json);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return problem(`${issue.path.join(".") || "the file"}: ${issue.message.replace(/^Invalid input: /, "")}`);
  }
  const { data, tasks, model, ...rest } = parsed.data;
  for (const [name, method] of Object.entries(rest.methods)) {
    if (method.kind !== "fine-tuning") continue;
    const empty = TRAINING_FIELDS.find((field) => Array.isArray(method[field]) && (method[field] as unknown[]).length === 0);
    if (empty !== undefined) problem(`methods.${name}.${empty}: the list is empty`);
    for (const settings of trainingGrid(method)) parseTrainingConfig({ seed: 0, ...settings }, `${path}: methods.${name}`);
  }
  const found = tasks.map((entry): SweepTask => {
    const { name, file, data: own, ...change } = typeof entry === "string" ? { name: entry } : entry;
    const known = file === undefined ? taskByName(name!) : readTaskFile(from(file));
    const task = { ...known, ...Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined)) };
    const folders = own === undefined ? [task.folder ?? task.name, task.name].map((folder) => join(from(data), folder)) : [from(own)];
    const folder = folders.find(existsSync);
    return { task, data: folder ?? problem(`task ${task.name}: there is no folder ${folders[0]}`) };
  });
  return { ...rest, model: existsSync(from(model)) ? from(model) : model, tasks: found };
}

/** Every combination of the settings of a fine-tuning method, lists taken value by value. */
export function trainingGrid(method: Extract<SweepMethod, { kind: "fine-tuning" }>): Partial<TrainingSettings>[] {
  const settings = TRAINING_FIELDS.filter((name) => method[name] !== undefined).map((name) => [name, method[name]] as const);
  return settings.reduce<Partial<TrainingSettings>[]>(
    (grid, [name, value]) => grid.flatMap((setting) => (Array.isArray(value) ? value : [value]).map((one: unknown) => ({ ...setting, [name]: one }))),
    [{}],
  );
}

const listed = <T>(value: T | readonly T[]): readonly T[] => (Array.isArray(value) ? (value as readonly T[]) : [value as T]);

/** The formulas of a kernel method, and the values of its solver's settings. */
export function kernelGrid({ formula, regularization, f0, gamma, lambda }: KernelMethod): {
  formulas: readonly Formula[];
  values: { regularizations: readonly number[]; f0s: readonly number[]; gammas?: readonly number[]; lambdas?: readonly number[] };
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
