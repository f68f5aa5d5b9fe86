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

/** The gradients of sentences, kept until they are disposed of. */
export async function gradientsOf(
  { model, outputs }: Pick<Scene, "model" | "outputs">,
  sequences: readonly Sequence[],
  { onProgress, what = "gradients of the training sentences", signal }: Watched & { what?: string } = {},
): Promise<GradientFactors> {
  const parameters = everything(model);
  const steps = keptFactors(passOf(model, outputs, parameters), [...sequences]);
  // One pause before each layer on the way up, one for each parameter on the way down.
  const total = model.config.layers + 1 + parameters.size;
  let done = 0;
  return runSteps(
    (function* () {
      for (;;) {
        const step = steps.next();
        if (step.done) return step.value;
        onProgress?.({ done: Math.min(++done, total), total, what });
        yield;
      }
    })(),
    signal,
  );
}

export interface Watched {
  onProgress?: OnProgress;
  signal?: AbortSignal;
}

/** The gradients of the scene's training sentences: every further sentence then takes one pass of its own. */
export const trainGradients = (scene: Scene, watched: Watched): Promise<GradientFactors> =>
  remembered(scene, "train gradients", async () => {
    const value = await gradientsOf(scene, scene.train.sequences, watched);
    return { value, dispose: value.dispose };
  });

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

/** The scene's kernel of its training sentences and their outputs f; computed where it did not come along. */
export async function trainKernel(
  scene: Scene,
  formula: Formula,
  watched: Watched,
): Promise<{ kernel: KernelTensor; logits: LogitsTensor }> {
  const train = await trainGradients(scene, watched);
  const logits: LogitsTensor = { values: train.values, shape: [train.size, train.outputs] };
  const kernel = await remembered(scene, `train kernel ${formula}`, async () => ({
    value:
      scene.kernels.get(formula) ??
      (await kernelColumns(scene, train, "train", [formula], watched)).kernels.get(formula)!,
  }));
  return { kernel, logits };
}

/**
 * The largest difference of the entries computed here from the scene's, over the scene's largest, for the column of its
 * first training sentence. Undefined where the scene came without that kernel.
 */
export async function disagreementOf(scene: Scene, formula: Formula, watched: Watched): Promise<number | undefined> {
  const known = scene.kernels.get(formula);
  if (!known) return undefined;
  return remembered(scene, `disagreement ${formula}`, async () => {
    const train = await trainGradients(scene, watched);
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
