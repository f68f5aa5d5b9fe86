/** RTE's counterpart: two facts of the news and a short statement that follows from one of them or does not. */
import type { Analogue } from "../language/document";
import { drawNewsPair, taskSource } from "../language/events/examples";
import type { Relation } from "../language/events/meaning";

export const rte: Analogue = {
  task: "rte",
  labelNoise: ({ events }) => events.labelNoise,
  draw: (random, settings) => {
    const follows = random.chance(0.5);
    const relation: Relation = follows ? "entailment" : random.chance(0.5) ? "contradiction" : "neutral";
    const { texts, kind } = drawNewsPair(taskSource(random, settings), relation, settings.events.easyTask.rte);
    // Class 0 is entailment.
    return { texts, label: follows ? 0 : 1, kind };
  },
};
