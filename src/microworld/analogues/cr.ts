/** CR: is a customer's sentence for or against the gadget, whatever became of the order? */
import type { Analogue } from "../language/document";
import { gadget } from "../language/opinions/domains/all";
import { finishSentence } from "../language/frame";
import { drawPolarity } from "../language/opinions/polarity";
import { drawTaskSentence } from "../language/opinions/reviews";

export const cr: Analogue = {
  task: "cr",
  labelNoise: ({ opinions }) => opinions.gadgetLabelNoise,
  draw: (random, { opinions }) => {
    const polarity = drawPolarity(random);
    const { text, kind } = drawTaskSentence(random, opinions, gadget, { polarity }, opinions.gadgetKinds);
    return { texts: [finishSentence(text)], label: polarity === 1 ? 1 : 0, kind };
  },
};
