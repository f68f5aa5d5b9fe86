/** One sentence: what the model, its kernel and its fine-tuned version say of it, and which training sentences decided. */
import { InputError } from "../errors";
import { fillMask, promptText } from "../experiment/fill-mask";
import { exampleKernel } from "../kernels/kernel-tensor";
import type { Sequence } from "../model/batch";
import type { Model } from "../model/model";
import type { Formula } from "../kernels/formula";
import { predictLogitsSteps } from "../model/predict";
import { asPredictions } from "../solvers/metrics";
import { predictionTerms, withExamples, type PredictionProblem } from "../solvers/prediction-terms";
import { runSteps } from "../steps";
import { promptAndCut } from "../tasks/prompt";
import type { OnProgress, SentenceAnswer, SentenceRequest, SentenceStart, SolvedSentence } from "./answer";
import {
  aboutOf,
  disagreementOf,
  kernelColumns,
  remember,
  testColumns,
  trainGradients,
  trainKernel,
  type Columns,
} from "./columns";
import type { Scene } from "./scene";

/** Words shown at the mask besides the label words. */
const WORDS = 8;

/** What is known of the last sentence. */
interface Kept {
  key: string;
  start: SentenceStart;
  columns: Map<Formula, Columns>;
}

/** @throws InputError for an empty text, or one that the prompt has no room for */
export async function answerSentence(
  scene: Scene,
  { texts, formula, changes = [] }: SentenceRequest,
  onProgress: OnProgress,
  signal?: AbortSignal,
): Promise<SentenceAnswer> {
  const began = performance.now();
  const { train, test } = scene;
  const sequence = sentencePrompt(scene, texts);
  const watched = { onProgress, signal };
  const key = texts.join("\n");
  let kept = scene.memory.get("sentence")?.value as Kept | undefined;
  if (kept?.key !== key) {
    kept = { key, start: await startOf(scene, texts, sequence, signal), columns: new Map() };
    remember(scene, "sentence", kept);
  }
  const { start } = kept;
  const place = test.examples.findIndex((example) => example.texts.join("\n") === key);
  const isFromNotebook = place >= 0 && scene.tests?.kernels[formula] !== undefined;
  let columns = kept.columns.get(formula);
  if (!columns) {
    if (!isFromNotebook) onProgress({ done: 0, total: 1, what: "kernel entries", sentence: start });
    columns =
      place >= 0
        ? await testColumns(scene, formula, [place], watched)
        : await kernelColumns(scene, await trainGradients(scene, watched), [sequence], [formula], watched);
    kept.columns.set(formula, columns);
  }
  const { kernel, logits } = await trainKernel(scene, formula, watched);
  const problem: PredictionProblem = {
    train: { kernel, labels: train.labels, logits },
    evaluate: { kernel: columns.kernels.get(formula)!, logits: columns.logits },
    regularization: scene.regularization,
    f0: scene.f0,
  };
  const entries = exampleKernel(columns.kernels.get(formula)!);
  return {
    kind: "sentence",
    ...start,
    kernel: solved(problem),
    ...(changes.length > 0 ? { changed: solved(problem, changes) } : {}),
    train: train.examples.map(({ texts, label }, i) => ({ texts, label, kernel: entries[i] })),
    about: {
      ...aboutOf(began, await disagreementOf(scene, formula, watched)),
      ...(isFromNotebook ? { isFromNotebook } : {}),
    },
  };
}

async function startOf(
  scene: Scene,
  texts: string[],
  sequence: Sequence,
  signal?: AbortSignal,
): Promise<SentenceStart> {
  const { task, tokenizer, outputs, tuned } = scene;
  const probabilities = async (model: Model): Promise<number[]> =>
    softmax(await runSteps(predictLogitsSteps(model, outputs.head, [sequence]), signal));
  return {
    prompt: promptText({ texts }, task, tokenizer),
    fill: fillMask(scene, { texts }, task, WORDS),
    classes: [...task.labelWords],
    zeroShot: await probabilities(scene.model),
    ...(tuned ? { tuned: { method: tuned.method, probabilities: await probabilities(tuned.model) } } : {}),
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
