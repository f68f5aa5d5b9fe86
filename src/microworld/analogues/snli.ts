/** SNLI's counterpart: what might be said of one picture. */
import type { Analogue } from "../language/document";
import { drawPicturePair, drawRelation, taskSource, threeWayLabel } from "../language/events/examples";

export const snli: Analogue = {
  task: "snli",
  labelNoise: ({ events }) => events.labelNoise,
  draw: (random, settings) => {
    const relation = drawRelation(random);
    const { texts, kind } = drawPicturePair(taskSource(random, settings), relation, settings.events.easyTask.snli);
    return { texts, label: threeWayLabel(relation), kind };
  },
};
