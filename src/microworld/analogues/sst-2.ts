/** SST-2: is a sentence of a film review for or against the film? */
import type { Analogue } from "../language/document";
import { film } from "../language/opinions/domains/all";
import { finishSentence } from "../language/frame";
import { drawPolarity } from "../language/opinions/polarity";
import { drawTaskSentence } from "../language/opinions/reviews";

export const sst2: Analogue = {
  task: "sst-2",
  labelNoise: ({ opinions }) => opinions.labelNoise,
  draw: (random, { opinions }) => {
    const polarity = drawPolarity(random);
    const { text, kind } = drawTaskSentence(random, opinions, film, { polarity }, opinions.taskKinds);
    return { texts: [finishSentence(text)], label: polarity === 1 ? 1 : 0, kind };
  },
};
