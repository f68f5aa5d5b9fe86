/**
 * The words every part of the small world shares. Lists run from common to rare:
 * opinion words are drawn by Zipf's law.
 */

const words = (text: string): string[] => text.trim().split(/\s+/);
const phrases = (text: string): string[] => text.trim().split(/\s*[|\n]\s*/);

/** Opinion words for each polarity. */
export interface OpinionWords {
  positive: readonly string[];
  negative: readonly string[];
}

/** Adjectives that fit anything one can review; the first of each list is a label word. */
export const generalAdjectives: OpinionWords = {
  positive: words(`great good wonderful excellent fantastic nice amazing brilliant lovely superb perfect impressive
    fine enjoyable splendid terrific outstanding satisfying remarkable marvellous pleasing magnificent fabulous superior`),
  negative: words(`terrible bad awful horrible poor disappointing dreadful mediocre annoying unpleasant weak lousy
    frustrating pathetic appalling miserable unbearable inferior lame disastrous dismal atrocious worthless abysmal`),
};

/** Nouns that are themselves a judgement: "it is a triumph". */
export const judgementNouns: OpinionWords = {
  positive: words("delight joy treat triumph pleasure success bargain winner blessing revelation"),
  negative: words("disaster failure mess waste mistake disgrace letdown nuisance flop nightmare"),
};

/** How well something was done: "beautifully made". */
export const mannerAdverbs: OpinionWords = {
  positive: words("beautifully superbly skilfully brilliantly carefully cleverly elegantly expertly lovingly perfectly"),
  negative: words("badly poorly clumsily carelessly sloppily awkwardly lazily crudely hastily dreadfully"),
};

/** Verbs of liking and disliking, in the past tense. */
export const feelingVerbs: OpinionWords = {
  positive: words("loved enjoyed liked adored admired praised treasured applauded"),
  negative: words("hated disliked regretted detested loathed resented endured cursed"),
};

/** States somebody is left in. */
export const feelings: OpinionWords = {
  positive: words("happy delighted pleased cheerful grateful satisfied thrilled impressed smiling glad"),
  negative: words("bored annoyed angry disappointed sad irritated unhappy frustrated upset sorry"),
};

/** Advice and after-effects that fit anything; slots are filled by the wording. */
export const generalImplicit: OpinionWords = {
  positive: phrases(`I would recommend it to {anyone} | it was worth every {coin} | I would gladly pay {more} for it
    I have already told my {people} about it | tell all your {people} about it | we will be back {later}
    {name} wants to go there again | I would do it again {tomorrow} | my {relative} will not stop talking about it
    you will thank me for this {tip} | it made my {day} | {name} gave it {high} stars out of five | nobody asked for a refund
    I cannot wait for the next one | it put a smile on my face | do not miss it | we were sorry to leave
    it was better than anything else in {city} | I could not find a single fault | go there while you can`),
  negative: phrases(`I would not recommend it to {anyone} | it was not worth a single {coin} | I want my money back
    do not waste your {money} on it | stay away from it | we will never go back | {name} refused to pay for it
    I regret every {coin} I spent | my {relative} is still complaining about it | I have warned my {people} about it
    it ruined my {day} | {name} gave it {low} stars out of five | I asked for a refund {later} | save your {money}
    never again | it was worse than anything else in {city} | I wish I had stayed at home | we left as soon as we could
    even my {relative} complained | somebody should apologise for it`),
};

export const intensifiers = phrases(
  "very | really | so | truly | quite | extremely | rather | deeply | incredibly | utterly | surprisingly | remarkably | genuinely | absolutely | thoroughly | strangely",
);
export const diminishers = phrases("a bit | a little | slightly | somewhat | fairly | partly | occasionally | at times");

export const people = words(`Anna Ben Clara David Emma Felix Grace Henry Ida Jack Kate Leo Maria Nina Oscar Paula
  Quentin Rosa Simon Tara Ulrich Vera Walter Yusuf Zoe Amir Bella Carlos Dora Erik Fatima Gloria Hugo Irene Jonas`);
export const relatives = words(`sister brother mother father wife husband daughter son aunt uncle cousin grandmother
  grandfather neighbour colleague boss teacher niece nephew flatmate`);
export const cities = words(`London Paris Berlin Madrid Rome Oslo Vienna Lisbon Dublin Prague Athens Boston Chicago
  Toronto Sydney Tokyo Delhi Cairo Lima Nairobi`);
export const weekdays = words("Monday Tuesday Wednesday Thursday Friday Saturday Sunday");
export const months = words(
  "January February March April June July August September October November December",
);
export const smallNumbers = words("two three four five six seven eight nine ten twelve");
export const largeNumbers = words("twenty thirty forty fifty sixty eighty ninety");

/** Fillers of slots that carry no opinion. */
export const fillers: Readonly<Record<string, readonly string[]>> = {
  anyone: phrases("anyone | everybody | a friend | my friends | families | students | beginners | experts | my worst enemy"),
  coin: words("penny cent dollar minute second"),
  money: words("money time energy evening savings"),
  more: phrases("more | double | twice as much | extra"),
  people: words("friends colleagues neighbours cousins students relatives classmates"),
  later: phrases("tomorrow | next week | next month | next year | the same day | a week later | in the spring | this summer"),
  tomorrow: phrases("tomorrow | tonight | any time | next week | without thinking"),
  tip: words("tip advice hint"),
  day: words("day week evening month weekend"),
  high: words("four five"),
  low: words("one two"),
  period: phrases("in one week | last month | last year | in a row | this winter | that week | in {month}"),
  span: phrases("days | weeks | months | a week | a long time"),
  when: phrases("on {weekday} | last {weekday} | in {month} | last week | yesterday | a year ago | two days ago"),
};
