/** MNLI's counterpart: statements of several genres and what follows from them. */
import type { Analogue } from "../language/document";
import { drawGenrePair, drawRelation, taskSource, threeWayLabel } from "../language/events/examples";

export const mnli: Analogue = {
  task: "mnli",
  labelNoise: ({ events }) => events.labelNoise,
  draw: (random, settings) => {
    const relation = drawRelation(random);
    const { texts, kind } = drawGenrePair(taskSource(random, settings), relation, settings.events.easyTask.mnli);
    return { texts, label: threeWayLabel(relation), kind };
  },
  // The kind begins with the genre: "fiction, easy: dropped details".
  extraCells: ({ kind }) => ({ 3: kind.split(",")[0] }),
};
