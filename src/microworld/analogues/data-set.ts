/** The full data set of an analogue, as the few-shot splits are drawn from it. */
import { taskByName } from "../../tasks/task";
import { sentenceKey } from "../language/text-keys";
import type { Analogue, DrawnExample } from "../language/document";
import { createRandom, deriveSeed, type Random } from "../language/random";
import type { LanguageSettings } from "../language/settings";

/** An example with the label that its annotator gave. */
export interface AnnotatedExample extends DrawnExample {
  /** The label as annotated; `meant` is the one that is true. */
  label: number;
  meant: number;
}

export interface DataSet {
  analogue: Analogue;
  /** What few-shot training and development sets are drawn from. */
  train: AnnotatedExample[];
  test: AnnotatedExample[];
}

/** Numbers of examples: enough for 64 of each label, twice, where the rarest label has one example in thirty. */
export const dataSetSizes = { train: 4000, test: 1000 } as const;

/** Gives some examples another label, each of the others with the same probability. */
export function annotate(random: Random, example: DrawnExample, labels: number, noise: number): AnnotatedExample {
  const wrong = random.chance(noise);
  const label = wrong ? (example.label + 1 + random.below(labels - 1)) % labels : example.label;
  return { ...example, label, meant: example.label };
}

/**
 * Draws an analogue's data: test and training examples from seeds of their own, none twice.
 * @throws if the analogue repeats itself so much that it cannot give as many different examples
 */
export function drawDataSet(analogue: Analogue, settings: LanguageSettings, seed: number, sizes: { train: number; test: number } = dataSetSizes): DataSet {
  const labels = taskByName(analogue.task).labels.length;
  const noise = analogue.labelNoise(settings);
  const seen = new Set<string>();
  const drawMany = (split: string, count: number): AnnotatedExample[] => {
    const random = createRandom(deriveSeed(seed, analogue.task, split));
    const examples: AnnotatedExample[] = [];
    for (let attempts = 0; examples.length < count; attempts += 1) {
      if (attempts > 50 * count) throw new Error(`the language has fewer than ${count} different examples of ${analogue.task}`);
      const example = analogue.draw(random, settings);
      const key = example.texts.map(sentenceKey).join("|");
      if (seen.has(key)) continue;
      seen.add(key);
      examples.push(annotate(random, example, labels, noise));
    }
    return examples;
  };
  return { analogue, test: drawMany("test", sizes.test), train: drawMany("train", sizes.train) };
}

/** Keys of all texts that the pretraining text must not hold. */
export function heldOutKeys(dataSets: readonly DataSet[]): Set<string> {
  return new Set(dataSets.flatMap(({ train, test }) => [...train, ...test].flatMap(({ texts }) => texts.map(sentenceKey))));
}
