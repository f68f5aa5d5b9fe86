/** The settings of a fine-tuning run: one checked object, the same for code, for files of sweeps and for what is kept on disk. */
import { z } from "zod";
import { stepsPerEpoch } from "./batches";
import { OPTIMIZERS } from "./optimizer";
import { SCHEDULES } from "./schedule";

const count = z.int("must be a whole number").min(1, "must be at least 1");
const positive = z.number("must be a number").positive("must be positive");
const share = z.number("must be a number").min(0, "must be at least 0").lt(1, "must be below 1");
const oneOf = <const T extends readonly string[]>(names: T) => z.enum(names, `must be one of ${names.join(", ")}`);

const lora = z.strictObject({
  /** Rank r of the factors. */
  rank: count,
  /** The factors' product counts α / r times. */
  alpha: positive,
  /** Linear layers of the encoder by the ends of their names. Default: attention.self.query and attention.self.value. */
  targets: z.array(z.string()).min(1, "must name at least one layer").optional(),
  /** Whether the head is trained too. Default true, as in the authors' code. */
  head: z.boolean().default(true),
});

const PARAMETERS_MESSAGE = 'must be "all", "head", "bitfit", { lora: { rank, alpha } } or { filter: [patterns] }';

const schema = z
  .strictObject({
    optimizer: oneOf(OPTIMIZERS),
    /** Peak learning rate. */
    learningRate: positive,
    /** What the learning rate does after warm-up: falls linearly to 0 at the last step (the authors'), or stays. Default linear. */
    schedule: oneOf(SCHEDULES).default("linear"),
    /** Steps of linear warm-up. Default 0. */
    warmupSteps: z.int("must be a whole number").min(0, "must be at least 0").optional(),
    /** Share of the steps that warm up, in place of `warmupSteps`. */
    warmupRatio: share.optional(),
    /** Optimizer steps. Either these or `epochs`. */
    steps: count.optional(),
    /** Passes over the training examples. */
    epochs: positive.optional(),
    /** Examples in a batch. */
    batchSize: count,
    /** Batches whose gradients are averaged for one step. Default 1. */
    accumulate: count.default(1),
    /** Evaluate on dev after every so many steps or after every epoch, and after the last step. Default "epoch". */
    evaluateEvery: z.union([count, z.literal("epoch")], 'must be a number of steps or "epoch"').default("epoch"),
    /** The parameters that are returned: the first best on dev (the authors'), or the last. Default best. */
    keep: oneOf(["best", "last"]).default("best"),
    /** What dev is scored by. Default accuracy; the authors take f1 for MRPC and QQP. */
    metric: oneOf(["accuracy", "f1"]).default("accuracy"),
    /** Largest global norm of a gradient; null does not clip. Default 1, for every optimizer. */
    clipNorm: positive.nullable().default(1),
    /** Decoupled in AdamW, added to the (signed) gradient in SGD; not on biases and layer norms. Default 0. */
    weightDecay: z.number("must be a number").min(0, "must be at least 0").default(0),
    /** AdamW's decay rates of its moments, and what is added to their root. Defaults 0.9, 0.999 and 1e-8. */
    beta1: share.default(0.9),
    beta2: share.default(0.999),
    epsilon: positive.default(1e-8),
    /** Cross-entropy, or the mean squared error of the logits against one-hot labels (the authors' l2_loss; f0 has no part in it). */
    loss: oneOf(["cross-entropy", "l2"]).default("cross-entropy"),
    /** Dropout with the rates of the model's config.json, or with one rate everywhere. Default false; the authors' runs have it on. */
    dropout: z.union([z.boolean(), share], "must be true, false or a rate below 1").default(false),
    /** Which parameters are trained. Default "all". */
    parameters: z
      .union([oneOf(["all", "head", "bitfit"]), z.strictObject({ lora }), z.strictObject({ filter: z.array(z.string()).min(1) })], PARAMETERS_MESSAGE)
      .default("all"),
    /** Orders the examples, draws dropout masks and first LoRA factors. */
    seed: z.int("must be a whole number"),
  })
  .check(({ value, issues }) => {
    const refuse = (field: string, message: string): void => void issues.push({ code: "custom", input: value, path: [field], message });
    if (value.steps === undefined && value.epochs === undefined) refuse("steps", "is missing: give steps or epochs");
    if (value.steps !== undefined && value.epochs !== undefined) refuse("epochs", "is given beside steps: give one of them");
    if (value.warmupSteps !== undefined && value.warmupRatio !== undefined) refuse("warmupRatio", "is given beside warmupSteps: give one of them");
  });

/** Settings as one writes them; what is left out gets its default. */
export type TrainingSettings = z.input<typeof schema>;

/** Settings with every default filled in. */
export type TrainingConfig = z.output<typeof schema>;

/** The names of all settings. */
export const TRAINING_FIELDS = Object.keys(schema.shape) as (keyof TrainingSettings)[];

/**
 * Checks settings and fills in their defaults.
 * @param source the file or object they came from, for errors
 * @throws naming the field and its value
 */
export function parseTrainingConfig(settings: unknown, source = "training settings"): TrainingConfig {
  const parsed = schema.safeParse(settings);
  if (parsed.success) return parsed.data;
  throw new Error(`${source}: ${describe(innermost(parsed.error.issues[0]), settings)}`);
}

/** Of a union's complaints, the one about the alternative that was meant: it has a path of its own. */
function innermost(issue: z.core.$ZodIssue): z.core.$ZodIssue {
  if (issue.code !== "invalid_union") return issue;
  const deeper = issue.errors.map(([first]) => first).find((first) => first !== undefined && first.path.length > 0 && first.code !== "unrecognized_keys");
  return deeper === undefined ? issue : { ...deeper, path: [...issue.path, ...deeper.path] };
}

function describe(issue: z.core.$ZodIssue, settings: unknown): string {
  const field = issue.path.join(".");
  if (issue.code === "unrecognized_keys") {
    const known = field === "" ? `; there are ${TRAINING_FIELDS.join(", ")}` : "";
    return `unknown setting ${issue.keys.map((key) => (field === "" ? key : `${field}.${key}`)).join(", ")}${known}`;
  }
  const value = issue.path.reduce<unknown>((at, key) => (at as Record<PropertyKey, unknown> | undefined)?.[key], settings);
  if (value === undefined) return issue.code === "custom" ? `${field} ${issue.message}` : `${field} is missing: it ${issue.message}`;
  return field === "" ? "must be an object" : `${field} ${issue.message}${issue.code === "custom" ? "" : `, not ${JSON.stringify(value) ?? String(value)}`}`;
}

/** Optimizer steps of a run, of an epoch, of warm-up, and between evaluations, for so many training examples. */
export function runLength(config: TrainingConfig, examples: number): { steps: number; perEpoch: number; warmup: number; evaluateEvery: number } {
  const perEpoch = stepsPerEpoch({ examples, batchSize: config.batchSize, accumulate: config.accumulate });
  const steps = config.steps ?? Math.max(1, Math.floor(perEpoch * config.epochs!));
  const warmup = config.warmupSteps ?? Math.ceil(steps * (config.warmupRatio ?? 0));
  return { steps, perEpoch, warmup, evaluateEvery: config.evaluateEvery === "epoch" ? perEpoch : config.evaluateEvery };
}
