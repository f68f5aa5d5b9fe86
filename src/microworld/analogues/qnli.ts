/** Does the sentence answer the question (QNLI)? Class 0: it does. */
import type { Analogue } from "../language/document";
import { entityTables } from "../language/facts/encyclopaedia";
import { drawQuestionAndSentence } from "../language/facts/questions";

export const qnli: Analogue = {
  task: "qnli",
  labelNoise: (settings) => settings.facts.labelNoise.qnli,
  draw: (random, settings) => {
    const { question, sentence, answers, kind } = drawQuestionAndSentence(random, entityTables(settings.facts.taskZipfExponent));
    return { texts: [question, sentence], label: answers ? 0 : 1, kind };
  },
};
