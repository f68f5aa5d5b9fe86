/** What a pretraining run depends on: the same settings give the same bits. */
import type { LanguageSettings } from "../language/settings";
import type { ComparisonHeadSettings } from "./comparison-head";
import type { BatchShape, MaskingSettings } from "./masked-batches";
import type { ModelSize } from "./model-start";

export interface PretrainingSettings {
  language: LanguageSettings;
  /** Seed of the language's text and task sentences. */
  languageSeed: number;
  /** Seed of the weights, the order and the masks. */
  seed: number;
  size: ModelSize;
  /** Documents that the vocabulary and the first embeddings are made from. */
  sampleDocuments: number;
  documentsPerBlock: number;
  /** Shape of one shard. */
  batch: BatchShape;
  /** Batches whose gradients are added up into one step; each may be computed on a thread of its own. Default 1. */
  shards?: number;
  masking: MaskingSettings;
  steps: number;
  /** Peak learning rate. */
  learningRate: number;
  warmupSteps: number;
  /** Share of the steps after which the learning rate falls linearly to 2 % of its peak. */
  decayFrom: number;
  weightDecay: number;
  clipNorm: number;
  /** Hash of the model that training goes on from; by default it begins with random weights. */
  from?: string;
  /** A head of the first layer that begins by comparing words, put in before the first step. */
  comparisonHead?: ComparisonHeadSettings;
}
