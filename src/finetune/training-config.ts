/** The settings of a fine-tuning run: one checked object, the same in code, in sweep files and on disk. */
import type * as Zod from "zod";
import { InputError } from "../errors";
import { valueAt } from "../files/fields";
import { once } from "../lazy";
import { z } from "../packages";
import { METRICS, type Metric } from "../tasks/task";
import { stepsPerEpoch } from "./batches";
import { OPTIMIZERS, SCHEDULES, type OptimizerName, type Schedule } from "./optimizer";

/** Low-rank factors in place of whole matrices. */
export interface LoraSettings {
  /** Rank r of the factors. */
  rank: number;
  /** The factors' product counts α / r times. */
  alpha: number;
  /** Linear layers of the encoder by the ends of their names. Default: attention.self.query and attention.self.value. */
  targets?: string[];
  /** Whether the head is trained too. Default true, as in the authors' code. */
  head?: boolean;
}

/** Settings as the user writes them; what is left out gets its default. */
export interface TrainingSettings {
  optimizer: OptimizerName;
  /** Peak learning rate. */
  learningRate: number;
  /** What the learning rate does after warm-up: falls linearly to 0 at the last step (the authors'), or stays. Default linear. */
  schedule?: Schedule;
  /** Steps of linear warm-up. Default 0. */
  warmupSteps?: number;
  /** Share of the steps that warm up, in place of `warmupSteps`. */
  warmupRatio?: number;
  /** Optimizer steps. Either these or `epochs`. */
  steps?: number;
  /** Passes over the training examples. */
  epochs?: number;
  /** Examples in a batch. */
  batchSize: number;
  /** Batches whose gradients are averaged for one step. Default 1. */
  accumulate?: number;
  /** Evaluate on dev after every so many steps or after every epoch, and after the last step. Default "epoch". */
  evaluateEvery?: number | "epoch";
  /** The parameters that are returned: the first best on dev (the authors'), or the last. Default best. */
  keep?: "best" | "last";
  /** What dev is scored by. Default accuracy; the authors take f1 for MRPC and QQP. */
  metric?: Metric;
  /** Largest global norm of a gradient; null does not clip. Default 1, for every optimizer. */
  clipNorm?: number | null;
  /** Decoupled in AdamW, added to the (signed) gradient in SGD; not on biases and layer norms. Default 0. */
  weightDecay?: number;
  /** AdamW's decay rate of its first moment. Default 0.9. */
  beta1?: number;
  /** AdamW's decay rate of its second moment. Default 0.999. */
  beta2?: number;
  /** What AdamW adds to the root of its second moment. Default 1e-8. */
  epsilon?: number;
  /** Cross-entropy, or the mean squared error of the logits against one-hot labels (the authors' l2_loss; f0 has no part in it). */
  loss?: "cross-entropy" | "l2";
  /** Dropout with the rates of the model's config.json, or with one rate everywhere. Default false; the authors' runs have it on. */
  dropout?: boolean | number;
  /** Which parameters are trained. Default "all". */
  parameters?: "all" | "head" | "bitfit" | { lora: LoraSettings } | { filter: string[] };
  /** Orders the examples, draws dropout masks and first LoRA factors. */
  seed: number;
}

/** Settings with every default filled in. */
export interface TrainingConfig
  extends Required<Omit<TrainingSettings, Undefaulted | "parameters">>, Pick<TrainingSettings, Undefaulted> {
  /** Which parameters are trained. */
  parameters: "all" | "head" | "bitfit" | { lora: LoraSettings & { head: boolean } } | { filter: string[] };
}

/** The settings without a default. */
type Undefaulted = "warmupSteps" | "warmupRatio" | "steps" | "epochs";

const schema = once(() => {
  const count = z.int("must be a whole number").min(1, "must be at least 1");
  const positive = z.number("must be a number").positive("must be positive");
  const share = z.number("must be a number").min(0, "must be at least 0").lt(1, "must be below 1");
  const oneOf = <const T extends readonly string[]>(names: T) => z.enum(names, `must be one of ${names.join(", ")}`);
  const lora = z.strictObject({
    rank: count,
    alpha: positive,
    targets: z.array(z.string()).min(1, "must name at least one layer").optional(),
    head: z.boolean().default(true),
  });
  const parametersMessage = 'must be "all", "head", "bitfit", { lora: { rank, alpha } } or { filter: [patterns] }';
  return z
    .strictObject({
      optimizer: oneOf(OPTIMIZERS),
      learningRate: positive,
      schedule: oneOf(SCHEDULES).default("linear"),
      warmupSteps: z.int("must be a whole number").min(0, "must be at least 0").optional(),
      warmupRatio: share.optional(),
      steps: count.optional(),
      epochs: positive.optional(),
      batchSize: count,
      accumulate: count.default(1),
      evaluateEvery: z.union([count, z.literal("epoch")], 'must be a number of steps or "epoch"').default("epoch"),
      keep: oneOf(["best", "last"]).default("best"),
      metric: oneOf(METRICS).default("accuracy"),
      clipNorm: positive.nullable().default(1),
      weightDecay: z.number("must be a number").min(0, "must be at least 0").default(0),
      beta1: share.default(0.9),
      beta2: share.default(0.999),
      epsilon: positive.default(1e-8),
      loss: oneOf(["cross-entropy", "l2"]).default("cross-entropy"),
      dropout: z.union([z.boolean(), share], "must be true, false or a rate below 1").default(false),
      parameters: z
        .union(
          [
            oneOf(["all", "head", "bitfit"]),
            z.strictObject({ lora }),
            z.strictObject({ filter: z.array(z.string()).min(1) }),
          ],
          parametersMessage,
        )
        .default("all"),
      seed: z.int("must be a whole number"),
    })
    .check(({ value, issues }) => {
      const refuse = (field: string, message: string): void =>
        void issues.push({ code: "custom", input: value, path: [field], message });
      if (value.steps === undefined && value.epochs === undefined) refuse("steps", "is missing: give steps or epochs");
      if (value.steps !== undefined && value.epochs !== undefined)
        refuse("epochs", "is given beside steps: give one of them");
      if (value.warmupSteps !== undefined && value.warmupRatio !== undefined)
        refuse("warmupRatio", "is given beside warmupSteps: give one of them");
    }) satisfies Zod.ZodType<TrainingConfig, TrainingSettings>;
});

/** The names of all settings. */
export const TRAINING_FIELDS = Object.keys({
  optimizer: true,
  learningRate: true,
  schedule: true,
  warmupSteps: true,
  warmupRatio: true,
  steps: true,
  epochs: true,
  batchSize: true,
  accumulate: true,
  evaluateEvery: true,
  keep: true,
  metric: true,
  clipNorm: true,
  weightDecay: true,
  beta1: true,
  beta2: true,
  epsilon: true,
  loss: true,
  dropout: true,
  parameters: true,
  seed: true,
} satisfies Record<keyof TrainingSettings, true>) as (keyof TrainingSettings)[];

/**
 * Checks settings and fills in their defaults.
 * @param source the file or object they came from, for errors
 * @throws naming the field and its value
 */
export function parseTrainingConfig(settings: unknown, source = "training settings"): TrainingConfig {
  const parsed = schema().safeParse(settings);
  if (parsed.success) return parsed.data;
  const issue = innermost(parsed.error.issues[0]);
  throw new InputError(`${source}: ${describe(issue, settings)}`, { file: source, field: issue.path.join(".") });
}

/** Of a union's issues, the one about the alternative that was meant, recognized by its longer path. */
function innermost(issue: Zod.core.$ZodIssue): Zod.core.$ZodIssue {
  if (issue.code !== "invalid_union") return issue;
  const deeper = issue.errors
    .map(([first]) => first)
    .find((first) => first !== undefined && first.path.length > 0 && first.code !== "unrecognized_keys");
  return deeper === undefined ? issue : { ...deeper, path: [...issue.path, ...deeper.path] };
}

function describe(issue: Zod.core.$ZodIssue, settings: unknown): string {
  const field = issue.path.join(".");
  if (issue.code === "unrecognized_keys") {
    const known = field === "" ? `; there are ${TRAINING_FIELDS.join(", ")}` : "";
    return `unknown setting ${issue.keys.map((key) => (field === "" ? key : `${field}.${key}`)).join(", ")}${known}`;
  }
  const value = valueAt(settings, issue.path);
  if (value === undefined)
    return issue.code === "custom" ? `${field} ${issue.message}` : `${field} is missing: it ${issue.message}`;
  return field === ""
    ? "must be an object"
    : `${field} ${issue.message}${issue.code === "custom" ? "" : `, not ${JSON.stringify(value) ?? String(value)}`}`;
}

/** Optimizer steps of a run, of an epoch, of warm-up, and between evaluations, for so many training examples. */
export function runLength(
  config: TrainingConfig,
  examples: number,
): { steps: number; perEpoch: number; warmup: number; evaluateEvery: number } {
  const perEpoch = stepsPerEpoch({ examples, batchSize: config.batchSize, accumulate: config.accumulate });
  const steps = config.steps ?? Math.max(1, Math.floor(perEpoch * config.epochs!));
  const warmup = config.warmupSteps ?? Math.ceil(steps * (config.warmupRatio ?? 0));
  return { steps, perEpoch, warmup, evaluateEvery: config.evaluateEvery === "epoch" ? perEpoch : config.evaluateEvery };
}
