/** MR: as SST-2 asks, in longer sentences that recall the plot and weigh one thing against another. */
import type { Analogue } from "../language/document";
import { film } from "../language/opinions/domains/all";
import { finishSentence } from "../language/frame";
import { wordPlotTopic } from "../language/opinions/plots";
import { drawPolarity } from "../language/opinions/polarity";
import { drawTaskSentence } from "../language/opinions/reviews";

export const mr: Analogue = {
  task: "mr",
  labelNoise: ({ opinions }) => opinions.labelNoise,
  draw: (random, { opinions }) => {
    const polarity = drawPolarity(random);
    const { text, kind } = drawTaskSentence(random, opinions, film, { polarity }, opinions.longKinds);
    const form = random.below(3);
    const topic = wordPlotTopic(random);
    const long = form === 0 ? `in this story ${topic}, ${text}` : form === 1 ? `it is a film ${topic}, and ${text}` : text;
    return { texts: [finishSentence(long)], label: polarity === 1 ? 1 : 0, kind };
  },
};
