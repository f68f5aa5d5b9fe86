/** The labelled sentences of the SST-2 analogue, in LM-BFF's file layout. */
import type { Example } from "../../tasks/example";
import { sentenceKey } from "../language/corpus";
import { film } from "../language/opinions/domains/all";
import { finishSentence } from "../language/frame";
import type { LanguageSettings } from "../language/settings";
import { opinionKinds, type OpinionKind } from "../language/opinions/meaning";
import { drawPolarity, type Polarity } from "../language/opinions/polarity";
import { drawTaskSentence as drawReviewSentence } from "../language/opinions/reviews";
import { createRandom, deriveSeed, type Random } from "../language/random";

/** A task sentence with what it means; `label` carries the noise, `polarity` does not. */
export interface TaskSentence extends Example {
  polarity: Polarity;
  kind: OpinionKind;
}

/** The few-shot seeds of LM-BFF. */
export const splitSeeds: readonly number[] = [13, 21, 42, 87, 100];

export interface TaskSplits {
  test: TaskSentence[];
  fewShot: { seed: number; train: TaskSentence[]; dev: TaskSentence[] }[];
}

/** Sentences shorter than this many words are common property and not used as examples. */
const shortestSentence = 4;

function drawTaskSentence(random: Random, { opinions }: LanguageSettings, polarity: Polarity): TaskSentence {
  const { text, kind } = drawReviewSentence(random, opinions, film, { polarity }, opinions.taskKinds);
  const flipped = random.chance(opinions.labelNoise);
  const opinionKind = opinionKinds.find((known) => kind.startsWith(known))!;
  return { texts: [finishSentence(text)], label: (polarity === 1) !== flipped ? 1 : 0, polarity, kind: opinionKind };
}

/**
 * Test, train and dev sentences from seeds of their own; no sentence occurs twice.
 * Few-shot sets hold k examples of each (noisy) label, label by label as LM-BFF writes them.
 */
export function taskSplits(
  settings: LanguageSettings,
  seed: number,
  sizes: { test: number; k: number },
  seeds: readonly number[] = splitSeeds,
): TaskSplits {
  const seen = new Set<string>();
  const fresh = (random: Random): TaskSentence => {
    for (;;) {
      const sentence = drawTaskSentence(random, settings, drawPolarity(random));
      const key = sentenceKey(sentence.texts[0]);
      if (seen.has(key) || sentence.texts[0].split(" ").length < shortestSentence) continue;
      seen.add(key);
      return sentence;
    }
  };
  const testRandom = createRandom(deriveSeed(seed, "sst-2", "test"));
  const test = Array.from({ length: sizes.test }, () => fresh(testRandom));
  const balanced = (random: Random): TaskSentence[] => {
    const byLabel: TaskSentence[][] = [[], []];
    while (byLabel.some((list) => list.length < sizes.k)) {
      const sentence = fresh(random);
      if (byLabel[sentence.label].length < sizes.k) byLabel[sentence.label].push(sentence);
    }
    return byLabel.flat();
  };
  const fewShot = seeds.map((splitSeed) => ({
    seed: splitSeed,
    train: balanced(createRandom(deriveSeed(seed, "sst-2", "train", splitSeed))),
    dev: balanced(createRandom(deriveSeed(seed, "sst-2", "dev", splitSeed))),
  }));
  return { test, fewShot };
}

/** Keys of all sentences that the pretraining text must not hold. */
export function heldOutKeys(splits: TaskSplits): Set<string> {
  const all = [splits.test, ...splits.fewShot.flatMap(({ train, dev }) => [train, dev])].flat();
  return new Set(all.map(({ texts }) => sentenceKey(texts[0])));
}

/** A split as the text of an SST-2 file: header, then sentence and label. */
export function splitFile(sentences: readonly TaskSentence[]): string {
  return "sentence\tlabel\n" + sentences.map(({ texts, label }) => `${texts[0]}\t${label}\n`).join("");
}
