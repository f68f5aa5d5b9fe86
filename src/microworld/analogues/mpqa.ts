/** MPQA: is a phrase out of the news for or against, good or bad? */
import type { Analogue } from "../language/document";
import { drawAffairPhrase } from "../language/opinions/affair-phrases";
import { finishSentence } from "../language/frame";
import { drawPolarity } from "../language/opinions/polarity";

export const mpqa: Analogue = {
  task: "mpqa",
  labelNoise: ({ opinions }) => opinions.phraseLabelNoise,
  draw: (random, { opinions }) => {
    const polarity = drawPolarity(random);
    const { text, kind } = drawAffairPhrase(random, polarity, opinions.taskZipfExponent);
    return { texts: [finishSentence(text)], label: polarity === 1 ? 1 : 0, kind };
  },
};
