/** Kernel entries of a scene, a few sentences at a time: the training side's gradients are made once and kept. */
import { blockSteps } from "../kernels/block";
import { passOf } from "../kernels/factors";
import type { Formula } from "../kernels/formula";
import type { KernelTensor, LogitsTensor } from "../kernels/kernel-tensor";
import { keptFactors, type GradientFactors } from "../kernels/training-side";
import { backendName } from "../model/backend";
import type { Sequence } from "../model/batch";
import type { Model } from "../model/model";
import { breather, runSteps } from "../steps";
import type { About, OnProgress } from "./answer";
import type { Prompted, Scene } from "./scene";

/** Evaluation sentences in one pass: few, so that progress shows and a stop is soon heard. */
const AT_ONCE = 4;

/** Everything in a model's gradients counts. */
const everything = (model: Model): ReadonlySet<string> => new Set(model.parameters.keys());

/** What has been kept under a name, or what `make` gives, which is then kept. */
export async function remembered<T>(
  { memory }: Pick<Scene, "memory">,
  name: string,
  make: () => Promise<{ value: T; dispose?: () => void }>,
): Promise<T> {
  const found = memory.get(name);
  if (found) return found.value as T;
  const made = await make();
  memory.set(name, made);
  return made.value;
}

/** Replaces what was kept under a name. */
export function remember({ memory }: Pick<Scene, "memory">, name: string, value: unknown, dispose?: () => void): void {
  memory.get(name)?.dispose?.();
  memory.set(name, { value, dispose });
}

/** Gradients on the way: a stop leaves what is done, and the next question goes on from there. */
interface Side {
  steps: Generator<undefined, GradientFactors>;
  done: number;
  value?: GradientFactors;
}

const sideOf = ({ model, outputs }: Pick<Scene, "model" | "outputs">, sequences: readonly Sequence[]): Side => ({
  steps: keptFactors(passOf(model, outputs, everything(model)), [...sequences]),
  done: 0,
});

function dropSide({ steps, value }: Side): void {
  if (value) value.dispose();
  else steps.return(undefined as never);
}

/** Takes gradients to their end. Several may do so at a time. */
function finishSide(
  side: Side,
  { layers, parameters }: { layers: number; parameters: number },
  { onProgress, what = "gradients of the training sentences", signal }: Watched & { what?: string },
): Promise<GradientFactors> {
  // One pause before each layer on the way up, one for each parameter on the way down, which takes twice as long.
  const up = parameters / (2 * (layers + 1));
  const at = (steps: number): number =>
    Math.round(steps <= layers + 1 ? steps * up : parameters / 2 + steps - layers - 1);
  const total = at(layers + 1 + parameters);
  return runSteps(
    (function* () {
      while (!side.value) {
        const step = side.steps.next();
        if (step.done) side.value = step.value;
        onProgress?.({ done: Math.min(at(++side.done), total), total, what });
        yield;
      }
      return side.value;
    })(),
    signal,
  );
}

const sizeOf = ({ config: { layers }, parameters }: Model) => ({ layers, parameters: parameters.size });

/** The gradients of sentences, kept until they are disposed of. */
export async function gradientsOf(
  on: Pick<Scene, "model" | "outputs">,
  sequences: readonly Sequence[],
  watched: Watched & { what?: string } = {},
): Promise<GradientFactors> {
  const side = sideOf(on, sequences);
  try {
    return await finishSide(side, sizeOf(on.model), watched);
  } catch (error) {
    dropSide(side);
    throw error;
  }
}

export interface Watched {
  onProgress?: OnProgress;
  signal?: AbortSignal;
}

const SIDE = "train gradients";

const keptSide = ({ memory }: Scene): Side | undefined => memory.get(SIDE)?.value as Side | undefined;

/**
 * The gradients of the scene's training sentences: every further sentence then takes one pass of its own. What is done
 * when the signal stops it is kept.
 */
export async function trainGradients(scene: Scene, watched: Watched): Promise<GradientFactors> {
  let side = keptSide(scene);
  if (!side) {
    const made = (side = sideOf(scene, scene.train.sequences));
    remember(scene, SIDE, made, () => dropSide(made));
  }
  const what = `gradients of the ${scene.train.sequences.length} training sentences, needed once`;
  try {
    return await finishSide(side, sizeOf(scene.model), { what, ...watched });
  } catch (error) {
    // After an error of its own there is nothing to go on from.
    if (!watched.signal?.aborted) scene.memory.delete(SIDE);
    throw error;
  }
}

/** Does beforehand what a reader's first sentence needs, until the signal stops it; called again, it goes on. */
export async function warmUp(scene: Scene, formula: Formula, signal: AbortSignal): Promise<void> {
  await trainGradients(scene, { signal });
  await disagreementOf(scene, formula, { signal });
}

/** Kernels [n, C, m, C] by formula, and the outputs of the m sentences. */
export interface Columns {
  kernels: Map<Formula, KernelTensor>;
  logits: LogitsTensor;
}

/** The kernels of kept sentences with others; "train" for those with themselves, which are then symmetric to the bit. */
export async function kernelColumns(
  { model, outputs }: Pick<Scene, "model" | "outputs">,
  train: GradientFactors,
  sequences: readonly Sequence[] | "train",
  formulas: readonly Formula[],
  { onProgress, signal }: Watched = {},
): Promise<Columns> {
  const settings = {
    model,
    outputs,
    formulas,
    parameters: everything(model),
    signs: "exact",
    breakdown: false,
  } as const;
  const [n, c, m] = [train.size, train.outputs, sequences === "train" ? train.size : sequences.length];
  const kernels = new Map<Formula, KernelTensor>(
    formulas.map((formula) => [formula, { values: new Float64Array(n * c * m * c), shape: [n, c, m, c] }]),
  );
  const logits: LogitsTensor = { values: new Float32Array(m * c), shape: [m, c] };
  const breathe = breather();
  const size = sequences === "train" ? m : AT_ONCE;
  for (let first = 0; first < m; first += size) {
    const part = sequences === "train" ? sequences : sequences.slice(first, first + size);
    const block = await runSteps(blockSteps(settings, train, part), signal);
    const width = Math.min(size, m - first) * c;
    for (const [formula, { values }] of kernels)
      for (let row = 0; row < n * c; row++)
        values.set(block.kernels.get(formula)!.subarray(row * width, (row + 1) * width), row * m * c + first * c);
    logits.values.set(block.evaluateLogits, first * c);
    onProgress?.({ done: Math.min(m, first + size), total: m, what: "kernel entries" });
    await breathe();
  }
  return { kernels, logits };
}

/** The kernel columns of some of the scene's test sentences, by place: those that came along, else computed. */
export async function testColumns(
  scene: Scene,
  formula: Formula,
  places: readonly number[],
  watched: Watched,
): Promise<Columns> {
  const known = scene.tests?.kernels[formula];
  if (!known) {
    const sequences = places.map((place) => scene.test.sequences[place]);
    return kernelColumns(scene, await trainGradients(scene, watched), sequences, [formula], watched);
  }
  const [n, c, m] = known.shape;
  const pick = <A extends Float32Array | Float64Array>(values: A, to: A, rows: number): A => {
    for (let row = 0; row < rows; row++)
      places.forEach((place, k) => {
        const from = (row * m + place) * c;
        to.set(values.subarray(from, from + c), (row * places.length + k) * c);
      });
    return to;
  };
  const width = places.length * c;
  const kernel = pick(known.values, new Float64Array(n * c * width), n * c);
  return {
    kernels: new Map([[formula, { values: kernel, shape: [n, c, places.length, c] }]]),
    logits: { values: pick(scene.tests!.logits.values, new Float32Array(width), 1), shape: [places.length, c] },
  };
}

/** The scene's kernel of its training sentences and their outputs f; computed where it did not come along. */
export async function trainKernel(
  scene: Scene,
  formula: Formula,
  watched: Watched,
): Promise<{ kernel: KernelTensor; logits: LogitsTensor }> {
  const known = scene.kernels.get(formula);
  if (known && scene.tests) return { kernel: known, logits: scene.tests.trainLogits };
  const train = await trainGradients(scene, watched);
  const logits: LogitsTensor = { values: train.values, shape: [train.size, train.outputs] };
  const kernel = await remembered(scene, `train kernel ${formula}`, async () => ({
    value: known ?? (await kernelColumns(scene, train, "train", [formula], watched)).kernels.get(formula)!,
  }));
  return { kernel, logits };
}

/**
 * The largest difference of the entries computed here from the scene's, over the scene's largest, for the column of its
 * first training sentence. Undefined where the scene came without that kernel, or nothing has asked for the training
 * sentences' gradients yet.
 */
export async function disagreementOf(scene: Scene, formula: Formula, watched: Watched): Promise<number | undefined> {
  const known = scene.kernels.get(formula);
  const train = keptSide(scene)?.value;
  if (!known || !train) return undefined;
  return remembered(scene, `disagreement ${formula}`, async () => {
    const here = await kernelColumns(scene, train, scene.train.sequences.slice(0, 1), [formula], {
      signal: watched.signal,
    });
    const [n, c, m] = known.shape;
    const { values } = here.kernels.get(formula)!;
    let [largest, difference] = [0, 0];
    for (let row = 0; row < n * c; row++)
      for (let b = 0; b < c; b++) {
        const expected = known.values[row * m * c + b];
        largest = Math.max(largest, Math.abs(expected));
        difference = Math.max(difference, Math.abs(values[row * c + b] - expected));
      }
    return { value: difference / largest };
  });
}

/** What an answer says of itself, from when it was begun (`performance.now()`). */
export const aboutOf = (began: number, disagreement?: number): About => ({
  backend: backendName(),
  ...(disagreement === undefined ? {} : { disagreement }),
  took: performance.now() - began,
});

/** A scene's draw in its own prompt, or in another. */
export type Draw = Pick<Prompted, "task" | "outputs" | "train" | "test">;
