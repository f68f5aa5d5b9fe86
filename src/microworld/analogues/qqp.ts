/** Do two questions ask for the same (QQP)? Class 1: they do. */
import type { Analogue } from "../language/document";
import { entityTables } from "../language/facts/encyclopaedia";
import { drawQuestionPair } from "../language/facts/questions";

export const qqp: Analogue = {
  task: "qqp",
  labelNoise: (settings) => settings.facts.labelNoise.qqp,
  draw: (random, settings) => {
    const { questions, same, kind } = drawQuestionPair(random, entityTables(settings.facts.taskZipfExponent), settings);
    return { texts: questions, label: same ? 1 : 0, kind };
  },
};
