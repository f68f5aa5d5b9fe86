import type { Domain } from "../domain";
import { phrases, words } from "../lists";

export const concert: Domain = {
  name: "concert",
  items: words("concert show recital festival gig album opera"),
  aspects: phrases(`music | singing | band | sound | orchestra | singer | drummer | rhythm | encore | melody | lighting | choir | finale | voice`),
  plurals: words("songs musicians drums lyrics guitars dancers violins solos"),
  adjectives: {
    positive: words(`lively energetic thrilling soulful joyful powerful rousing passionate melodic uplifting electrifying vibrant
      tuneful spirited catchy polished crisp lush majestic hypnotic`),
    negative: words(`flat loud shrill tuneless sloppy lifeless harsh muffled deafening dull ragged monotonous
      tired mechanical discordant thin uneven listless limp screechy`),
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
