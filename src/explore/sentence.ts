/** One sentence: what the model, its kernel and its fine-tuned version say of it, and which training sentences decided. */
import { InputError } from "../errors";
import { fillMask, promptText } from "../experiment/fill-mask";
import { exampleKernel } from "../kernels/kernel-tensor";
import type { Model } from "../model/model";
import { predictLogitsSteps } from "../model/predict";
import { asPredictions } from "../solvers/metrics";
import { predictionTerms, withExamples, type PredictionProblem } from "../solvers/prediction-terms";
import { runSteps } from "../steps";
import { promptAndCut } from "../tasks/prompt";
import type { OnProgress, SentenceAnswer, SentenceRequest, SolvedSentence } from "./answer";
import { aboutOf, disagreementOf, kernelColumns, remember, trainGradients, trainKernel, type Columns } from "./columns";
import type { Scene } from "./scene";

/** Words shown at the mask besides the label words. */
const WORDS = 8;

/** @throws InputError for an empty text, or one that the prompt has no room for */
export async function answerSentence(
  scene: Scene,
  { texts, formula, changes = [] }: SentenceRequest,
  onProgress: OnProgress,
  signal?: AbortSignal,
): Promise<SentenceAnswer> {
  const began = performance.now();
  const { task, tokenizer, outputs, train, tuned } = scene;
  const sequence = sentencePrompt(scene, texts);
  const watched = { onProgress, signal };
  const { kernel, logits } = await trainKernel(scene, formula, watched);
  const key = JSON.stringify([formula, texts]);
  const kept = scene.memory.get("column")?.value as { key: string; columns: Columns } | undefined;
  const columns =
    kept?.key === key
      ? kept.columns
      : await kernelColumns(scene, await trainGradients(scene, watched), [sequence], [formula], watched);
  remember(scene, "column", { key, columns });
  const problem: PredictionProblem = {
    train: { kernel, labels: train.labels, logits },
    evaluate: { kernel: columns.kernels.get(formula)!, logits: columns.logits },
    regularization: scene.regularization,
    f0: scene.f0,
  };
  const probabilities = async (model: Model): Promise<number[]> =>
    softmax(await runSteps(predictLogitsSteps(model, outputs.head, [sequence]), signal));
  const entries = exampleKernel(columns.kernels.get(formula)!);
  return {
    kind: "sentence",
    prompt: promptText({ texts }, task, tokenizer),
    fill: fillMask(scene, { texts }, task, WORDS),
    classes: [...task.labelWords],
    zeroShot: await probabilities(scene.model),
    ...(tuned ? { tuned: { method: tuned.method, probabilities: await probabilities(tuned.model) } } : {}),
    kernel: solved(problem),
    ...(changes.length > 0 ? { changed: solved(problem, changes) } : {}),
    train: train.examples.map(({ texts, label }, i) => ({ texts, label, kernel: entries[i] })),
    about: aboutOf(began, await disagreementOf(scene, formula, watched)),
  };
}

/**
 * A reader's sentence in the scene's prompt.
 * @throws InputError if a text is empty or loses its end in the prompt
 */
export function sentencePrompt(
  { task, tokenizer }: Pick<Scene, "task" | "tokenizer">,
  texts: string[],
): { ids: number[]; maskPosition: number } {
  if (texts.some((text) => text.trim() === "")) throw new InputError("the text is empty: write a sentence");
  const { prompt, isCut } = promptAndCut({ texts, label: 0 }, task, tokenizer);
  if (isCut)
    throw new InputError(
      `the text is longer than its limit in tokens and would lose its end: the prompt has at most ${task.maxLength}`,
    );
  return prompt;
}

/** Kernel regression of one sentence, with the training examples as they are or changed: a solve of milliseconds. */
export function solved(
  problem: PredictionProblem,
  changes: NonNullable<SentenceRequest["changes"]> = [],
): SolvedSentence {
  const { train, evaluate, ...options } = problem;
  const [n, c] = train.kernel.shape;
  const labels = [...train.labels];
  const out = new Set<number>();
  for (const { example, label } of changes) {
    if (!(Number.isInteger(example) && example >= 0 && example < n))
      throw new InputError(`there is no training example ${example}: there are ${n}, counted from 0`);
    if (label === "out") out.add(example);
    else labels[example] = label;
  }
  const kept = labels.map((_, i) => i).filter((i) => !out.has(i));
  if (kept.length === 0) throw new InputError("every training example is taken out: leave at least one in");
  const changed = { train: { ...train, labels }, evaluate };
  const part = out.size > 0 ? withExamples(changed, kept) : changed;
  const { terms, pretrained, prediction } = predictionTerms({ ...part, ...options });
  const all = new Float64Array(n * c);
  kept.forEach((i, place) => all.set(terms.subarray(place * c, (place + 1) * c), i * c));
  return {
    prediction: [...prediction],
    scores: [...asPredictions({ values: prediction, shape: [1, c] }).values],
    terms: [...all],
    pretrained: [...pretrained],
  };
}

function softmax(logits: ArrayLike<number>): number[] {
  const values = Array.from(logits);
  const largest = Math.max(...values);
  const weights = values.map((value) => Math.exp(value - largest));
  const total = weights.reduce((a, b) => a + b);
  return weights.map((weight) => weight / total);
}
