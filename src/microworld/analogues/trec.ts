/** Questions by the type of answer they ask for (TREC). */
import type { Analogue } from "../language/document";
import { drawEntity, drawProperty, entityTables } from "../language/facts/encyclopaedia";
import { answerTypes } from "../language/facts/entity-types";
import { wordQuizQuestion } from "../language/facts/wording";

export const trec: Analogue = {
  task: "trec",
  labelNoise: (settings) => settings.facts.labelNoise.trec,
  draw: (random, settings) => {
    const entity = drawEntity(random, entityTables(settings.facts.taskZipfExponent));
    const property = drawProperty(random, entity.type);
    const { answer, name } = entity.type.properties[property];
    return { texts: [wordQuizQuestion(random, entity, property)], label: answerTypes.indexOf(answer), kind: `${entity.type.name}: ${name}` };
  },
};
