/** Everyday text without opinions: the rest of the small world. */
import type { Document } from "./document";
import { compileFrames, expandFrame, finishSentence } from "./frame";
import { phrases, words } from "./opinions/lists";
import { fillSlot, slotTables } from "./opinions/slots";
import { reviewFillers } from "./opinions/words/review-fillers";
import { draw, type Random } from "./random";

export const neutralFrames: readonly string[] = phrases(`
  {name} {went} to the {building} {when} | {name} {went} from {city} to {city} with a {relative}
  the {job} {took} a {size} {object} to the {building} | {name} {took} the {colour} {object} from the {furniture}
  there is a {size} {object} on the {furniture} | the {furniture} stands next to the {furniture}
  the {building} of {city} {lies} near the {building} | it {rained} in {city} {when} | it will {rain} in {city} {later}
  the {team} of {city} won by {n} points against the {team} of {city} | the match in {city} ended {when}
  {name} scored {n} goals for {city} {when} | the shares of the {company} {rose} by {n} per cent
  the {company} opened {large} shops in {city} | the {company} will build a {building} in {city}
  the {animal} {slept} under the {furniture} | a {size} {animal} {slept} near the {building}
  {name} is a {job} and lives in {city} | {name} and {name} met at the {building} {when}
  {name} asked the {job} about the {object} | the {job} {said} that it would {rain} {later}
  {name} has {n} {colour} {object}s and a {size} {animal} | the {animal} ran across the {building}
  the train to {city} leaves at {n} on {weekday} | the road from {city} to {city} is {large} miles long
  the minister of {city} spoke about {topic} {when} | the students at the {building} learn about {topic}
  scientists in {city} measured the {quantity} of {large} {animal}s | the {object} weighs {large} {unit} | the {object} is {large} inches long
  {name} {cooked} the {dish} in {large} minutes | the {relative} of {name} works as a {job}
  {name} put on a {colour} {clothing} and {went} to the {building} | the {clothing} of the {job} was {colour}
  who {took} the {object} from the {building} | where is the {size} {object} of the {job}
  {name} wrote a letter to the {company} {when} | the {job} paid {large} {coins} for the {object}
  the museum has {large} {object}s from {city} | the {river} flows through {city} to the sea
  when {name} was {large}, the {company} moved to {city} | the {team} plays in {city} {later}`);

export const neutralFillers: Readonly<Record<string, readonly string[]>> = {
  went: words("went drove walked travelled returned ran flew cycled"),
  took: words("took carried brought moved pulled lifted sold"),
  size: words("small big large little long short wide narrow old new round square"),
  object: words("card chair lamp bottle bag letter map key clock ladder basket coin bucket mirror rope candle drum bicycle"),
  furniture: words("table shelf desk bench sofa wall door window floor stove"),
  lies: words("lies stands"),
  rained: words("rained snowed"),
  rain: words("rain snow"),
  team: words("tigers rovers eagles lions sharks wolves"),
  company: words("bank company airline factory brewery newspaper railway shipyard"),
  rose: words("rose fell climbed dropped"),
  animal: words("dog cat horse goat duck owl rabbit donkey hen"),
  slept: words("slept sat waited stood rested ate"),
  said: words("said thought knew announced explained replied"),
  topic: words("history trade taxes physics farming energy health music weather language geology transport"),
  quantity: words("weight length height age speed"),
  unit: words("pounds grams"),
  cooked: words("cooked heated prepared served finished"),
  clothing: words("coat hat shirt scarf jacket dress"),
  coins: words("coins dollars pounds euros"),
  river: words("river canal stream"),
};

const frames = compileFrames(neutralFrames);
const slots = slotTables(reviewFillers, neutralFillers);
/** What a text stays with. */
const lasting: ReadonlySet<string> = new Set(["name", "city", "object", "job", "building", "animal", "company"]);

/** Everyday sentences about the same few people, places and things. */
export function drawEverydayText(random: Random): Document {
  const mentioned = new Map<string, string>();
  return Array.from({ length: 2 + random.below(3) }, () => {
    const used = new Set<string>();
    const frame = draw(random, frames);
    const text = expandFrame(frame, (slot) => {
      const known = mentioned.get(slot);
      if (known !== undefined && !used.has(known) && random.chance(0.7)) {
        used.add(known);
        return known;
      }
      const word = fillSlot({ random, slots, used }, slot);
      if (lasting.has(slot) && known === undefined) mentioned.set(slot, word);
      return word;
    });
    return finishSentence(text, /^(who|where) /.test(frame[0]) ? "?" : ".");
  });
}
