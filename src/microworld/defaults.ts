/** The settings of the model that ships with the project. */
import { defaultLanguage } from "./language/settings";
import type { PretrainingSettings } from "./pretraining/pretrain";

/** Seed of the shipped language samples. */
export const shippedLanguageSeed = 11;

/** The language of the shipped data and model. */
export const shippedLanguage = defaultLanguage;

export const shippedPretraining: PretrainingSettings = {
  language: shippedLanguage,
  languageSeed: shippedLanguageSeed,
  seed: 1,
  size: { vocabularySize: 8000, hiddenSize: 128, layers: 4, heads: 4, maxTokens: 128 },
  sampleDocuments: 60000,
  documentsPerBlock: 6000,
  batch: { rows: 16, length: 64, reads: 20 },
  shards: 2,
  masking: { commonFrequency: 0.004, commonShare: 0.1, contentShare: 0.4, labelWordShare: 0.8 },
  steps: 13000,
  learningRate: 3e-3,
  warmupSteps: 300,
  decayFrom: 0.5,
  weightDecay: 0.01,
  clipNorm: 1,
};
