/** Another prompt: the kernel of the training sentences computed again, with what follows from it. */
import { InputError } from "../errors";
import { kernelTargetAlignment } from "../behavior/kernel-comparison";
import { promptText } from "../experiment/fill-mask";
import { exampleKernel } from "../kernels/kernel-tensor";
import type { Formula } from "../kernels/formula";
import { predictLogitsSteps } from "../model/predict";
import { solveLeastSquares } from "../solvers/least-squares";
import { accuracy } from "../solvers/metrics";
import { runSteps } from "../steps";
import { templateProblem } from "../tasks/template";
import type { OnProgress, PromptAnswer, PromptMeasures, PromptRequest } from "./answer";
import {
  aboutOf,
  disagreementOf,
  gradientsOf,
  kernelColumns,
  remembered,
  trainGradients,
  trainKernel,
  type Watched,
} from "./columns";
import { promptedOf, type Prompted, type Scene } from "./scene";

/** @throws with the prompt's own message for a template or label word that cannot be used */
export async function answerPrompt(
  scene: Scene,
  { template = scene.task.template, labelWords = [...scene.task.labelWords], formula }: PromptRequest,
  onProgress: OnProgress,
  signal?: AbortSignal,
): Promise<PromptAnswer> {
  const began = performance.now();
  const watched = { onProgress, signal };
  const problem = templateProblem(template, scene.train.examples[0].texts.length);
  if (problem !== undefined) throw new InputError(problem, { field: "template" });
  const task = { ...scene.task, template, labelWords };
  const same = template === scene.task.template && labelWords.join("\n") === scene.task.labelWords.join("\n");
  // Checked before the long work begins.
  const other = same ? undefined : promptedOf(task, drawOf(scene), scene.tokenizer);
  const before = await remembered(scene, `own prompt ${formula}`, async () => {
    const { kernel } = await trainKernel(scene, formula, watched);
    const train = await trainGradients(scene, watched);
    return { value: await measures(scene, scene, formula, { train, kernel }, watched) };
  });
  return {
    kind: "prompt",
    shown: promptText(scene.train.examples[0], task, scene.tokenizer),
    now: other ? await measuresOf(scene, other, formula, watched) : before,
    before,
    labels: scene.train.labels,
    texts: scene.train.examples.map(({ texts }) => texts),
    tests: scene.test.examples.length,
    about: aboutOf(began, await disagreementOf(scene, formula, watched)),
  };
}

const drawOf = ({ train, test }: Prompted): Parameters<typeof promptedOf>[1] => ({
  train: train.examples,
  test: test.examples,
});

async function measuresOf(scene: Scene, other: Prompted, formula: Formula, watched: Watched): Promise<PromptMeasures> {
  const side = { model: scene.model, outputs: other.outputs };
  const train = await gradientsOf(side, other.train.sequences, watched);
  try {
    const { kernels } = await kernelColumns(side, train, "train", [formula], watched);
    return await measures(scene, other, formula, { train, kernel: kernels.get(formula)! }, watched);
  } finally {
    train.dispose();
  }
}

async function measures(
  { model, regularization, f0 }: Scene,
  { task, outputs, train, test }: Prompted,
  formula: Formula,
  own: { train: Awaited<ReturnType<typeof trainGradients>>; kernel: Parameters<typeof exampleKernel>[0] },
  { onProgress, signal }: Watched,
): Promise<PromptMeasures> {
  const columns = await kernelColumns({ model, outputs }, own.train, test.sequences, [formula], { onProgress, signal });
  const predictions = solveLeastSquares({
    train: own.kernel,
    evaluate: columns.kernels.get(formula)!,
    trainLabels: train.labels,
    trainLogits: { values: own.train.values, shape: [own.train.size, own.train.outputs] },
    evaluateLogits: columns.logits,
    regularization,
    f0,
  });
  const logits = await runSteps(predictLogitsSteps(model, outputs.head, test.sequences), signal);
  return {
    template: task.template,
    labelWords: [...task.labelWords],
    zeroShot: accuracy({ values: logits, shape: [test.labels.length, task.labels.length] }, test.labels),
    kernel: accuracy(predictions, test.labels),
    alignment: kernelTargetAlignment(own.kernel, train.labels),
    matrix: [...exampleKernel(own.kernel)],
  };
}
