import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Sequence } from "../../src/model/batch";
import { readCheckpoint } from "../../src/model/checkpoint";
import { modelFromCheckpoint, type Model } from "../../src/model/model";

const fixtures = join(__dirname, "..", "..", "..", "test", "fixtures");

/** A path under test/fixtures, from the compiled tests. */
export const fixturePath = (...parts: string[]): string => join(fixtures, ...parts);

export const readJson = <T>(...parts: string[]): T => JSON.parse(readFileSync(fixturePath(...parts), "utf8")) as T;

/** The small random RoBERTa of make_model_fixture.py, its decoder different from the word embeddings. */
export const tinyRoberta = (): Model => modelFromCheckpoint(readCheckpoint(fixturePath("tiny-roberta")));

/** Its twin whose decoder is the word embeddings. */
export const tinyRobertaTied = (): Model => modelFromCheckpoint(readCheckpoint(fixturePath("tiny-roberta-tied")));

export type Prompt = Sequence;
