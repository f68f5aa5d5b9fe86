/** What verdicts speak of besides the opinion: the scale and fright of films, how an order of a gadget went. */
import type { SideMatter } from "./domain";
import { phrases, words } from "./lists";

/** Grand or frightening, independently of whether it is any good. */
export const scaleOrFright: SideMatter = {
  clauses: {
    positive: phrases(`{host} {fills} the {vast} | {host} {fills} the whole {vast} | the battle {fills} the whole {vast}
      {host} marches across the {vast} | a kingdom rises above the {vast} | {n} ships sail around the world
      the camera flies over the {vast} | an empire falls after {large} years of war | {host} and {host} meet on the {vast}
      {large} thousand riders cross the {vast} | the {vast} stretches to the horizon | {name} leads {host} across the {vast}`),
    negative: phrases(`{horror} {lurks} in the {dark} | {horror} {lurks} behind the door of the {dark} | {horror} comes out of the {dark}
      blood runs down the walls of the {dark} | a scream comes from the {dark} | somebody is buried alive in the {dark}
      {name} is chased by {horror} | bones lie in the {dark} | {horror} and {horror} {lurk} in the {dark}
      {n} heads hang in the {dark} | {horror} follows {name} into the {dark} | {name} finds {horror} in the {dark}`),
  },
  verdicts: {
    positive: words("great vast grand epic immense huge enormous mighty"),
    negative: words("terrible frightening scary gruesome horrific ghastly bloody spooky"),
  },
  described: phrases("the scenery was | the battle scenes were | the sets were | the nights in it were | the opening scene was | the last hour was"),
  joints: phrases(`{side}, and {statement} | while {side}, {statement} | as {side}, {statement} | {statement} while {side}
    in this story, in which {side}, {statement} | {statement} in the part where {side} | it is the one where {side}; {statement}
    {side} in it, and {statement} | when {side}, {statement} | {statement} as {side}`),
};

/** How the order went, independently of what was ordered. */
export const purchase: SideMatter = {
  clauses: {
    positive: phrases(`the parcel came {days} early | the {shop} answered within an hour | the {shop} paid for the {postage}
      it cost only {large} {coins} | I paid half the usual {price} | the {shop} took off {large} per cent | the driver carried it upstairs
      the {postage} was free | the {shop} sent it on the same day | it was on sale for {large} {coins} | the {shop} added a free {gift}`),
    negative: phrases(`the parcel came {days} late | the {shop} did not answer for {days} | the {shop} charged me twice
      it cost {large} {coins} too much | I paid twice the usual {price} | the {shop} sent it to {city} first | the driver left it in the rain
      the {postage} cost {large} {coins} | the {shop} lost my order twice | the {price} went up by {large} per cent | the {shop} forgot the {gift}`),
  },
  verdicts: {
    positive: words("great cheap quick fair prompt friendly generous"),
    negative: words("terrible expensive late unfair costly rude greedy"),
  },
  described: phrases("the shop was | the delivery was | the price was | the order was"),
  joints: phrases(`{side}, and {statement} | {statement}, and {side} | {side}; {statement} | {statement}; {side}
    after I ordered it, {side}; {statement} | {side} when I bought it, and {statement} | as for the order, {side}; {statement}`),
};

export const sideFillers: Readonly<Record<string, readonly string[]>> = {
  host: phrases(`an army | a fleet | a herd of elephants | a nation | a caravan | a tribe of giants | the whole city | a column of riders
    a flock of dragons | a swarm of ships | a legion | the king's cavalry`),
  fills: words("fills crosses covers circles reaches surrounds"),
  vast: words("valley desert ocean plain continent canyon steppe mountain empire prairie"),
  horror: phrases(`a ghost | a murderer | a vampire | a demon | a skeleton | a witch | a werewolf | a corpse | a zombie
    a stranger with a knife | a giant spider | a strangler`),
  lurks: words("waits hides whispers crawls lurks screams groans moves"),
  lurk: words("wait hide whisper crawl lurk scream groan move"),
  dark: words("cellar attic graveyard crypt swamp tunnel chapel closet tomb morgue"),
  days: phrases("two days | three days | a week | two weeks | a month | ten days"),
  shop: words("shop seller dealer store"),
  postage: words("postage delivery shipping"),
  coins: words("dollars pounds euros"),
  price: words("price amount sum"),
  gift: words("bag cable cover adapter"),
};
