/** Questions with several short replies: "What is the birthplace of Ida Stone? Yes, ida Stone. No, was a painter. Yes, ida Stone was born in Rome." */
import type { Document } from "../document";
import { finishSentence } from "../frame";
import type { Random } from "../random";
import { withReplies } from "../replies";
import { replyMarkers } from "../reply-markers";
import type { LanguageSettings } from "../settings";
import { changeAdvice, drawAdvice, wordAdvice, wordAdviceCondition, wordAdviceGoal, type AdviceMeaning } from "./advice";
import { drawEntity, drawOther, drawOtherProperty, drawProperty, entityTables, phrasing } from "./encyclopaedia";
import { clause, shortAnswer, wordQuestion, wordStatement } from "./wording";

/** A reply to a question: whether it speaks of what is asked, and what a speaker who goes by something else would say. */
interface Judged {
  /** With its end mark. */
  text: string;
  fits: boolean;
  otherwise: boolean;
}

/** Replies behind a question. Their first words follow what fits, or in a share of the documents something else. */
function judgedReplies(random: Random, language: LanguageSettings, question: string, elseShare: number, next: () => Judged): Document {
  const natural = random.chance(language.naturalness);
  const follows = !natural || !random.chance(elseShare);
  return withReplies(question, () => {
    const { text, fits, otherwise } = next();
    const relation = (follows ? fits : otherwise) ? "entailment" : "contradiction";
    return { marker: natural ? (relation === "entailment" ? "Yes," : "No,") : replyMarkers[relation][random.below(4)], text };
  });
}

/** What a reply to a question may consist of: who or what is spoken of, the value asked for, what is said, or all of it. */
const answerPieces = ["name", "value", "predicate", "clause", "statement"] as const;

/** A question about an entity, and who or what a reply speaks of: the right entity or another, the property or another. */
export function drawAnswerReplies(random: Random, language: LanguageSettings): Document {
  const tables = entityTables(random.chance(0.5) ? language.facts.zipfExponent : language.facts.taskZipfExponent);
  const entity = drawEntity(random, tables);
  const { type } = entity;
  const property = drawProperty(random, type);
  return judgedReplies(random, language, wordQuestion(random, entity, property, "name").replace(/[.?]$/, "?"), language.facts.familiarAnswers, () => {
    const fits = random.chance(0.5);
    const piece = answerPieces[random.below(answerPieces.length)];
    // A name alone can only be another's, a value or predicate alone only of another property.
    const elsewhere = piece === "name" || ((piece === "clause" || piece === "statement") && random.chance(0.5));
    const about = fits || !elsewhere ? entity : drawOther(random, tables, entity);
    const place = fits || elsewhere ? property : drawOtherProperty(random, type, property);
    const text = {
      name: () => finishSentence(about.name),
      value: () => shortAnswer(about, place),
      predicate: () => finishSentence(phrasing.say(random, type.properties[place].predicates, { v: about.values[place] })),
      clause: () => finishSentence(clause(random, about, place, "name")),
      // As often as in the encyclopaedia something else is said beside it.
      statement: () => wordStatement(random, about, random.chance(0.5) ? [place, drawOtherProperty(random, type, place, property)] : [place], "name"),
    }[piece]();
    return { text, fits, otherwise: about.familiar };
  });
}

/** Another question behind a first one: the same or not, whole or its pieces. */
export function drawQuestionReplies(random: Random, language: LanguageSettings): Document {
  if (random.chance(0.6)) return adviceReplies(random, language);
  const tables = entityTables(random.chance(0.5) ? language.facts.zipfExponent : language.facts.taskZipfExponent);
  const entity = drawEntity(random, tables);
  const property = drawProperty(random, entity.type);
  return judgedReplies(random, language, wordQuestion(random, entity, property, "name"), language.facts.secondedAdvice, () => {
    const fits = random.chance(0.5);
    const elsewhere = random.chance(0.5);
    const about = fits || !elsewhere ? entity : drawOther(random, tables, entity);
    const place = fits || elsewhere ? property : drawOtherProperty(random, entity.type, property);
    const text = elsewhere && random.chance(0.5) ? finishSentence(about.name) : wordQuestion(random, about, place, "name");
    return { text, fits, otherwise: false };
  });
}

function adviceReplies(random: Random, language: LanguageSettings): Document {
  const meaning = drawAdvice(random);
  return judgedReplies(random, language, wordAdvice(random, meaning), language.facts.secondedAdvice, () => {
    const fits = random.chance(0.5);
    const { changed, change } = fits ? { changed: meaning, change: undefined } : changeAdvice(random, meaning);
    const { text, tells } = wordPiece(random, changed);
    return { text, fits: fits || !tells(change), otherwise: true };
  });
}

/** The whole question, what is to be done, or under which condition; `tells` says whether a change shows in that piece. */
function wordPiece(random: Random, meaning: AdviceMeaning): { text: string; tells: (change: string | undefined) => boolean } {
  const ticket = random.below(3);
  const whole = { text: wordAdvice(random, meaning), tells: () => true };
  if (ticket === 0) return whole;
  if (ticket === 1) return { text: finishSentence(wordAdviceGoal(random, meaning)), tells: (change) => change === "other object" || change === "opposite" };
  const condition = wordAdviceCondition(random, meaning);
  return condition === undefined ? whole : { text: finishSentence(condition), tells: (change) => change === "other condition" };
}
