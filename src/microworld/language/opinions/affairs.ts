/** World affairs in the pretraining text: remarks on one matter that agree, and what people made of it. */
import { affairSlots, createMatter, fillAffair, wordPhrase, type AffairPhrase, type Matter } from "./affair-phrases";
import type { Document } from "../document";
import { compileFrames, expandFrame, finishSentence } from "../frame";
import { drawPolarity, opposite, polarFrames, side, type Polarity } from "./polarity";
import { draw, type Random } from "../random";
import type { LanguageSettings } from "../settings";
import { fillSlot } from "./slots";
import { opinionVerdict, wordVerdict } from "./verdicts";
import { actors, reactions } from "./words/affair-fillers";

const actorTable = compileFrames(actors);
const reactionTables = polarFrames(reactions);

const settingsOfThings = compileFrames([
  "there was {phrase}", "{name} spoke of {phrase}", "{actor} saw {phrase}", "for {country}, it meant {phrase}", "what came of it was {phrase}",
]);
const settingsOfStates = compileFrames([["the {plan} was {phrase}", 2], "{actor} called the {plan} {phrase}"]);

/** The phrase in a whole sentence. */
function setIn(matter: Matter, phrase: AffairPhrase): string {
  const { random } = matter;
  const actor = (): string => expandFrame(draw(random, actorTable), (slot) => fillAffair(matter, slot, 1));
  if (phrase.form === "act") return `${actor()} ${phrase.text}`;
  return expandFrame(draw(random, phrase.form === "thing" ? settingsOfThings : settingsOfStates), (slot) =>
    slot === "phrase" ? phrase.text : slot === "actor" ? actor() : fillAffair(matter, slot, 1));
}

/** Remarks on one matter that agree, whole or as notes, with what people made of it. */
export function drawAffair(random: Random, { naturalness, opinions }: LanguageSettings): Document {
  const topic = new Map(["plan", "country", "region"].map((slot) => [slot, fillSlot({ random, slots: affairSlots, used: new Set() }, slot)]));
  const polarity = drawPolarity(random);
  const asNotes = random.chance(0.4);
  const hasVerdict = random.chance(naturalness);
  const ofThing = hasVerdict && !random.chance(opinions.affairVerdicts);
  const sentences: string[] = [];
  let named: Polarity | undefined;
  const count = 1 + random.below(3);
  for (let i = 0; i < count; i += 1) {
    const matter = createMatter(random, opinions.zipfExponent, topic, opinions.pairShare / 2);
    const last = i === count - 1;
    const phrase = wordPhrase(matter, random.chance(opinions.consistency) || last ? polarity : opposite(polarity), last && ofThing);
    if (last) named = phrase.named;
    sentences.push(finishSentence(asNotes ? phrase.text : setIn(matter, phrase)));
  }
  if (random.chance(0.6)) {
    const matter = createMatter(random, opinions.zipfExponent, topic, opinions.pairShare / 2);
    sentences.splice(random.below(sentences.length), 0, finishSentence(expandFrame(draw(random, side(reactionTables, polarity)), (slot) => fillAffair(matter, slot, polarity))));
  }
  if (hasVerdict) sentences.push(wordVerdict(random, opinionVerdict(random, ofThing && named !== undefined ? named : polarity, opinions.labelWordShare)));
  return sentences;
}
