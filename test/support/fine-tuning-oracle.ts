import { tf } from "../../src/model/backend";
import type { Model } from "../../src/model/model";
import { readJson } from "./tiny-roberta";

/** One run of make_fine_tuning_oracle.py. */
export interface OracleRun {
  history: { loss: number; learningRate: number; distance: number; logits: number[] }[];
  trained: string[];
}

export interface OracleProbe {
  inversePenalty: number;
  weights: number[];
  biases: number[];
  logits: number[];
}

const oracle = readJson<Record<string, unknown>>("fine-tuning", "oracle.json");

export const oracleRun = (name: string): OracleRun => oracle[`run ${name}`] as OracleRun;
export const oracleProbe = (name: string): OracleProbe => oracle[`probe ${name}`] as OracleProbe;
export const probeSequences = oracle.probeSequences as number[][];
export const probeLabels = oracle.probeLabels as number[];

/** Adds the oracle's classifier with a tanh layer. */
export function withOracleTanhClassifier(model: Model): Model {
  const values = oracle.tanh as (number[] | number[][])[];
  const names = [
    "classifier.dense.weight",
    "classifier.dense.bias",
    "classifier.out_proj.weight",
    "classifier.out_proj.bias",
  ];
  const parameters = new Map([
    ...model.parameters,
    ...names.map((name, i) => [name, tf.keep(tf.tensor(values[i]))] as const),
  ]);
  return { ...model, parameters, hash: `${model.hash}+oracle tanh classifier` };
}

/** Adds the oracle's classifier for two classes. */
export function withOracleClassifier(model: Model): Model {
  const [weight, bias] = oracle.classifier as [number[][], number[]];
  const parameters = new Map([
    ...model.parameters,
    ["classifier.weight", tf.keep(tf.tensor2d(weight))],
    ["classifier.bias", tf.keep(tf.tensor1d(bias))],
  ] as const);
  return { ...model, parameters, hash: `${model.hash}+oracle classifier` };
}
