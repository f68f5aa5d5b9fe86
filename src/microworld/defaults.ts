/** The settings of the model that ships with the project. */
import { singleMarkers } from "./language/reply-markers";
import { defaultLanguage, type LanguageSettings } from "./language/settings";
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

/**
 * The second stage's text: statements and questions with several short replies, and opinions judged point by point. Their
 * words always follow the comparison or the opinion.
 */
const repliesMostly: LanguageSettings = {
  ...shippedLanguage,
  naturalness: 1,
  opinions: {
    ...shippedLanguage.opinions,
    opinionVerdicts: 1,
    gadgetVerdicts: 1,
    affairVerdicts: 1,
    shares: { ...shippedLanguage.opinions.shares, reviewPoints: 2.5, affairPoints: 1.5 },
  },
  events: { ...shippedLanguage.events, logicalReplies: 1, weights: { ...shippedLanguage.events.weights, replies: 11 } },
  facts: { ...shippedLanguage.facts, familiarAnswers: 0, secondedAdvice: 0, replies: { answers: 6, questions: 3.5 } },
};

/** As few masks as RoBERTa has: with many, one of two things to compare is mostly hidden. */
const fewMasks = { commonFrequency: 0.004, commonShare: 0.04, contentShare: 0.12, labelWordShare: 0.95, furtherWords: singleMarkers };

/** What the stages after the first one share. */
const goingOn: PretrainingSettings = { ...shippedPretraining, masking: fewMasks, learningRate: 1.5e-3, warmupSteps: 100, decayFrom: 1 };

/** The second stage: goes on from the first one's model and teaches it to compare two texts, and to judge one sentence at a time. */
export const shippedSecondStage: PretrainingSettings = {
  ...goingOn,
  language: repliesMostly,
  languageSeed: 12,
  seed: 2,
  steps: 6000,
  comparisonHead: { head: 1, sharpness: 0.3 },
};

/** The third stage's text: fewer replies to statements, and mostly what those left untaught, answers to questions and opinions. */
const answersAndPoints: LanguageSettings = {
  ...repliesMostly,
  opinions: { ...repliesMostly.opinions, shares: { ...repliesMostly.opinions.shares, reviewPoints: 4.5, affairPoints: 6 } },
  events: { ...repliesMostly.events, weights: { ...repliesMostly.events.weights, replies: 3 } },
  facts: { ...repliesMostly.facts, replies: { answers: 8, questions: 3 } },
};

/** The third stage: with all kinds of replies at once neither is learned in the time. */
export const shippedThirdStage: PretrainingSettings = {
  ...goingOn,
  language: answersAndPoints,
  languageSeed: 13,
  seed: 3,
  steps: 3000,
};

/**
 * The fourth stage's text: the language at large again, with fewer of those documents. Where they use the prompts' words
 * these follow the comparison or the opinion in some documents and something else in the others.
 */
const repliesToo: LanguageSettings = {
  ...shippedLanguage,
  opinions: {
    ...shippedLanguage.opinions,
    opinionVerdicts: 0.5,
    gadgetVerdicts: 0.5,
    affairVerdicts: 0.5,
    shares: { ...shippedLanguage.opinions.shares, reviewPoints: 0.35, affairPoints: 0.25 },
  },
  events: { ...shippedLanguage.events, logicalReplies: 0.45, weights: { ...shippedLanguage.events.weights, replies: 1.1 } },
  facts: { ...shippedLanguage.facts, familiarAnswers: 0.5, secondedAdvice: 0.5, replies: { answers: 0.6, questions: 0.5 } },
};

/** The fourth stage: all kinds of text. */
export const shippedFourthStage: PretrainingSettings = {
  ...goingOn,
  language: repliesToo,
  languageSeed: 14,
  seed: 4,
  steps: 6500,
  decayFrom: 0.4,
};

/** How the shipped model is made, stage after stage. */
export const shippedStages: readonly PretrainingSettings[] = [shippedPretraining, shippedSecondStage, shippedThirdStage, shippedFourthStage];
