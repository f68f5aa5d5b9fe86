/** What can be reviewed: each domain has its own things, aspects and ways of praising and blaming. */
import type { OpinionWords } from "../lexicon";

const words = (text: string): string[] => text.trim().split(/\s+/);
const phrases = (text: string): string[] => text.trim().split(/\s*[|\n]\s*/);

export interface Domain {
  name: string;
  /** What the thing is called. */
  items: readonly string[];
  /** What one can have an opinion of; `plurals` take "were". */
  aspects: readonly string[];
  plurals: readonly string[];
  /** Adjectives of this domain, common to rare. */
  adjectives: OpinionWords;
  /** Nouns of judgement of this domain. */
  nouns: OpinionWords;
  /** "badly {made}" */
  participles: readonly string[];
  /** Judgements without a word of judgement. */
  implicit: OpinionWords;
  /** Facts without an opinion. */
  facts: readonly string[];
}

const film: Domain = {
  name: "film",
  items: words("film movie thriller comedy drama sequel western documentary cartoon remake"),
  aspects: phrases(`plot | acting | ending | story | script | dialogue | soundtrack | pacing | opening | cast | humour
    premise | finale | editing | camera work | second half | lead actor | screenplay | direction | love story`),
  plurals: words("characters jokes actors performances effects scenes costumes stunts"),
  adjectives: {
    positive: words(`gripping moving funny touching clever witty suspenseful charming thrilling haunting engaging stylish
      inventive absorbing heartfelt compelling poignant riveting tender subtle imaginative daring captivating vivid
      playful original sincere poetic nuanced intelligent hypnotic graceful dazzling lyrical stirring spirited
      exhilarating bittersweet humane layered luminous intimate observant assured mesmerizing rousing disarming
      exuberant delicate radiant`),
    negative: words(`dull predictable slow boring silly wooden tedious confusing clumsy shallow overlong bland lifeless
      contrived sentimental pretentious hollow flat forced stale dreary pointless muddled sluggish derivative
      formulaic lazy cheesy preachy incoherent forgettable unconvincing plodding tiresome joyless ponderous
      aimless unfunny smug listless mawkish trite murky soulless inert stilted lumbering monotonous witless grating`),
  },
  nouns: {
    positive: words("gem masterpiece classic marvel hit jewel"),
    negative: words("bore dud slog mishmash snooze ordeal"),
  },
  participles: words("acted directed written shot edited paced plotted cast"),
  implicit: {
    positive: phrases(`I watched it {n} times {period} | I stayed until the last {scene} | it kept me on the edge of my seat
      nobody in the {room} looked at a phone | the whole {room} stood up and clapped | I laughed until I cried
      my {relative} asked to see it again | I was still thinking about it {afterwards} | the two hours flew by
      I bought a second ticket {afterwards} | it held me from the first scene to the last | I could not look away
      we did not want it to end | it stayed with me for {span} | I forgot to check the time | we talked about it all {evening}
      even my {relative} wiped away a tear | I was humming the tune {afterwards} | the {room} was silent with wonder
      my {relative} has seen it {n} times | I did not blink for {n} minutes | I would have watched another hour`),
    negative: phrases(`I left after {n} minutes | I fell asleep {halfway} | I checked my watch {n} times | we walked out {halfway}
      half of the {room} left before the end | my {relative} asked to go home | I looked at my phone {n} times
      the two hours felt like {n} | I could not wait for it to end | {name} slept through the {act} | somebody near me was snoring
      nobody in the {room} laughed | I lost interest after the first {scene} | I have already forgotten the {act}
      even the {staff} looked tired | I counted the lamps on the ceiling | my {relative} yawned {n} times
      I did not care who lived or died | we guessed the {act} after {n} minutes | the {room} was empty {afterwards}
      I spent {n} minutes looking for my coat | you can hear the writers yawn`),
  },
  facts: phrases(`I saw it with my {relative} {when} | it is about a {job} who moves to {city} | it was shot in {city}
    the story begins in {month} | it runs for {large} minutes | we saw it at a small cinema in {city} | {name} plays a {job}
    it follows {n} friends and a {job} | the director comes from {city} | it opened {when}`),
};

const book: Domain = {
  name: "book",
  items: words("book novel biography memoir guide textbook diary collection paperback"),
  aspects: phrases(`story | style | first chapter | ending | prose | argument | language | plot | translation | introduction
    narrator | theme | last chapter | cover`),
  plurals: words("characters chapters pictures descriptions ideas poems footnotes"),
  adjectives: {
    positive: words(`thoughtful absorbing wise elegant readable moving rich insightful witty lucid inspiring honest vivid
      profound lively learned brisk imaginative concise evocative scholarly humorous perceptive poetic illuminating`),
    negative: words(`dry tedious boring wordy dense rambling repetitive confusing shallow pompous longwinded simplistic
      unreadable preachy careless obscure trite sloppy pedantic thin drab muddled overwritten bloated patronising`),
  },
  nouns: {
    positive: words("masterpiece treasure classic inspiration"),
    negative: words("chore slog bore jumble"),
  },
  participles: words("written researched translated plotted edited printed"),
  implicit: {
    positive: phrases(`I read it in one {sitting} | I could not put it down | I have given copies to my {people}
      I stayed up all night with it | it has a place on my favourite shelf | I missed my stop because of it
      I read it {n} times {period} | my {relative} stole my copy | I underlined every second {page}`),
    negative: phrases(`I gave up after {n} pages | I could not finish it | my copy went straight to the {bin}
      it put me to sleep every night | I skipped {n} chapters | it is still lying under my bed
      I had to read every {page} twice | I used it to prop up a table | my {relative} threw it away`),
  },
  facts: phrases(`it has {large} pages | I bought it in {city} {when} | it is about a {job} from {city} | my {relative} lent it to me {when}
    it was first printed in {city} | {name} wrote it in {month} | the author is a {job}`),
};

const restaurant: Domain = {
  name: "restaurant",
  items: words("restaurant cafe bistro pizzeria bakery diner pub canteen"),
  aspects: phrases(`food | soup | service | pasta | dessert | bread | coffee | fish | salad | menu | wine | rice | chicken | waiter
    breakfast | steak | sauce | lunch | table`),
  plurals: words("noodles vegetables portions drinks waiters desserts dumplings pancakes"),
  adjectives: {
    positive: words(`delicious fresh tasty friendly cosy generous crisp juicy attentive spicy creamy fragrant hearty
      authentic welcoming savoury flavourful warm delicate prompt mouthwatering buttery refined aromatic homely`),
    negative: words(`cold greasy bland soggy rude salty overpriced burnt stale dirty slow overcooked tasteless chewy
      rubbery lukewarm watery undercooked oily bitter sour careless noisy mushy inedible`),
  },
  nouns: {
    positive: words("feast find paradise"),
    negative: words("ripoff dump trap"),
  },
  participles: words("cooked served prepared seasoned presented baked"),
  implicit: {
    positive: phrases(`we ordered a second {dish} | I licked the plate | we came back the next {evening} | I asked for the recipe
      there was a queue around the corner | my {relative} cleaned every plate | we left a big tip
      {name} eats there every {weekday} | I dream about the {dish}`),
    negative: phrases(`we waited {large} minutes for the {dish} | I found a hair in my {dish} | we were ill for {n} days
      the bill was twice what we expected | I left half of it on the plate | nobody took our order
      we ended up at another place | {name} sent the {dish} back | the {dish} never arrived`),
  },
  facts: phrases(`we went there {when} | it is near the {building} in {city} | we had a table for {n} | I ordered the {dish}
    it opens at {n} | the owner comes from {city} | we were there with my {relative}`),
};

const gadget: Domain = {
  name: "gadget",
  items: words("phone laptop camera printer radio tablet watch speaker keyboard vacuum"),
  aspects: phrases(`battery | screen | sound | design | software | charger | handle | price | picture | case | menu | motor | lens | manual`),
  plurals: words("buttons keys speakers headphones controls hinges cables settings"),
  adjectives: {
    positive: words(`fast reliable sturdy handy light sleek responsive accurate sharp intuitive durable powerful practical
      smooth robust efficient portable affordable compact precise solid silent seamless versatile ergonomic`),
    negative: words(`slow fragile unreliable heavy flimsy bulky noisy faulty clunky blurry useless buggy dim inaccurate
      defective awkward laggy loose outdated wobbly scratchy brittle crooked leaky cumbersome`),
  },
  nouns: {
    positive: words("workhorse lifesaver miracle"),
    negative: words("lemon brick toy"),
  },
  participles: words("built designed made finished assembled packaged"),
  implicit: {
    positive: phrases(`it still works after {n} years | I bought {n} more | I use it every day | it survived a fall down the stairs
      I threw my old one away | it was ready in {n} minutes | my {relative} ordered one too | it runs all day without a charge
      {name} keeps borrowing mine`),
    negative: phrases(`it broke after {n} days | I sent it back {later} | it stopped working after {n} weeks | I went back to my old one
      it died in the middle of a call | the repair cost more than the {thing} | I had to restart it {n} times
      it lies in a drawer now | the support line hung up on me`),
  },
  facts: phrases(`I bought it {when} | it came in a {colour} box | it weighs {large} grams | I ordered it from {city}
    my {relative} has the same one | it has {n} buttons | I needed it for work`),
};

const hotel: Domain = {
  name: "hotel",
  items: words("hotel hostel inn resort motel cottage apartment cabin"),
  aspects: phrases(`room | bed | breakfast | view | bathroom | pool | lobby | location | garden | shower | balcony | reception | staff | beach`),
  plurals: words("rooms beds towels windows neighbours curtains stairs pillows"),
  adjectives: {
    positive: words(`clean comfortable quiet spacious friendly peaceful bright cosy modern helpful spotless charming tidy
      relaxing luxurious airy elegant welcoming sunny restful stylish safe polite scenic idyllic`),
    negative: words(`dirty noisy cramped dark smelly shabby rude damp dusty cold uncomfortable gloomy stuffy mouldy filthy
      rundown stained unfriendly unhelpful grim draughty musty unsafe ugly squalid`),
  },
  nouns: {
    positive: words("haven oasis retreat"),
    negative: words("dump prison hole"),
  },
  participles: words("kept furnished run decorated located heated"),
  implicit: {
    positive: phrases(`I slept like a baby | we booked again for {month} | we stayed {n} extra nights | the children cried when we left
      they upgraded us for free | I woke up to the sound of birds | they remembered our names
      {name} has stayed there {n} times | we never wanted to come home`),
    negative: phrases(`I did not sleep at all | we moved out after one night | there were insects in the {bathroom}
      the lift was broken for {n} days | they lost our booking | I heard every word from the next room
      {name} slept in the car | the water was off until {weekday} | we found {n} mice in the {bathroom}`),
  },
  facts: phrases(`we stayed for {n} nights | it is near the {building} in {city} | we arrived {when} | our room was on the {ordinal} floor
    it has {large} rooms | I was there with my {relative} | breakfast starts at {n}`),
};

const concert: Domain = {
  name: "concert",
  items: words("concert show recital festival gig album opera"),
  aspects: phrases(`music | singing | band | sound | orchestra | singer | drummer | rhythm | encore | melody | lighting | choir | finale | voice`),
  plurals: words("songs musicians drums lyrics guitars dancers violins solos"),
  adjectives: {
    positive: words(`lively energetic thrilling soulful joyful powerful rousing passionate melodic uplifting electrifying vibrant
      tuneful spirited catchy polished crisp lush majestic hypnotic dazzling graceful harmonious festive radiant`),
    negative: words(`flat loud shrill tuneless sloppy lifeless harsh muffled deafening dull ragged monotonous tired mechanical
      discordant thin uneven listless limp screechy grating chaotic cold dreary bombastic`),
  },
  nouns: {
    positive: words("celebration sensation marvel"),
    negative: words("racket shambles ordeal"),
  },
  participles: words("played sung performed staged rehearsed recorded"),
  implicit: {
    positive: phrases(`we danced until midnight | everybody sang along | the crowd asked for {n} encores | I bought the album {afterwards}
      we were hoarse from cheering | my {relative} danced on a chair | I had goose bumps {afterwards}
      {name} threw flowers on the stage | strangers hugged each other`),
    negative: phrases(`my ears hurt for {n} days | we left before the encore | the crowd threw bottles | half of the seats were empty
      the singer forgot the words {n} times | I put cotton in my ears | people were talking through every song
      {name} asked for earplugs | they stopped after {n} songs`),
  },
  facts: phrases(`it was at the {building} in {city} | it began at {n} | we went there {when} | they played {large} songs
    I was there with my {relative} | the band comes from {city} | we sat in row {n}`),
};

/** The domain the task's sentences come from. */
export const taskDomain: Domain = film;
export const otherDomains: readonly Domain[] = [book, restaurant, gadget, hotel, concert];
export const allDomains: readonly Domain[] = [taskDomain, ...otherDomains];

/** Slot fillers that only reviews and facts use. */
export const domainFillers: Readonly<Record<string, readonly string[]>> = {
  scene: words("minute scene shot song credit"),
  room: words("room audience cinema theatre row hall"),
  afterwards: phrases("afterwards | a week later | the next morning | on the way home | by {weekday} | at the end"),
  evening: words("evening night morning weekend"),
  halfway: phrases("halfway through | before the end | during the {act} | after an hour | in the first half"),
  act: words("middle ending opening plot title finale beginning story"),
  staff: words("usher actors extras cat cashier dog"),
  sitting: words("sitting night day weekend journey"),
  page: words("page line paragraph sentence word"),
  bin: words("bin attic cellar fireplace"),
  dish: words("soup pasta fish cake salad rice chicken steak pizza bread curry omelette"),
  thing: words("thing phone screen laptop printer camera"),
  bathroom: words("bathroom kitchen bed cupboard hall"),
  building: words("station church museum harbour bridge market park castle library school airport river"),
  job: words(`teacher doctor farmer nurse sailor painter lawyer baker pilot soldier gardener detective singer widow king
    spy student judge thief clerk`),
  colour: words("red blue green yellow black white grey brown orange purple"),
  ordinal: words("first second third fourth fifth sixth"),
};
