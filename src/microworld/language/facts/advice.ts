/** Questions for advice: what somebody wants to do, with what, under which condition, and what is asked of it. */
import type { Random } from "../random";
import { createPhrasing, phrases, words, type PhraseTable } from "./phrasing";
import { finishQuestion } from "./wording";

/** Actions that take any of a group's objects; `opposite` shares the objects. */
interface Action {
  /** "{learn/study} {o}" */
  wording: string;
  opposite?: string;
  objects: readonly string[];
  tips: readonly string[];
}

const actions: readonly Action[] = [
  { wording: "{learn/study/pick up} {o}", opposite: "{teach/explain} {o}", objects: words("French German Spanish Latin Arabic Polish chess geometry physics history"), tips: phrases("practise with a friend every day | read a short text every evening | take lessons at a small school") },
  { wording: "{lose/drop/get rid of} {o}", opposite: "{gain/put on} {o}", objects: phrases("weight | ten pounds | body fat"), tips: phrases("eat less sugar | walk for an hour every day | drink more water") },
  { wording: "{save/put aside} {o}", opposite: "{spend/use up} {o}", objects: phrases("money | time | energy | water | paper"), tips: phrases("write down every cost | make a plan for each week | buy only what you need") },
  { wording: "{bake/make/prepare} {o}", objects: words("bread cakes pizza biscuits pies pancakes"), tips: phrases("let the dough rest for a night | use fresh butter | heat the oven first") },
  { wording: "{cook/prepare/make} {o}", objects: words("rice pasta soup fish beans eggs"), tips: phrases("add a little salt | use a large pot | turn the heat down") },
  { wording: "{repair/fix/mend} {o}", opposite: "{break/damage/ruin} {o}", objects: phrases("a bicycle | a radio | a clock | a roof | a chair | an engine | a broken window"), tips: phrases("look for a video | ask at a small workshop | buy good tools first") },
  { wording: "{buy/get/purchase} {o}", opposite: "{sell/get rid of} {o}", objects: phrases("a house | a car | a boat | a horse | a piano | old coins | a computer"), tips: phrases("compare three prices | read the papers on Saturday | ask an honest dealer") },
  { wording: "{clean/wash} {o}", objects: phrases("a carpet | a wool coat | windows | leather shoes | a fish tank"), tips: phrases("use warm water and soap | try vinegar on a small spot first") },
  { wording: "{grow/raise/plant} {o}", objects: words("tomatoes roses potatoes apples herbs onions"), tips: phrases("give them water in the morning | choose a sunny place | wait until the last frost") },
  { wording: "{train/teach} {o}", objects: phrases("a dog | a parrot | a horse | a puppy | an old cat"), tips: phrases("reward it with food | stay calm and repeat every step") },
  { wording: "{write/compose} {o}", objects: phrases("a letter | a novel | a song | a speech | a poem | a will"), tips: phrases("write one page a day | read it aloud to somebody | begin with the end") },
  { wording: "{start/open/set up} {o}", opposite: "{close/give up/shut down} {o}", objects: phrases("a shop | a school | a small company | a restaurant | a newspaper | a farm"), tips: phrases("talk to the bank first | find a good partner | count the costs") },
  { wording: "{improve/strengthen} {o}", opposite: "{ruin/weaken} {o}", objects: phrases("my memory | my English | my handwriting | my voice | my health | my sight"), tips: phrases("exercise for ten minutes a day | sleep more | keep a diary") },
  { wording: "{find/look for} {o}", opposite: "{lose/leave} {o}", objects: phrases("a job | a flat | a husband | a wife | a good doctor | new friends"), tips: phrases("ask your neighbours | go out more often | write to many people") },
  { wording: "{stop/give up/quit} {o}", opposite: "{start/begin/take up} {o}", objects: words("smoking drinking gambling swimming running dancing singing"), tips: phrases("do it together with a friend | set a date and keep it | reward yourself") },
  { wording: "{travel/go/get} to {o}", opposite: "{move away from/leave} {o}", objects: words("London Paris Rome Tokyo Cairo Lima Delhi Oslo"), tips: phrases("take the night train | book in spring | ask a travel agent") },
  { wording: "{remove/get rid of} {o}", opposite: "{attract/keep} {o}", objects: phrases("ants | mice | a bad smell | rust | moths | snails"), tips: phrases("keep the kitchen dry | try lemon juice | close every gap") },
  { wording: "{install/set up} {o}", opposite: "{remove/take off} {o}", objects: phrases("a program | a printer | a new screen | a game | a camera"), tips: phrases("read the manual first | start the machine again | ask the maker for help") },
];

const conditions: readonly string[] = [
  "{quickly/fast/in a short time/without delay}",
  "{cheaply/without much money/on a small budget/at low cost}",
  "{at home/in my own house/without going out}",
  "{alone/on my own/without help}",
  "{safely/without danger/without any risk}",
  "{as a beginner/without experience/for the first time}",
  "{in winter/during the cold months}",
  "{with children/together with small children}",
];

const asks: readonly string[] = [
  "{how/in what way} {can/could/do} I {g} | what is the {best/right/easiest} way to {g} | how do people {g} | what should I do to {g} | what do I need to know to {g} | how would you {g} | is there a good way to {g} | {which/what} steps do I take to {g}",
  "why should {I/people/anybody} {g} | what are the {reasons/grounds} to {g} | what is the {point/reason} if people {g} | is there a good reason to {g} | for what reason do people {g}",
  "how long does it take to {g} | how {much time/many weeks} {do I need/does one need} to {g} | what time does it take to {g} | in how many weeks can I {g}",
  "how much does it cost to {g} | how much money {do I need/does one need} to {g} | what {does/would} it cost to {g} | what is the price if I {g}",
  "where can I {g} | {which/what} is the best place to {g} | where do people {g} | in {which/what} place should I {g} | do you know a place to {g}",
  "when should I {g} | {which/what} is the best time to {g} | at {which/what} time of the year do people {g} | is there a good moment to {g}",
  "who can help me to {g} | {which/what} person do I ask to {g} | whom should I ask before I {g} | is there anybody who helps people to {g}",
];

const answers: readonly (readonly string[])[] = [
  [],
  phrases("it makes life easier | everybody in my family did so | you will feel better | it is good for your health"),
  phrases("about {three/four/six} weeks | it took me {two/five} months | a year at least | not more than ten days"),
  phrases("about {thirty/forty/sixty} dollars | less than you think | it was {twenty/eighty} pounds in my case | it is free if you ask"),
  phrases("in a small shop near the station | at the market | in the library of your town | on the second floor of the town hall"),
  phrases("in the spring | before the summer starts | on a quiet Sunday | early in the morning"),
  phrases("an old neighbour of mine | the people at the library | any good teacher | the man at the market"),
];

/** What somebody wants to know; all numbers are places in the tables above. */
export interface AdviceMeaning {
  action: number;
  opposite: boolean;
  object: number;
  condition: number | undefined;
  ask: number;
}

const phrasing = createPhrasing({});
const actionTables = actions.map(({ wording, opposite }) => ({
  plain: phrasing.table([wording], ["o"]),
  opposite: opposite === undefined ? undefined : phrasing.table([opposite], ["o"]),
}));
const conditionTables = conditions.map((text) => phrasing.table([text]));
const askTables = asks.map((text) => phrasing.table(phrases(text), ["g"]));
const answerTables: (PhraseTable | undefined)[] = answers.map((texts) => (texts.length === 0 ? undefined : phrasing.table(texts)));
const tipTables = actions.map(({ tips }) => phrasing.table(tips));

export function drawAdvice(random: Random): AdviceMeaning {
  const action = random.below(actions.length);
  return {
    action,
    opposite: actions[action].opposite !== undefined && random.chance(0.3),
    object: random.below(actions[action].objects.length),
    condition: random.chance(0.6) ? random.below(conditions.length) : undefined,
    // "How" is asked most.
    ask: random.chance(0.4) ? 0 : random.below(asks.length),
  };
}

export const adviceChanges = ["other object", "other condition", "other question", "opposite"] as const;
export type AdviceChange = (typeof adviceChanges)[number];

function other(random: Random, count: number, not: number | undefined): number {
  for (;;) {
    const place = random.below(count);
    if (place !== not) return place;
  }
}

/** A meaning that differs in one thing; the change is one that the meaning allows. */
export function changeAdvice(random: Random, meaning: AdviceMeaning): { changed: AdviceMeaning; change: AdviceChange } {
  for (;;) {
    const change = adviceChanges[random.below(adviceChanges.length)];
    switch (change) {
      case "other object":
        return { change, changed: { ...meaning, object: other(random, actions[meaning.action].objects.length, meaning.object) } };
      case "other condition":
        if (meaning.condition === undefined) continue;
        return { change, changed: { ...meaning, condition: other(random, conditions.length, meaning.condition) } };
      case "other question":
        return { change, changed: { ...meaning, ask: other(random, asks.length, meaning.ask) } };
      case "opposite":
        if (actions[meaning.action].opposite === undefined) continue;
        return { change, changed: { ...meaning, opposite: !meaning.opposite } };
    }
  }
}

/** What is to be done: "travel to Rome". */
export function wordAdviceGoal(random: Random, { action, opposite, object }: AdviceMeaning): string {
  const tables = actionTables[action];
  return phrasing.say(random, opposite ? tables.opposite! : tables.plain, { o: actions[action].objects[object] });
}

/** Under which condition, if there is one: "without much money". */
export const wordAdviceCondition = (random: Random, { condition }: AdviceMeaning): string | undefined =>
  condition === undefined ? undefined : phrasing.say(random, conditionTables[condition]);

export function wordAdvice(random: Random, meaning: AdviceMeaning): string {
  const goal = wordAdviceGoal(random, meaning);
  const condition = wordAdviceCondition(random, meaning);
  return finishQuestion(phrasing.say(random, askTables[meaning.ask], { g: condition === undefined ? goal : `${goal} ${condition}` }));
}

/** An answer in a forum, without capital and end. */
export function wordTip(random: Random, meaning: AdviceMeaning): string {
  const table = answerTables[meaning.ask];
  if (table !== undefined) return phrasing.say(random, table);
  return meaning.opposite ? "think twice, and then ask an expert" : phrasing.say(random, tipTables[meaning.action]);
}
