/** MR: as SST-2 asks, in longer sentences that recall the plot and weigh one thing against another. */
import type { Analogue } from "../language/document";
import { film } from "../language/opinions/domains/all";
import { finishSentence } from "../language/frame";
import { recalled } from "../language/opinions/plots";
import { drawPolarity } from "../language/opinions/polarity";
import { drawTaskSentence } from "../language/opinions/reviews";

export const mr: Analogue = {
  task: "mr",
  labelNoise: ({ opinions }) => opinions.labelNoise,
  draw: (random, { opinions }) => {
    const polarity = drawPolarity(random);
    const { text, kind } = drawTaskSentence(random, opinions, film, { polarity }, opinions.longKinds);
    return { texts: [finishSentence(random.chance(kind.endsWith("with side") ? 0.3 : 0.8) ? recalled(random, text) : text)], label: polarity === 1 ? 1 : 0, kind };
  },
};
