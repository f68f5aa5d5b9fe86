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

/** What the text of a stage after the first one is made of; weights are relative to those of the language's other documents. */
interface ReplyText {
  /** The language's own if left out. */
  naturalness?: number;
  /** Share of the verdicts that follow the opinion, and of the replies to statements that follow the comparison. */
  followed: { verdicts: number; replies: number };
  /** Share of the answers to questions whose "Yes," and "No," follow something else: how familiar a thing is, or who asks for advice. */
  unrelated: number;
  /** Weights of reviews and of notes on world affairs that judge point by point. */
  points: { reviews: number; affairs: number };
  /** Weights of documents with several short replies: to statements, and to questions for sentences that answer and for other questions. */
  replies: { statements: number; answers: number; questions: number };
}

function languageWithReplies({ naturalness = shippedLanguage.naturalness, followed, unrelated, points, replies }: ReplyText): LanguageSettings {
  const { opinions, events, facts } = shippedLanguage;
  const { verdicts } = followed;
  return {
    ...shippedLanguage,
    naturalness,
    opinions: {
      ...opinions,
      opinionVerdicts: verdicts,
      gadgetVerdicts: verdicts,
      affairVerdicts: verdicts,
      shares: { ...opinions.shares, reviewPoints: points.reviews, affairPoints: points.affairs },
    },
    events: { ...events, logicalReplies: followed.replies, weights: { ...events.weights, replies: replies.statements } },
    facts: { ...facts, familiarAnswers: unrelated, secondedAdvice: unrelated, replies: { answers: replies.answers, questions: replies.questions } },
  };
}

/** Prompts' words that always follow the comparison or the opinion, in all texts that could hold them. */
const alwaysFollowed = { naturalness: 1, followed: { verdicts: 1, replies: 1 }, unrelated: 0 };

/**
 * The second stage's text: statements and questions with several short replies, and opinions judged point by point. Their
 * words always follow the comparison or the opinion.
 */
const repliesMostly = languageWithReplies({
  ...alwaysFollowed,
  points: { reviews: 2.5, affairs: 1.5 },
  replies: { statements: 11, answers: 6, questions: 3.5 },
});

/** The third stage's text: fewer replies to statements, and mostly what those left untaught, answers to questions and opinions. */
const answersAndPoints = languageWithReplies({
  ...alwaysFollowed,
  points: { reviews: 4.5, affairs: 6 },
  replies: { statements: 3, answers: 8, questions: 3 },
});

/**
 * The fourth stage's text: the language at large again, with fewer of those documents. Where they use the prompts' words
 * these follow the comparison or the opinion in some documents and something else in the others.
 */
const repliesToo = languageWithReplies({
  followed: { verdicts: 0.5, replies: 0.45 },
  unrelated: 0.5,
  points: { reviews: 0.35, affairs: 0.25 },
  replies: { statements: 1.1, answers: 0.6, questions: 0.5 },
});

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

/** The third stage: with all kinds of replies at once neither is learned in the time. */
export const shippedThirdStage: PretrainingSettings = {
  ...goingOn,
  language: answersAndPoints,
  languageSeed: 13,
  seed: 3,
  steps: 3000,
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
