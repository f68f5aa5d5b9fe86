import type { Sequence } from "../../src/model/batch";
import { readCheckpoint } from "../../src/model/checkpoint";
import { modelFromCheckpoint, type Model } from "../../src/model/model";
import type { Formula } from "../../src/kernels/formula";
import { fixturePath, readJson } from "./tiny-roberta";

export interface BertStep {
  learningRate: number;
  totalSteps: number;
  lossAfter: number;
  parameterNormsAfter: Record<string, number>;
}

/** What make_bert_fixture.py wrote. */
export interface BertOracle {
  vocabulary: number;
  labelWordIds: number[];
  sequences: Sequence[];
  padded: number[];
  unpadded: number[];
  tied: number[];
  train: Sequence[];
  kernels: Record<Formula, number[]>;
  tiedKernels: Record<Formula, number[]>;
  labels: number[];
  loss: number;
  gradientNorms: Record<string, number>;
  gradients: Record<string, number[]>;
  sgd: BertStep;
  adamw: BertStep;
  signgd: BertStep;
}

export const bertOracle = readJson<BertOracle>("tiny-bert", "oracle.json");

/** The small random BERT of make_bert_fixture.py, its decoder different from the word embeddings. */
export const tinyBert = (): Model => modelFromCheckpoint(readCheckpoint(fixturePath("tiny-bert")));
