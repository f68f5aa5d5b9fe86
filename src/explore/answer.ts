/** Questions that a reader asks of a scene, and their answers: plain data, which a worker can send. */
import type { MaskFill } from "../experiment/fill-mask";
import type { OptimizerName } from "../finetune/optimizer";
import type { Formula } from "../kernels/formula";
import type { Example, Task } from "../tasks/task";
import { answerEntry } from "./entry";
import { answerPrompt } from "./prompt";
import { answerSentence } from "./sentence";
import type { Scene } from "./scene";
import { answerTraining } from "./training";

/** A question of one of the explorers. */
export type Request = SentenceRequest | EntryRequest | PromptRequest | TrainingRequest;

/** What does the model, its kernel and its fine-tuned version say of one sentence, and which training sentences decided? */
export interface SentenceRequest {
  kind: "sentence";
  /** One text, or two for pair tasks. */
  texts: string[];
  formula: Formula;
  /** Training examples (counted from 0) to take out, or to give another label. */
  changes?: { example: number; label: number | "out" }[];
}

/** What is one kernel entry made of? */
export interface EntryRequest {
  kind: "entry";
  left: string[];
  right: string[];
}

/** What does another prompt do to the kernel of the training sentences? */
export interface PromptRequest {
  kind: "prompt";
  /** In the template language. Default: the scene's. */
  template?: string;
  /** Default: the scene's. */
  labelWords?: string[];
  formula: Formula;
}

/** How do training, its linearization and its kernel move, step by step? */
export interface TrainingRequest {
  kind: "training";
  optimizer: OptimizerName;
  learningRate: number;
  steps: number;
  /** Sentences in a batch: 1 for SignGD and AdamW, whose kernels are for one at a time. */
  batchSize: number;
  seed: number;
}

/** An answer; its kind is that of its question. */
export type Answer = SentenceAnswer | EntryAnswer | PromptAnswer | TrainingAnswer;

/** What computed an answer, and how far it is from what was computed before. */
export interface About {
  /** The tensor backend: "tensorflow", "wasm", "webgl", "cpu". */
  backend: string;
  /** Largest difference from the scene's kernel over its largest entry, where the answer has entries of both. */
  disagreement?: number;
  /** Whether the kernel entries of a test sentence are those that the notebook computed. */
  isFromNotebook?: boolean;
  /** Milliseconds. */
  took: number;
}

/** Kernel regression on one sentence, as the sum that it is. */
export interface SolvedSentence {
  /** f(x)/s + Σ terms, [C]. */
  prediction: number[];
  /** Each class's score; the largest wins. */
  scores: number[];
  /** α_i K(x_i, x), [n, C] row-major; 0 for what is taken out. */
  terms: number[];
  /** f(x)/s, [C]. */
  pretrained: number[];
}

/** What the model and its fine-tuned version say of a sentence: known before its kernel is. */
export interface SentenceStart {
  /** The sentence in the prompt. */
  prompt: string;
  /** The most likely words at the mask, label words among them. */
  fill: MaskFill[];
  /** Label words by class. */
  classes: string[];
  /** Probabilities of the label words alone, by class. */
  zeroShot: number[];
  tuned?: { method: string; probabilities: number[] };
}

export interface SentenceAnswer extends SentenceStart {
  kind: "sentence";
  kernel: SolvedSentence;
  /** With the changes to the training examples. */
  changed?: SolvedSentence;
  /** The training examples with their kernel entry K(x_i, x): with several outputs the mean over them. */
  train: { texts: string[]; label: number; kernel: number }[];
  about: About;
}

/** A share of an entry, by formula. */
export interface EntryPart {
  layer: string;
  kind: string;
  values: Partial<Record<Formula, number>>;
}

export interface EntryAnswer {
  kind: "entry";
  /** K(x, x′) by formula; with several outputs the mean over them. */
  values: Partial<Record<Formula, number>>;
  /** They add up to the values. */
  parts: EntryPart[];
  /** K_SGD by pairs of tokens, [left, right] row-major, and what biases, norms and the decoder add to it. */
  tokens: { left: string[]; right: string[]; values: number[]; rest: number };
  about: About;
}

/** What a prompt gives. Accuracies are from 0 to 1, on the scene's test part. */
export interface PromptMeasures {
  template: string;
  labelWords: string[];
  zeroShot: number;
  kernel: number;
  /** Kernel–target alignment, centred, from −1 to 1. */
  alignment: number;
  /** [n, n] row-major, training examples in the scene's order; with several outputs the mean over them. */
  matrix: number[];
}

export interface PromptAnswer {
  kind: "prompt";
  /** The first training sentence in the prompt. */
  shown: string;
  now: PromptMeasures;
  /** The scene's own prompt. */
  before: PromptMeasures;
  labels: number[];
  texts: string[][];
  tests: number;
  about: About;
}

/** After some steps. Outputs are [m, C] row-major, C = 1 the margin f₁ − f₀. */
export interface TrainingPoint {
  step: number;
  /** Mean loss of the step's batch before it; of all training sentences at step 0. */
  loss: number;
  /** f_t, trained. */
  trained: number[];
  /** f_0 + ⟨∇f_0, θ_t − θ_0⟩. */
  linear: number[];
  /** By the kernel alone: kernel descent with K_SGD, or K_A-SignGD for SignGD and AdamW. */
  kernel: number[];
}

export interface TrainingAnswer {
  kind: "training";
  /** The test sentences that are followed. */
  followed: { texts: string[]; label: number }[];
  classes: string[];
  points: TrainingPoint[];
  about: About;
}

/** Work done so far. */
export interface Progress {
  done: number;
  total: number;
  /** What is being done. */
  what: string;
  /** In training: the newest step. */
  point?: TrainingPoint;
  /** Of a sentence whose kernel takes a while: what is known of it already. */
  sentence?: SentenceStart;
}

export type OnProgress = (progress: Progress) => void;

/** How an element asks: in the page's worker, or of recorded answers. */
export type Ask = (request: Request, onProgress?: OnProgress, signal?: AbortSignal) => Promise<Answer>;

/** The media type of what a live report replaces by an explorer: an {@link ExplorerSpec}. */
export const explorerMimeType = "application/vnd.kernel-view.explorer+json";

/** What an element is told of the cell that made it, and all that its scene is made of: plain JSON. */
export interface ExplorerSpec {
  kind: Request["kind"];
  /** The model's folder or id, as the cell named it, and the hash of its weights. */
  model: string;
  modelHash: string;
  task: Task;
  /** The draw; `test` is the part of the test examples that comes along. */
  draw: { train: Example[]; test: Example[] };
  formula: Formula;
  /** Of kernel regression; without `f0` the pretrained outputs do not count. */
  regularization: number;
  f0?: number;
}

/**
 * Answers a question with the scene's model.
 *
 * @throws InputError, or the prompt's own message, for a text, template, label word or setting that cannot be used; the
 *   signal's reason. A training run that is stopped goes on from there when it is asked for again.
 */
export async function answer(
  scene: Scene,
  request: Request,
  onProgress: OnProgress = () => undefined,
  signal?: AbortSignal,
): Promise<Answer> {
  switch (request.kind) {
    case "sentence":
      return answerSentence(scene, request, onProgress, signal);
    case "entry":
      return answerEntry(scene, request, onProgress, signal);
    case "prompt":
      return answerPrompt(scene, request, onProgress, signal);
    case "training":
      return answerTraining(scene, request, onProgress, signal);
  }
}
