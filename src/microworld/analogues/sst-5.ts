/** SST-5: how good does a sentence of a film review find the film, from terrible to great? */
import type { Analogue } from "../language/document";
import { film } from "../language/opinions/domains/all";
import { finishSentence } from "../language/frame";
import { drawTaskSentence, meaningOfDegree } from "../language/opinions/reviews";
import type { Degree } from "../language/opinions/verdicts";

export const sst5: Analogue = {
  task: "sst-5",
  labelNoise: ({ opinions }) => opinions.gradedLabelNoise,
  draw: (random, { opinions }) => {
    const degree = random.below(5) as Degree;
    const { text, kind } = drawTaskSentence(random, opinions, film, meaningOfDegree(random, degree), opinions.taskKinds);
    return { texts: [finishSentence(text)], label: degree, kind };
  },
};
