/**
 * The width experiment (Section 5, Theorem 5.5): does fine-tuning come nearer to its kernel as the network grows?
 *
 * Networks of widths n are fine-tuned until they have fitted a fixed share of what the new task asks for; then the change of
 * f on held-out inputs is compared with its linearization at θ_0, and the features with those at θ_0. What is asked for is
 *
 *   y = f_0(x) + ε g(x),  ε = n^(−a),  g of unit size on the training examples,
 *
 * so that the output derivative χ = f − y of the squared loss has size ε. The paper's "natural" task is one where χ → 0 with the
 * width (Definition 5.3). Here that is imposed, by a > 0; it does not emerge from pretraining. The change of f then shrinks with χ,
 * and the errors are relative to it. a = 0 is a task that needs a change of Θ(1).
 *
 * | start | what it is |
 * |---|---|
 * | pretrained | trained in the maximal update parameterization (width-scaling.ts) on a source task to small loss |
 * | new head | its features under a new random head, as in standard fine-tuning |
 * | lazy | not trained, in the neural-tangent-kernel scaling: the reference |
 *
 * What theory expects of it: width-slopes.ts.
 */
import { InputError } from "../errors";
import { randomMatrix } from "../kernels/random-matrix";
import { runSteps } from "../steps";
import { trainWideSteps, type WideTask } from "./wide-training";
import {
  gradientsOf,
  linearChange,
  randomNetwork,
  weightedGradientDistance,
  weightedKernel,
  withNewHead,
  type WideNetwork,
} from "./wide-network";
import { dot, relativeDistance, scaledTo } from "./wide-products";
import {
  initialDeviations,
  scaledRates,
  widthRates,
  type Parameterization,
  type SimpleOptimizer,
} from "./width-scaling";

export type WidthStart = "pretrained" | "new head" | "lazy";

export interface WidthSetting {
  start: WidthStart;
  /** a of ε = n^(−a), at least 0. */
  exponent: number;
  optimizer: SimpleOptimizer;
}

/** Either head on a task that is natural or not, and the lazy reference, for both optimizers. */
export const WIDTH_SETTINGS: readonly WidthSetting[] = (["sgd", "signgd"] as const).flatMap((optimizer) => [
  { start: "pretrained" as const, exponent: 0.5, optimizer },
  { start: "pretrained" as const, exponent: 0, optimizer },
  { start: "new head" as const, exponent: 0, optimizer },
  { start: "new head" as const, exponent: 0.5, optimizer },
  { start: "lazy" as const, exponent: 0, optimizer },
]);

export interface WidthLabOptions {
  /** Default: 64, 128, …, 2,048. */
  widths?: readonly number[];
  /** Each draws other examples, tasks and weights. */
  seeds?: readonly number[];
  /** Default: {@link WIDTH_SETTINGS}. */
  settings?: readonly WidthSetting[];
  /** d. Default 8. */
  inputs?: number;
  /** Examples of the source task, of the fine-tuning task, and held out. Default 8 each. */
  examples?: { source: number; train: number; heldOut: number };
  /** The share of y − f_0 that fine-tuning fits. Default 0.5. */
  fitted?: number;
  /** Pretraining ends at this root mean squared residual, relative to the start. Default 0.1: a hundredth of the loss. */
  sourceResidual?: number;
  /** Learning rates before scaling with the width; SignGD's is for χ of size 1. */
  rates?: { pretraining: number; sgd: number; signgd: number };
  /** For pretraining and for fine-tuning each. Default 1,000. */
  maxSteps?: number;
  /** Called after each record. */
  onRecord?: (record: WidthRecord, done: number, total: number) => void;
}

/** What was measured at one width, seed and setting. */
export interface WidthRecord extends WidthSetting {
  /** "pretrained, χ ∝ n^−0.5, SGD". */
  setting: string;
  width: number;
  seed: number;
  /** ε, the root mean square of y − f_0 on the training examples. */
  epsilon: number;
  /** Fine-tuning steps, and the share of y − f_0 fitted by them. Less than asked for where maxSteps was not enough. */
  steps: number;
  fitted: number;
  /** Steps of pretraining and the relative residual at its end; 0 and 1 for the lazy start. */
  sourceSteps: number;
  sourceResidual: number;
  /** Root of the mean squared change of f on the held-out inputs. */
  change: number;
  /** ‖f_t − f_lin‖ / ‖f_t − f_0‖ over the held-out inputs. */
  linearizationError: number;
  /** ‖K_t − K_0‖ / ‖K_0‖ (Frobenius), of held-out with training inputs; K_SGD or K_A-SignGD by optimizer, each layer times its rate. */
  kernelDistance: number;
  /** ‖∇f_t − ∇f_0‖ / ‖∇f_0‖ over the held-out inputs, each layer's square times SGD's rate. */
  gradientDistance: number;
}

/** As a legend has it. */
export const widthSettingName = ({ start, exponent, optimizer }: WidthSetting): string =>
  `${start}, χ ∝ ${exponent === 0 ? "1" : `n^−${exponent}`}, ${optimizer === "sgd" ? "SGD" : "SignGD"}`;

/**
 * The width experiment on Section 5 of the paper (docs/theory-lab.md): networks of several widths are pretrained, then
 * fine-tuned and compared with their linearization. Gives a record for each width, seed and setting, the narrowest first.
 */
export const widthLab = (options: WidthLabOptions = {}, signal?: AbortSignal): Promise<WidthRecord[]> =>
  runSteps(widthLabSteps(options), signal);

/** The share of y − f_0 that fine-tuning fits unless told otherwise. */
export const FITTED_SHARE = 0.5;

const DEFAULTS: Chosen = {
  widths: [64, 128, 256, 512, 1024, 2048],
  seeds: [1, 2, 3],
  settings: WIDTH_SETTINGS,
  inputs: 8,
  examples: { source: 8, train: 8, heldOut: 8 },
  fitted: FITTED_SHARE,
  sourceResidual: 0.1,
  rates: { pretraining: 2, sgd: 0.5, signgd: 0.1 },
  maxSteps: 1000,
};

/** {@link widthLab} with a pause after each training step. */
export function* widthLabSteps(options: WidthLabOptions = {}): Generator<undefined, WidthRecord[]> {
  const chosen = { ...DEFAULTS, ...options };
  check(chosen);
  const records: WidthRecord[] = [];
  const total = chosen.widths.length * chosen.seeds.length * chosen.settings.length;
  for (const width of chosen.widths) {
    for (const seed of chosen.seeds) {
      const data = drawData(chosen, seed);
      const needed = chosen.settings.some(({ start }) => start !== "lazy");
      const pretrained = needed ? yield* pretrain(chosen, data.source, width, seed) : undefined;
      for (const setting of chosen.settings) {
        const record = yield* measure(chosen, setting, data, pretrained, width, seed);
        records.push(record);
        options.onRecord?.(record, records.length, total);
        yield;
      }
    }
  }
  return records;
}

type Chosen = Required<Omit<WidthLabOptions, "onRecord">>;

/** The inputs are the same at every width. */
interface Data {
  source: WideTask;
  train: readonly Float64Array[];
  heldOut: readonly Float64Array[];
  /** g on the training examples, of root mean square 1. */
  direction: Float64Array;
}

function drawData({ inputs, examples }: Chosen, seed: number): Data {
  const draw = (name: string, size: number): Float64Array =>
    Float64Array.from(randomMatrix("gaussian", seed, ["width-lab", name], size));
  const points = (name: string, count: number): Float64Array[] =>
    Array.from({ length: count }, (_, k) => scaledTo(draw(`${name} ${k}`, inputs), Math.sqrt(inputs)));
  /** A wave in a random direction: as smooth at every place, and no network of ours fits it without learning. */
  const wave = (name: string, x: readonly Float64Array[]): Float64Array => {
    const direction = scaledTo(draw(name, inputs), 2);
    const [phase] = draw(`${name}, phase`, 1);
    return Float64Array.from(x, (point) => Math.SQRT2 * Math.sin(dot(direction, point) + Math.PI * phase));
  };
  const [source, train, heldOut] = [
    points("source", examples.source),
    points("train", examples.train),
    points("held out", examples.heldOut),
  ];
  return {
    source: { x: source, targets: wave("source wave", source) },
    train,
    heldOut,
    direction: scaledTo(wave("fine-tuning wave", train), Math.sqrt(train.length)),
  };
}

interface Pretrained {
  network: WideNetwork;
  steps: number;
  residual: number;
}

function* pretrain(
  { inputs, rates, sourceResidual, maxSteps }: Chosen,
  source: WideTask,
  width: number,
  seed: number,
): Generator<undefined, Pretrained> {
  const start = randomNetwork(width, inputs, initialDeviations("mup", width, inputs), seed);
  return yield* trainWideSteps(start, source, {
    rates: scaledRates(widthRates("mup", "sgd", width, inputs), rates.pretraining),
    sign: false,
    until: { residual: sourceResidual },
    maxSteps,
  });
}

function* measure(
  chosen: Chosen,
  setting: WidthSetting,
  data: Data,
  pretrained: Pretrained | undefined,
  width: number,
  seed: number,
): Generator<undefined, WidthRecord> {
  const { inputs, fitted, maxSteps, rates } = chosen;
  const { start, exponent, optimizer } = setting;
  const parameterization: Parameterization = start === "lazy" ? "lazy" : "mup";
  const deviations = initialDeviations(parameterization, width, inputs);
  const initial =
    start === "lazy"
      ? randomNetwork(width, inputs, deviations, seed)
      : start === "pretrained"
        ? pretrained!.network
        : withNewHead(pretrained!.network, deviations.output, seed);
  const epsilon = width ** -exponent;
  const onTrain = gradientsOf(initial, data.train);
  const onHeldOut = gradientsOf(initial, data.heldOut);
  yield;
  const targets = onTrain.activations.outputs.map((f, k) => f + epsilon * data.direction[k]);
  const perWidth = widthRates(parameterization, optimizer, width, inputs);
  // A sign does not know how small χ is, so that the rate has to.
  const stepRates = scaledRates(perWidth, optimizer === "sgd" ? rates.sgd : rates.signgd * epsilon);
  const tuned = yield* trainWideSteps(
    initial,
    { x: data.train, targets },
    { rates: stepRates, sign: optimizer === "signgd", until: { fitted }, maxSteps },
  );
  const [tunedOnTrain, tunedOnHeldOut] = [
    gradientsOf(tuned.network, data.train),
    gradientsOf(tuned.network, data.heldOut),
  ];
  yield;
  const change = tunedOnHeldOut.activations.outputs.map((f, k) => f - onHeldOut.activations.outputs[k]);
  const linear = linearChange(initial, tuned.network, onHeldOut.activations, onHeldOut.derivatives);
  const signs = optimizer === "signgd";
  return {
    setting: widthSettingName(setting),
    ...setting,
    width,
    seed,
    epsilon,
    steps: tuned.steps,
    fitted: tuned.fitted,
    sourceSteps: start === "lazy" ? 0 : pretrained!.steps,
    sourceResidual: start === "lazy" ? 1 : pretrained!.residual,
    change: Math.sqrt(dot(change, change) / change.length),
    linearizationError: relativeDistance(linear, change),
    kernelDistance: relativeDistance(
      weightedKernel(tunedOnHeldOut, tunedOnTrain, perWidth, signs),
      weightedKernel(onHeldOut, onTrain, perWidth, signs),
    ),
    gradientDistance: weightedGradientDistance(
      tunedOnHeldOut,
      onHeldOut,
      widthRates(parameterization, "sgd", width, inputs),
    ),
  };
}

function check({ widths, seeds, settings, inputs, examples, fitted, sourceResidual, rates, maxSteps }: Chosen): void {
  const counts: [string, readonly number[]][] = [
    ["width", widths],
    ["number of inputs", [inputs]],
    ["number of examples", Object.values(examples)],
    ["number of steps", [maxSteps]],
  ];
  for (const [name, values] of counts) {
    const wrong = values.find((value) => !Number.isInteger(value) || value < 1);
    if (wrong !== undefined)
      throw new InputError(`the width experiment needs a ${name} that is a whole number of at least 1, not ${wrong}`);
  }
  if (widths.length === 0 || seeds.length === 0 || settings.length === 0)
    throw new InputError("the width experiment needs at least one width, one seed and one setting");
  const seed = seeds.find((value) => !Number.isSafeInteger(value) || value < 0);
  if (seed !== undefined) throw new InputError(`a seed must be a whole number of at least 0, not ${seed}`);
  const exponent = settings.find((setting) => !(setting.exponent >= 0 && Number.isFinite(setting.exponent)))?.exponent;
  if (exponent !== undefined)
    throw new InputError(`the exponent of a setting must be a number of at least 0, not ${exponent}`);
  for (const [name, share] of Object.entries({ fitted, sourceResidual }))
    if (!(share > 0 && share < 1)) throw new InputError(`"${name}" is a share above 0 and below 1, not ${share}`);
  for (const [name, rate] of Object.entries(rates))
    if (!(rate > 0 && Number.isFinite(rate)))
      throw new InputError(`the learning rate "${name}" must be a number above 0, not ${rate}`);
}
