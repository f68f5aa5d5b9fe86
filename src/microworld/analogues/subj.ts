/** Subj: does a sentence about a film give an opinion, or tell what happens in it? */
import type { Analogue } from "../language/document";
import { film } from "../language/opinions/domains/all";
import { finishSentence } from "../language/frame";
import { recalled, wordPlot, wordProduction } from "../language/opinions/plots";
import { drawPolarity } from "../language/opinions/polarity";
import { drawTaskSentence } from "../language/opinions/reviews";

export const subj: Analogue = {
  task: "subj",
  labelNoise: ({ opinions }) => opinions.subjectivityLabelNoise,
  draw: (random, { opinions }) => {
    if (random.chance(0.5)) {
      if (random.chance(0.4)) return { texts: [finishSentence(wordProduction(random))], label: 1, kind: "production" };
      const events = random.chance(0.3) ? `${wordPlot(random)}, and ${wordPlot(random)}` : wordPlot(random);
      return { texts: [finishSentence(events)], label: 1, kind: "plot" };
    }
    const { text, kind } = drawTaskSentence(random, opinions, film, { polarity: drawPolarity(random) }, opinions.longKinds);
    const opinion = random.chance(kind.endsWith("with side") ? 0.3 : 0.8) ? recalled(random, text) : text;
    return { texts: [finishSentence(opinion)], label: 0, kind };
  },
};
