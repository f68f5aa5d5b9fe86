/** Words for facts: statements of one or two properties, and questions for one. */
import { finishSentence, lowered } from "../frame";
import { draw, type Random } from "../random";
import { drawOtherProperty, phrasing, type Entity } from "./encyclopaedia";
import { phrases } from "./phrasing";

/** How an entity is called in a sentence. */
export type Mention = "name" | "short" | "noun";

export function mention(entity: Entity, as: Mention): string {
  if (as === "noun") return entity.noun;
  return as === "short" ? entity.short : entity.name;
}

const openers = phrasing.table(
  phrases(`according to the {book/guide/paper/report}, {s} | as {everybody/every child/every guide} knows, {s} | the {book/guide/teacher} says that {s}
    it is {said/known/written} that {s} | in fact, {s} | we read that {s} | some people believe that {s} | as far as we know, {s} | there is no doubt that {s}`),
  ["s"],
);

/** The clause of one property, without its capital and end. */
export function clause(random: Random, entity: Entity, property: number, as: Mention): string {
  const { predicates, sentences } = entity.type.properties[property];
  const filling = { e: mention(entity, as), v: entity.values[property] };
  if (random.chance(0.35)) return phrasing.say(random, sentences, filling);
  return `${filling.e} ${phrasing.say(random, predicates, filling)}`;
}

/**
 * A statement of one or two properties (in this order or the other).
 * Names at the beginning are put behind an opener more often than not.
 */
export function wordStatement(random: Random, entity: Entity, properties: readonly number[], as: Mention): string {
  let text: string;
  if (properties.length === 1) {
    text = clause(random, entity, properties[0], as);
  } else {
    const [first, second] = random.chance(0.5) ? properties : [properties[1], properties[0]];
    const predicate = (property: number): string =>
      phrasing.say(random, entity.type.properties[property].predicates, { v: entity.values[property] });
    const subject = mention(entity, as);
    switch (random.below(3)) {
      case 0:
        text = `${subject}, ${entity.type.who} ${predicate(first)}, ${predicate(second)}`;
        break;
      case 1:
        text = `${subject} ${predicate(first)} and ${predicate(second)}`;
        break;
      default:
        text = `${clause(random, entity, first, as)}, and ${entity.type.who === "who" ? entity.noun : "it"} ${predicate(second)}`;
    }
  }
  const opened = random.chance(/^[A-Z]/.test(text) ? 0.7 : 0.2);
  return finishSentence(opened ? phrasing.say(random, openers, { s: text }) : text);
}

/** "?" after a question, "." after "name …" and "tell me …". */
export function finishQuestion(text: string): string {
  return finishSentence(text, /^(tell me|name|please name|give) /.test(text) ? "." : "?");
}

export function wordQuestion(random: Random, entity: Entity, property: number, as: Mention): string {
  return finishQuestion(phrasing.say(random, entity.type.properties[property].questions, { e: mention(entity, as) }));
}

/**
 * A question of a quiz: now and then the entity goes by another property, "who founded the town which lies in Peru",
 * so that words of places, persons and numbers stand in questions for anything.
 */
export function wordQuizQuestion(random: Random, entity: Entity, property: number): string {
  if (!random.chance(0.35)) return wordQuestion(random, entity, property, "name");
  const { type } = entity;
  const other = drawOtherProperty(random, type, property);
  const described = `${entity.noun} ${type.who} ${phrasing.say(random, type.properties[other].predicates, { v: entity.values[other] })}`;
  return finishQuestion(phrasing.say(random, type.properties[property].questions, { e: described }));
}

/** Two questions for the same property, worded by the same frame with the same choices, of two entities. */
export function questionTwice(random: Random, entity: Entity, other: Entity, property: number): [string, string] {
  const frame = draw(random, entity.type.properties[property].questions);
  const text = phrasing.expand(random, frame, { e: "@" });
  return [finishQuestion(text.replace("@", entity.name)), finishQuestion(text.replace("@", other.name))];
}

/** "Q? Yes, statement": the pattern of the inference prompts. */
export function answeredWith(question: string, word: string, statement: string): string {
  return `${question.slice(0, -1)}? ${word}, ${lowered(statement)}`;
}

/** The value alone: "In 1890.", "A parrot." */
export function shortAnswer(entity: Entity, property: number): string {
  const value = entity.values[property];
  const place = entity.type.properties[property].answer === "Location" && !value.startsWith("the ");
  return finishSentence(place || /^[0-9]/.test(value) ? `in ${value}` : value);
}
