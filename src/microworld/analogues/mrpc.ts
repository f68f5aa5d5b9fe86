/** MRPC's counterpart: two sentences from the news that say the same or differ in a fact. */
import type { Analogue } from "../language/document";
import { drawParaphrasePair, taskSource } from "../language/events/examples";

export const mrpc: Analogue = {
  task: "mrpc",
  labelNoise: ({ events }) => events.labelNoise,
  draw: (random, settings) => {
    const paraphrase = random.chance(settings.events.paraphrases);
    const { texts, kind } = drawParaphrasePair(taskSource(random, settings), paraphrase, settings.events.easyTask.mrpc);
    return { texts, label: paraphrase ? 1 : 0, kind };
  },
};
