/** Pairs that the tasks ask about and the documents hold: question and sentence, question and question. */
import type { Random } from "../random";
import type { LanguageSettings } from "../settings";
import { changeAdvice, drawAdvice, wordAdvice, wordTip } from "./advice";
import { drawEntity, drawOther, drawOtherProperty, drawProperty, type Entity, type EntityTables } from "./encyclopaedia";
import { clause, finishQuestion, questionTwice, shortAnswer, wordQuestion, wordStatement, type Mention } from "./wording";

/** A question and a sentence that answers it or does not. */
export interface QuestionAndSentence {
  entity: Entity;
  property: number;
  question: string;
  sentence: string;
  answers: boolean;
  /** Entity and properties that the sentence speaks of. */
  said: { entity: Entity; properties: readonly number[] };
  kind: "answer" | "other property" | "other entity";
}

/**
 * Properties and entities of question and sentence are distributed alike whether it answers or not: neither tells
 * anything alone.
 */
export function drawQuestionAndSentence(random: Random, tables: EntityTables): QuestionAndSentence {
  const entity = drawEntity(random, tables);
  const { type } = entity;
  const property = drawProperty(random, type);
  const answers = random.chance(0.5);
  const kind = answers ? "answer" : random.chance(0.6) ? "other property" : "other entity";
  const about = kind === "other entity" ? drawOther(random, tables, entity) : entity;
  const first = kind === "other property" ? drawOtherProperty(random, type, property) : property;
  const properties = random.chance(0.5) ? [first, drawOtherProperty(random, type, first, property)] : [first];
  const as = (): Mention => (random.chance(0.2) ? "short" : "name");
  return {
    entity,
    property,
    question: wordQuestion(random, entity, property, "name"),
    sentence: wordStatement(random, about, properties, as()),
    answers,
    said: { entity: about, properties },
    kind,
  };
}

/** Two questions, and whether the second asks for the same. */
export interface QuestionPair {
  questions: readonly [string, string];
  same: boolean;
  advice: boolean;
  kind: string;
  /** A reply to the second question, without capital and end. */
  reply: string;
}

function advicePair(random: Random, same: boolean): QuestionPair {
  const meaning = drawAdvice(random);
  const { changed, change } = same ? { changed: meaning, change: "advice in other words" } : changeAdvice(random, meaning);
  const questions = twoWordings(() => wordAdvice(random, meaning), () => wordAdvice(random, changed));
  return { questions, same, advice: true, kind: same ? change : `advice: ${change}`, reply: wordTip(random, changed) };
}

/** The value alone or as a statement, without capital and end. */
function factReply(random: Random, entity: Entity, property: number): string {
  return random.chance(0.5) ? shortAnswer(entity, property).slice(0, -1) : clause(random, entity, property, random.chance(0.5) ? "name" : "noun");
}

/** Two texts that differ, the second drawn until they do. */
function twoWordings(first: () => string, second: () => string): [string, string] {
  for (;;) {
    const pair: [string, string] = [first(), second()];
    if (pair[0] !== pair[1]) return pair;
  }
}

/** The first stands for the bare question, "is A taller than B". */
const comparisonOpenings = ["is", "is it true that", "do you think that", "would you say that"] as const;

function comparison(random: Random, entity: Entity, otherEntity: Entity, same: boolean): [string, string] {
  const { comparatives } = entity.type;
  const [more, less] = comparatives[random.below(comparatives.length)];
  const [greater, lesser] = random.chance(0.5) ? [more, less] : [less, more];
  const [a, b] = [entity.name, otherEntity.name];
  const ask = (big: string, small: string): string => {
    const [subject, adjective, object] = random.chance(0.5) ? [b, small, a] : [a, big, b];
    const opening = random.below(comparisonOpenings.length);
    return finishQuestion(opening === 0 ? `is ${subject} ${adjective} than ${object}` : `${comparisonOpenings[opening]} ${subject} is ${adjective} than ${object}`);
  };
  return twoWordings(() => ask(greater, lesser), () => (same ? ask(greater, lesser) : ask(lesser, greater)));
}

function factPair(random: Random, tables: EntityTables, same: boolean): QuestionPair {
  const entity = drawEntity(random, tables);
  const { type } = entity;
  const otherEntity = drawOther(random, tables, entity);
  if (random.chance(0.2)) {
    return {
      questions: comparison(random, entity, otherEntity, same),
      same,
      advice: false,
      kind: same ? "comparison in other words" : "comparison reversed",
      reply: random.chance(0.5) ? "I believe so" : "I do not think so",
    };
  }
  const property = drawProperty(random, type);
  if (same) {
    const questions = twoWordings(() => wordQuestion(random, entity, property, "name"), () => wordQuestion(random, entity, property, "name"));
    return { questions, same, advice: false, kind: "fact in other words", reply: factReply(random, entity, property) };
  }
  if (random.chance(0.5)) {
    const asked = drawOtherProperty(random, type, property);
    const questions: [string, string] = [wordQuestion(random, entity, property, "name"), wordQuestion(random, entity, asked, "name")];
    if (questions[0] === questions[1]) return factPair(random, tables, same);
    return { questions, same, advice: false, kind: "other property", reply: factReply(random, entity, asked) };
  }
  // Often in the very same words, so that many shared words are no sign of the same question.
  const questions: [string, string] = random.chance(0.5)
    ? questionTwice(random, entity, otherEntity, property)
    : [wordQuestion(random, entity, property, "name"), wordQuestion(random, otherEntity, property, "name")];
  return { questions, same, advice: false, kind: "other entity", reply: factReply(random, otherEntity, property) };
}

export function drawQuestionPair(random: Random, tables: EntityTables, settings: LanguageSettings): QuestionPair {
  const same = random.chance(settings.facts.duplicateShare);
  return random.chance(0.5) ? advicePair(random, same) : factPair(random, tables, same);
}
