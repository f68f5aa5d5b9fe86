/** A sweep as a file or a cell describes it: tasks × k × seeds × methods × their settings. */
import { existsSync } from "node:fs";
import { basename, dirname, isAbsolute, join, resolve } from "node:path";
import type * as Zod from "zod";
import { InputError } from "../errors";
import { readJson } from "../files/json";
import { parseTrainingConfig, TRAINING_FIELDS, type TrainingSettings } from "../finetune/training-config";
import { FORMULAS } from "../kernels/formula";
import { once } from "../lazy";
import { z } from "../packages";
import { SOLVERS, takesNumbers } from "../solvers/solver";
import { isNumberMetric, taskByName, taskFolder, type Task } from "../tasks/task";
import { readTaskFile } from "../tasks/task-file";
import { checkSolvers, isTraining, learningRatesOf, listed, trainingGrid, type SweepMethod } from "./method-settings";

const schema = once(() => {
  const count = z.int().min(1);
  const number = z.number();
  const oneOrMore = <T extends Zod.ZodType>(value: T) => z.union([value, z.array(value).min(1)]);
  const input = z
    .enum(["prompt", "text"], 'expected "prompt", or "text" for a new head on the text alone')
    .default("prompt");
  const tokens = z.int().min(1).optional();
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
        maxLength: tokens,
        firstSentenceLimit: tokens,
        otherSentenceLimit: tokens,
      })
      .refine(({ name, file }) => (name === undefined) !== (file === undefined), "expected either name or file"),
  ]);
  const trainingShape = Object.fromEntries(TRAINING_FIELDS.map((name) => [name, z.unknown().optional()])) as Record<
    keyof TrainingSettings,
    Zod.ZodOptional<Zod.ZodUnknown>
  >;
  const onTasks = z.array(z.string()).min(1).optional();
  const inversePenalty = oneOrMore(number.positive()).optional();
  const reads = { tasks: onTasks, input };
  const head = z.enum(["linear", "tanh"]).default("linear");
  const trains = { ...reads, head, fromProbe: z.boolean().default(false), ...trainingShape };
  const outputs = z.enum(["logits", "margin"]).optional();
  const solverShape = {
    formula: oneOrMore(z.enum(FORMULAS)).default("sgd"),
    solver: z.enum(SOLVERS).default("lstsq"),
    regularization: oneOrMore(number.min(0)).default(0),
    f0: oneOrMore(z.union([number.positive(), z.literal("inf")])).default("inf"),
    gamma: oneOrMore(number.positive()).optional(),
    lambda: oneOrMore(number.min(0).max(1)).optional(),
  };
  const method = z.discriminatedUnion("kind", [
    z.strictObject({ kind: z.literal("fine-tuning"), ...trains }),
    z
      .strictObject({ kind: z.literal("linear-probe"), ...reads, head, pooled: z.boolean().optional(), inversePenalty })
      .refine(({ pooled, inversePenalty: given }) => pooled === true || given === undefined, {
        path: ["inversePenalty"],
        error: "a head's probe chooses it by cross-validation; it is for a pooled one",
      }),
    z.strictObject({ kind: z.literal("bag-of-words"), tasks: onTasks, inversePenalty }),
    z.strictObject({ kind: z.enum(["zero-shot", "best-threshold"]), tasks: onTasks }),
    z.strictObject({
      kind: z.literal("kernel"),
      ...reads,
      outputs,
      parameters: z.array(z.string()).min(1).optional(),
      ...solverShape,
    }),
    z.strictObject({
      kind: z.literal("behavior"),
      ...trains,
      outputs,
      kernel: oneOrMore(z.strictObject(solverShape)).optional(),
      featureExamples: count.optional(),
      featuresAlong: z.boolean().optional(),
    }),
  ]);
  return z.strictObject({
    /** Folder in Hugging Face layout, or id on the Hub; each of several makes a separate sweep. */
    model: oneOrMore(z.string()),
    revision: z.string().optional(),
    /** Folder with a folder for each task. */
    data: z.string(),
    tasks: z.array(taskSchema).min(1),
    k: z.array(count).min(1),
    /** Of the few-shot draws; they also seed the training, unless a method names another seed. */
    seeds: z.array(z.int().min(0)).min(1),
    /** Test examples, at most. Default: all. */
    testExamples: count.optional(),
    /**
     * By the name that tables show. In a fine-tuning method every setting may be a list: each combination is a run. The same
     * holds for one of behaviour, except for its learning rates: each run chooses among them on dev.
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

/**
 * A sweep from what its file would have, for one model. Paths are relative to the working folder.
 * @throws as {@link readSweeps}
 */
export const parseSweep = (described: object): Sweep => onlyOne(parseSweeps(described, "the sweep", "."), "the sweep");

/** {@link readSweeps} for a file with one model. */
export const readSweep = (path: string): Sweep => onlyOne(readSweeps(path), path);

function onlyOne(sweeps: readonly Sweep[], name: string): Sweep {
  if (sweeps.length > 1)
    throw new InputError(
      `${name}: model: expected one model, not ${sweeps.length}; several can be given to kernel-view sweep`,
    );
  return sweeps[0];
}

/**
 * Reads a sweep from JSON, one for each of its models. Folders and files in it are relative to the file; a model that is no folder
 * there is an id.
 * @throws naming the file and the field at fault; every combination of settings is checked here, before anything runs
 */
export const readSweeps = (path: string): Sweep[] => parseSweeps(readJson(path), path, dirname(path));

/** @param place what messages begin with */
function parseSweeps(described: unknown, place: string, folder: string): Sweep[] {
  const problem = (text: string): never => {
    throw new InputError(`${place}: ${text}`);
  };
  const from = (name: string): string => resolve(folder, name);
  const parsed = schema().safeParse(described);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return problem(`${issue.path.join(".") || "the file"}: ${issue.message.replace(/^Invalid input: /, "")}`);
  }
  const { data, tasks, model, ...rest } = parsed.data;
  const methods = Object.entries(rest.methods);
  for (const [name, method] of methods) checkSettings(method, `${place}: methods.${name}`);
  const found = tasks.map((entry): SweepTask => {
    const { name, file, data: own, ...change } = typeof entry === "string" ? { name: entry } : entry;
    const known = file === undefined ? taskByName(name!) : readTaskFile(from(file));
    const task = { ...known, ...Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined)) };
    const folders =
      own === undefined ? [taskFolder(task), task.name].map((name) => join(from(data), name)) : [from(own)];
    return { task, data: folders.find(existsSync) ?? problem(`task ${task.name}: there is no folder ${folders[0]}`) };
  });
  for (const [name, method] of methods) {
    const wrong = method.tasks?.find((one) => !found.some(({ task }) => task.name === one));
    if (wrong !== undefined)
      problem(
        `methods.${name}.tasks: ${wrong} is none of the sweep's tasks, ${found.map(({ task }) => task.name).join(", ")}`,
      );
    const own = found.filter(({ task }) => method.tasks?.includes(task.name) ?? true);
    for (const { task } of own) {
      const unfit = unfitFor(task, method);
      if (unfit)
        problem(
          `methods.${name}.${unfit} is not for task ${task.name}, whose labels are ${task.target ? "numbers" : "classes"}`,
        );
    }
    const many = own.find(({ task }) => task.labels.length !== 2);
    if ("outputs" in method && method.outputs === "margin" && many)
      problem(
        `methods.${name}.outputs: the margin is for two classes, and task ${many.task.name} has ${many.task.labels.length}: choose the outputs "logits"`,
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

/** What of a method does not go with the task's labels, classes or numbers. */
function unfitFor({ target }: Task, method: SweepMethod): string | undefined {
  const unfit = (field: string, values: unknown, fits: (value: never) => boolean): string | undefined => {
    const wrong = listed(values ?? []).find((value) => !fits(value as never));
    return wrong === undefined ? undefined : `${field}: ${JSON.stringify(wrong)}`;
  };
  if (method.kind === "fine-tuning" || method.kind === "behavior") {
    const wrong = unfit("metric", method.metric, (metric) => isNumberMetric(metric) === (target !== undefined));
    if (wrong) return wrong;
  }
  if (target === undefined) return undefined;
  if (method.kind === "fine-tuning") return unfit("fromProbe", method.fromProbe, (fromProbe) => !fromProbe);
  if (method.kind === "kernel") return unfit("solver", method.solver, takesNumbers);
  return unfit("kind", method.kind, (kind) => kind === "zero-shot");
}

/** Checks every combination of a method's settings, and its solvers: they come after hours of training or kernels. */
function checkSettings(method: SweepMethod, place: string): void {
  if (isTraining(method)) {
    const empty = TRAINING_FIELDS.find((field) => listed(method[field]).length === 0);
    if (empty !== undefined) throw new InputError(`${place}.${empty}: the list is empty`);
    for (const settings of trainingGrid(method))
      for (const learningRate of method.kind === "behavior" ? learningRatesOf(method) : [settings.learningRate])
        parseTrainingConfig({ seed: 0, ...settings, learningRate }, place);
  }
  try {
    if (method.kind === "kernel") checkSolvers([method]);
    if (method.kind === "behavior") checkSolvers(listed(method.kernel ?? []));
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    throw new InputError(`${place}${method.kind === "behavior" ? ".kernel" : ""}: ${error.message}`);
  }
}

/** What tables call a sweep's model: the name of its folder, or its id. */
export const modelName = ({ model }: Pick<Sweep, "model">): string => (isAbsolute(model) ? basename(model) : model);
