/** A small BERT that knows nothing yet, and a small text, for tests of pretraining. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { saveModel } from "../../src/finetune/save-model";
import { readCheckpoint } from "../../src/model/checkpoint";
import { disposeModel } from "../../src/model/model";
import { randomWeights } from "../../src/model/random-weights";
import { randomStream } from "../../src/random";
import { fixturePath } from "./tiny-roberta";

/** Settings of npm run pretrain that take a second. */
export const SHORT_PRETRAINING = "--steps 6 --head-steps 2 --warmup-steps 1 --rows 4 --length 40 --reads 8".split(" ");

/** Writes the model (2 layers of 32, decoder tied) with the tokenizer of test/fixtures/tiny-bert, and returns its folder. */
export function untrainedModel(folder: string): string {
  const source = fixturePath("tiny-bert");
  const model = randomWeights({ ...readCheckpoint(source).config, tieWordEmbeddings: true }, 7);
  saveModel(join(folder, "untrained"), model, { source });
  disposeModel(model);
  return join(folder, "untrained");
}

/** Writes 400 sentences with much to learn in them, and returns their folder. */
export function smallText(folder: string): string {
  const random = randomStream(5);
  const one = (words: string): string => words.split(" ")[Math.floor(random() * words.split(" ").length)];
  const sentence = (): string =>
    random() < 0.5
      ? `The ${one("film story end")} was ${one("great good")}. Yes, it was okay.`
      : `This is a ${one("film story")} and it is ${one("terrible bad")}! No.`;
  mkdirSync(join(folder, "text"), { recursive: true });
  writeFileSync(join(folder, "text", "sentences.txt"), Array.from({ length: 400 }, () => `${sentence()}\n`).join(""));
  return join(folder, "text");
}
