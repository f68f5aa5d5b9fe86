/** Training beside its linearization and its kernel, step by step, on the scene's draw. */
import { directionalDerivative } from "../behavior/displacement";
import { outputGradients } from "../behavior/early-steps";
import { kernelDescentSteps } from "../behavior/kernel-descent";
import { lossOfOutputs } from "../behavior/output-loss";
import { InputError } from "../errors";
import { trainingBatches } from "../finetune/batches";
import { disposeFlatParameters, flatLayout, flatten, withFlatParameters } from "../finetune/flat-parameters";
import { createOptimizer, OPTIMIZERS } from "../finetune/optimizer";
import { trainedVocabulary } from "../finetune/trained-vocabulary";
import { passOf } from "../kernels/factors";
import { computeOutputsSteps } from "../kernels/outputs";
import { keptFactors, type GradientFactors } from "../kernels/training-side";
import { tf } from "../model/backend";
import { parameter, type Model } from "../model/model";
import { runAtOnce, runSteps } from "../steps";
import type { OnProgress, TrainingAnswer, TrainingPoint, TrainingRequest } from "./answer";
import { aboutOf, disagreementOf, remember, remembered, testColumns, trainKernel, type Watched } from "./columns";
import type { PromptedExamples, Scene } from "./scene";

/** Test sentences that are followed, taken evenly over the scene's test part. */
const FOLLOWED = 8;

/** What is known of a step without the kernel, which is computed for all steps at once. */
type TrainedPoint = Omit<TrainingPoint, "kernel">;

/** Their places. */
function followedPlaces({ examples }: PromptedExamples): number[] {
  const count = Math.min(FOLLOWED, examples.length);
  return Array.from({ length: count }, (_, i) => Math.floor((i * examples.length) / count));
}

/** A run that goes on where it stopped: its generator is kept between questions. */
interface Run {
  key: string;
  points: TrainedPoint[];
  steps: Generator<TrainedPoint | undefined, never>;
}

/**
 * @throws for settings that cannot be used; DivergedError if the kernel's prediction grows without bound; the signal's
 *   reason, after which the same question goes on from the last step
 */
export async function answerTraining(
  scene: Scene,
  request: TrainingRequest,
  onProgress: OnProgress,
  signal?: AbortSignal,
): Promise<TrainingAnswer> {
  const began = performance.now();
  check(request, scene.train.labels.length);
  const watched = { onProgress, signal };
  const followed = followedOf(scene.test);
  const kernel = await kernelPoints(scene, request, watched);
  const run = runOf(scene, request, followed);
  const points = (): TrainingPoint[] =>
    run.points.slice(0, request.steps + 1).map((point) => ({ ...point, kernel: kernel[point.step] }));
  for (const point of points()) onProgress({ done: point.step, total: request.steps, what: "steps", point });
  await runSteps(
    (function* () {
      while (run.points.length <= request.steps) {
        const point = run.steps.next().value;
        if (point) {
          run.points.push(point);
          onProgress({ done: point.step, total: request.steps, what: "steps", point: points().at(-1) });
        }
        yield;
      }
    })(),
    signal,
  );
  return {
    kind: "training",
    followed: followed.examples.map(({ texts, label }) => ({ texts, label })),
    classes: [...scene.task.labelWords],
    points: points(),
    about: aboutOf(began, await disagreementOf(scene, formulaOf(request), watched)),
  };
}

/** The kernel whose descent an optimizer's training is compared with. */
export const formulaOf = ({ optimizer }: Pick<TrainingRequest, "optimizer">): "sgd" | "asymmetric_signgd" =>
  optimizer === "sgd" ? "sgd" : "asymmetric_signgd";

function check({ optimizer, learningRate, steps, batchSize }: TrainingRequest, examples: number): void {
  if (!OPTIMIZERS.includes(optimizer))
    throw new InputError(`there is no optimizer ${String(optimizer)}; there are ${OPTIMIZERS.join(", ")}`);
  if (!(learningRate > 0 && Number.isFinite(learningRate)))
    throw new InputError(`the learning rate must be a number above 0, not ${learningRate}`, { field: "learningRate" });
  if (!(Number.isInteger(steps) && steps >= 1))
    throw new InputError(`the number of steps must be a whole number of at least 1, not ${steps}`, { field: "steps" });
  if (!(Number.isInteger(batchSize) && batchSize >= 1 && batchSize <= examples))
    throw new InputError(`a batch has from 1 to ${examples} sentences, not ${batchSize}`, { field: "batchSize" });
}

function followedOf(test: PromptedExamples): PromptedExamples {
  const { examples, sequences, labels } = test;
  const places = followedPlaces(test);
  return {
    examples: places.map((i) => examples[i]),
    sequences: places.map((i) => sequences[i]),
    labels: places.map((i) => labels[i]),
  };
}

const batchesOf = (scene: Scene, { batchSize, seed }: TrainingRequest): Generator<number[][]> =>
  trainingBatches({ examples: scene.train.labels.length, batchSize, accumulate: 1, seed });

/** Kernel descent from the same start with the same batches: the followed outputs after 0, 1, … steps, [m, C] each. */
async function kernelPoints(scene: Scene, request: TrainingRequest, watched: Watched): Promise<number[][]> {
  const formula = formulaOf(request);
  const { kernel, logits } = await trainKernel(scene, formula, watched);
  const columns = await remembered(scene, `followed ${formula}`, async () => ({
    value: await testColumns(scene, formula, followedPlaces(scene.test), watched),
  }));
  const order = batchesOf(scene, request);
  const steps = Array.from({ length: request.steps }, (_, t) => t);
  const { records } = runAtOnce(
    kernelDescentSteps({
      train: { kernel, labels: scene.train.labels, start: logits },
      evaluate: { kernel: columns.kernels.get(formula)!, start: columns.logits },
      loss: "cross-entropy",
      rates: steps.map(() => request.learningRate),
      batches: steps.map(() => (order.next().value as number[][])[0]),
      direction: formula === "sgd" ? "gradient" : "sign",
      record: [0, ...steps.map((t) => t + 1)],
    }),
  );
  return records.map(({ evaluate }) => [...evaluate.values]);
}

function runOf(scene: Scene, request: TrainingRequest, followed: PromptedExamples): Run {
  const { optimizer, learningRate, batchSize, seed } = request;
  const key = JSON.stringify([optimizer, learningRate, batchSize, seed]);
  const kept = scene.memory.get("training")?.value as Run | undefined;
  if (kept?.key === key) return kept;
  const run: Run = { key, points: [], steps: trainingSteps(scene, request, followed) };
  remember(scene, "training", run, () => run.steps.return(undefined as never));
  return run;
}

/** All of the model is trained, without clipping or decay, at one rate. Gives point 0, then one after each step, without end. */
function* trainingSteps(
  scene: Scene,
  request: TrainingRequest,
  followed: PromptedExamples,
): Generator<TrainedPoint | undefined, never> {
  // Rows of words that do not occur have no gradient: they stay as they are and need not be moved.
  const nothing = { sequences: [], labels: [] };
  const part = trainedVocabulary(
    scene.model,
    { head: scene.outputs.head, train: scene.train, dev: nothing, probe: followed.sequences },
    { weightDecay: 0 },
  );
  const start = part.model;
  const outputs = { ...scene.outputs, head: part.head };
  const probe = part.probe!;
  const optimizer = createOptimizer(request.optimizer);
  const layout = flatLayout(start, start.parameters.keys());
  let theta = flatten(layout, (name) => parameter(start, name));
  let model = withFlatParameters(start, layout, theta);
  let gradients: GradientFactors | undefined;
  const release = (): void => {
    disposeFlatParameters(model, layout);
    theta.dispose();
  };
  try {
    gradients = yield* keptFactors(passOf(start, outputs, new Set(start.parameters.keys())), probe);
    const onTrain = yield* computeOutputsSteps(start, outputs, part.train.sequences);
    const first = [...gradients.values];
    yield {
      step: 0,
      loss: lossOfOutputs("cross-entropy", onTrain.values, part.train.labels).loss,
      trained: first,
      linear: first,
    };
    const order = batchesOf(scene, request);
    for (let step = 1; ; step++) {
      const [batch] = order.next().value as number[][];
      const { sequences, labels } = part.train;
      const result = outputGradients(
        model,
        outputs,
        batch.map((i) => sequences[i]),
        batch.map((i) => labels[i]),
        "cross-entropy",
      );
      const next = tf.tidy(() =>
        optimizer.update(
          theta,
          flatten(layout, (name) => result.gradients.get(name) ?? tf.zerosLike(parameter(start, name))),
          request.learningRate,
        ),
      );
      tf.dispose([...result.gradients.values()]);
      release();
      theta = next;
      model = withFlatParameters(start, layout, theta);
      yield;
      const trained = [...(yield* computeOutputsSteps(model, outputs, probe)).values];
      const linear = yield* linearized(gradients, start, model);
      yield { step, loss: result.loss, trained, linear };
    }
  } finally {
    gradients?.dispose();
    release();
    optimizer.dispose();
    part.dispose();
  }
}

/** f_0 + ⟨∇f_0, θ_t − θ_0⟩ of the sentences whose gradients were kept, [m, C]. */
function* linearized(
  { factors, values, size, outputs }: GradientFactors,
  start: Model,
  now: Model,
): Generator<undefined, number[]> {
  const result = Array.from(values);
  for (const [name, factor] of factors) {
    const change = directionalDerivative(name, factor, start, now);
    change.forEach((value, k) => (result[(k % size) * outputs + Math.floor(k / size)] += value));
    yield;
  }
  return result;
}
