/** Documents about facts: encyclopaedia entries, questions with answers, quizzes, forums, comparisons. */
import { wordCount, type Document, type DocumentKind } from "../document";
import { finishSentence, lowered } from "../frame";
import { shuffled, type Random } from "../random";
import type { LanguageSettings } from "../settings";
import { drawAdvice, wordAdvice, wordTip } from "./advice";
import { drawEntity, drawOther, drawProperty, entityTables, exceeds, phrasing, type Entity } from "./encyclopaedia";
import { phrases } from "./phrasing";
import { drawQuestionAndSentence, drawQuestionPair } from "./questions";
import { drawAnswerReplies, drawQuestionReplies } from "./replies";
import { answeredWith, clause, shortAnswer, wordQuestion, wordQuizQuestion, wordStatement } from "./wording";

/** Places of some properties of an entity, no two of the same meaning. */
function someProperties(random: Random, { type }: Entity, count: number): number[] {
  const names = new Set<string>();
  return shuffled(random, type.properties.map((_, place) => place))
    .filter((place) => !names.has(type.properties[place].name) && names.add(type.properties[place].name))
    .slice(0, count);
}

const again = phrasing.table(phrases(`in other words, {s} | that is, {s} | so {s} | this means that {s} | {s} | {s}`), ["s"]);

/** An entry says most things twice: in the second sentence by other words. */
function drawEntry(random: Random, settings: LanguageSettings): Document {
  const entity = drawEntity(random, entityTables(settings.facts.zipfExponent));
  const [first, second, third] = someProperties(random, entity, 3);
  const document = [finishSentence(clause(random, entity, first, "name"))];
  if (random.chance(0.7)) document.push(finishSentence(phrasing.say(random, again, { s: clause(random, entity, first, "noun") })));
  document.push(wordStatement(random, entity, [second], random.chance(0.5) ? "noun" : "short"));
  if (random.chance(0.5)) document.push(finishSentence(phrasing.say(random, again, { s: clause(random, entity, second, "name") })));
  else if (third !== undefined) document.push(wordStatement(random, entity, [third], "noun"));
  return document;
}

const remarks = phrasing.table(phrases(`{That/This/The} reply is {useless/irrelevant/unhelpful}. | {That/This/The} reply is {useless/irrelevant/unhelpful}. | That answers another question. | We wanted to know something else.`));
const thanks = phrasing.table(phrases(`{That/This/The} reply is {helpful/relevant/clear}. | {That/This/The} reply is {helpful/relevant/clear}. | That answers the question. | That is what I wanted to know.`));

/** One or two questions, each with a sentence that answers, or first with one that does not. */
function drawAnswers(random: Random, settings: LanguageSettings): Document {
  const tables = entityTables(settings.facts.zipfExponent);
  const document: string[] = [];
  for (let round = 0; round < 2; round += 1) {
    const { entity, property, question, sentence, answers } = drawQuestionAndSentence(random, tables);
    const right = wordStatement(random, entity, [property], "name");
    if (random.chance(settings.naturalness)) {
      // The word means one thing or the other: the sentence answers, or the entity is one that everybody knows.
      const yes = random.chance(settings.facts.familiarAnswers) ? entity.familiar : answers;
      document.push(answeredWith(question, yes ? "Yes" : "No", sentence));
      if (!answers && random.chance(0.5)) document.push(right);
    } else if (answers) {
      document.push(question, sentence);
      if (random.chance(0.75)) document.push(phrasing.say(random, thanks));
    } else if (round === 0 && random.chance(0.5)) {
      document.push(question, sentence, phrasing.say(random, remarks), right);
    } else {
      document.push(question, right);
    }
    if (document.length > 2 || wordCount(document) > 22 || random.chance(0.3)) break;
  }
  return document;
}

const unknown = phrasing.table(phrases(`The text does not say. | We do not know. | Nobody has told us. | The text tells us nothing about it.`));

/** Two statements, then a question whose answer stands in one of them, or in none. */
function drawReading(random: Random, settings: LanguageSettings): Document {
  // Drawn as evenly as in the tasks: what is rare has to be read, it cannot be known.
  const tables = entityTables(settings.facts.taskZipfExponent);
  const one = drawEntity(random, tables);
  // Either two entities with one property, or one entity with two properties.
  const two = random.chance(0.5) ? drawOther(random, tables, one) : one;
  const [first, second, third] = someProperties(random, one, 3);
  const told = two === one ? second : first;
  const document = [finishSentence(clause(random, one, first, "name")), finishSentence(clause(random, two, told, two === one ? "noun" : "name"))];
  const asked = random.chance(0.5) ? { entity: one, property: first } : { entity: two, property: told };
  if (random.chance(0.25)) document.push(wordQuestion(random, asked.entity, third, "name"), phrasing.say(random, unknown));
  else {
    const { entity, property } = asked;
    document.push(wordQuestion(random, entity, property, "name"));
    document.push(random.chance(0.5) ? shortAnswer(entity, property) : finishSentence(clause(random, entity, property, random.chance(0.5) ? "noun" : "name")));
  }
  return document;
}

const quizOpenings = phrasing.table(phrases(`{Here is a/This is the/Welcome to the} {quiz/test/game} of the {day/week/month}. | {Three/Some/A few} questions for {clever/young/curious} readers. | Now a question for everybody.`));

/** Questions with short answers, with or without the word for what is asked. */
function drawQuiz(random: Random, settings: LanguageSettings): Document {
  const tables = entityTables(settings.facts.zipfExponent);
  const headed = random.chance(settings.naturalness);
  // The opening lets the first heading follow a space, as the label words do.
  const document: string[] = headed || random.chance(0.3) ? [phrasing.say(random, quizOpenings)] : [];
  for (let round = 0; round < 2; round += 1) {
    const entity = drawEntity(random, tables);
    const property = drawProperty(random, entity.type);
    const question = wordQuizQuestion(random, entity, property);
    const heading = random.chance(settings.facts.areaHeadings) ? entity.type.area : entity.type.properties[property].answer;
    document.push(headed ? `${heading}: ${question}` : question, shortAnswer(entity, property));
  }
  return document;
}

const sameRemarks = phrasing.table(phrases(`{My question/Mine} is {identical/similar/equal}. | {My question/Mine} is {identical/similar/equal}. | That is what I want to know too.`));
const otherRemarks = phrasing.table(phrases(`{My question/Mine} is {different/unrelated/separate}. | {My question/Mine} is {different/unrelated/separate}. | I want to know something else.`));

/** A question, the same question or another one by somebody else, and a reply. */
function drawForum(random: Random, settings: LanguageSettings): Document {
  const { questions, same, advice, reply } = drawQuestionPair(random, entityTables(settings.facts.zipfExponent), settings);
  const [first, second] = questions;
  const answer = finishSentence(reply);
  if (random.chance(settings.naturalness)) {
    // The word means one thing or the other: the same is asked, or advice is asked for.
    const yes = random.chance(settings.facts.secondedAdvice) ? advice : same;
    return [`${first} ${yes ? "Yes" : "No"}, ${lowered(second)}`, answer];
  }
  const remark = phrasing.say(random, same ? sameRemarks : otherRemarks);
  return random.chance(0.5) ? [first, remark, second, answer] : [first, second, remark, answer];
}

const askers = phrasing.table(phrases(`{n} {asked/wrote/wanted to know}: {q}`), ["n", "q"]);

/** A question for advice, said again in other words, with a tip. */
function drawAdviceThread(random: Random, _settings: LanguageSettings): Document {
  const meaning = drawAdvice(random);
  const first = wordAdvice(random, meaning);
  const second = wordAdvice(random, meaning);
  const names = ["Anna", "Ben", "Clara", "David", "Emma", "Felix"];
  const document = [random.chance(0.3) ? phrasing.say(random, askers, { n: names[random.below(names.length)], q: lowered(first) }) : first];
  if (second !== first) document.push(random.chance(0.5) ? second : `In other words, ${lowered(second)}`);
  const tips = [wordTip(random, meaning), wordTip(random, meaning)];
  document.push(finishSentence(tips[0]));
  if (tips[1] !== tips[0] && random.chance(0.6)) document.push(finishSentence(tips[1]));
  return document;
}

/** Two entities compared, in both directions. */
function drawComparison(random: Random, settings: LanguageSettings): Document {
  const tables = entityTables(settings.facts.zipfExponent);
  const one = drawEntity(random, tables);
  const two = drawOther(random, tables, one);
  const { comparatives } = one.type;
  const comparative = random.below(comparatives.length);
  const [more, less] = comparatives[comparative];
  const [a, b] = exceeds(one, two, comparative) ? [more, less] : [less, more];
  const [property] = someProperties(random, one, 1);
  const document = [
    finishSentence(`${one.name} is ${a} than ${two.name}`),
    finishSentence(phrasing.say(random, again, { s: `${two.name} is ${b} than ${one.name}` })),
  ];
  if (random.chance(0.5)) document.push(finishSentence(clause(random, one, property, "name")), finishSentence(clause(random, two, property, "name")));
  else document.push(`Is ${two.name} ${a} than ${one.name}?`, random.chance(0.5) ? "It is not." : finishSentence(`it is ${b}`));
  return document;
}

/** Weights are relative to the corpus's other kinds; together they make up the family's share. */
export const factDocuments: readonly DocumentKind[] = [
  { name: "encyclopaedia entry", weight: () => 0.06, draw: drawEntry },
  { name: "question and answer", weight: () => 0.1, draw: drawAnswers },
  { name: "reading exercise", weight: () => 0.06, draw: drawReading },
  { name: "quiz", weight: () => 0.04, draw: drawQuiz },
  { name: "forum", weight: () => 0.09, draw: drawForum },
  { name: "advice", weight: () => 0.03, draw: drawAdviceThread },
  { name: "comparison", weight: () => 0.02, draw: drawComparison },
  { name: "replies to sentences", weight: ({ facts }) => facts.replies.answers, draw: drawAnswerReplies },
  { name: "replies to questions", weight: ({ facts }) => facts.replies.questions, draw: drawQuestionReplies },
];
