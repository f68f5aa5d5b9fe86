/** Another prompt: the kernel of the training sentences computed again, with what follows from it. */
import { InputError } from "../errors";
import { kernelTargetAlignment } from "../behavior/kernel-comparison";
import { promptText } from "../experiment/fill-mask";
import { exampleKernel } from "../kernels/kernel-tensor";
import type { Formula } from "../kernels/formula";
import { solveLeastSquares } from "../solvers/least-squares";
import { accuracy, asPredictions } from "../solvers/metrics";
import { templateProblem } from "../tasks/template";
import type { OnProgress, PromptAnswer, PromptMeasures, PromptRequest } from "./answer";
import {
  aboutOf,
  disagreementOf,
  gradientsOf,
  kernelColumns,
  remembered,
  testColumns,
  trainKernel,
  type Columns,
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
    const own = await trainKernel(scene, formula, watched);
    const columns = await testColumns(
      scene,
      formula,
      scene.test.labels.map((_, place) => place),
      watched,
    );
    return { value: measures(scene, scene, own, columns) };
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
    const { kernels, logits } = await kernelColumns(side, train, "train", [formula], watched);
    const columns = await kernelColumns(side, train, other.test.sequences, [formula], watched);
    return measures(scene, other, { kernel: kernels.get(formula)!, logits }, columns);
  } finally {
    train.dispose();
  }
}

function measures(
  { regularization, f0 }: Scene,
  { task, train, test }: Prompted,
  own: Awaited<ReturnType<typeof trainKernel>>,
  { kernels, logits: evaluateLogits }: Columns,
): PromptMeasures {
  const [evaluate] = kernels.values();
  const predictions = solveLeastSquares({
    train: own.kernel,
    evaluate,
    trainLabels: train.labels,
    trainLogits: own.logits,
    evaluateLogits,
    regularization,
    f0,
  });
  return {
    template: task.template,
    labelWords: [...task.labelWords],
    zeroShot: accuracy(asPredictions(evaluateLogits), test.labels),
    kernel: accuracy(predictions, test.labels),
    alignment: kernelTargetAlignment(own.kernel, train.labels),
    matrix: [...exampleKernel(own.kernel)],
  };
}
