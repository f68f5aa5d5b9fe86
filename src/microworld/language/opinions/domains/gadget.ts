import type { Domain } from "../domain";
import { phrases, words } from "../lists";
import { purchase } from "../side-matters";

export const gadget: Domain = {
  name: "gadget",
  items: words("phone laptop camera printer radio tablet watch speaker keyboard vacuum"),
  aspects: phrases(`battery | screen | sound | design | software | charger | handle | memory | picture | case | menu | motor | lens | manual`),
  plurals: words("buttons keys speakers headphones controls hinges cables settings"),
  adjectives: {
    positive: words(`fast reliable sturdy handy light sleek responsive accurate sharp intuitive durable powerful
      practical smooth robust efficient portable affordable compact precise solid silent seamless versatile ergonomic`),
    negative: words(`slow fragile unreliable heavy flimsy bulky noisy faulty clunky blurry useless buggy
      dim inaccurate defective awkward laggy loose outdated wobbly scratchy brittle crooked leaky cumbersome`),
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
  comparisons: {
    positive: phrases(`the battery {lasts} {much} longer than {rival} | it is {times} as {quick} as {rival} | it is half as {heavy} as {rival}
      the {part} is {much} {better} than {rival} | it weighs {much} less than {rival} | it starts {large} seconds sooner than {rival}
      it makes {much} less noise than {rival} | it needs {n} hours less to charge than {rival} | {rival} was {much} {worse} | {rival} was {times} as {heavy}
      nobody at work has a {better} one | it takes {n} times as many pictures as {rival}`),
    negative: phrases(`the battery {lasts} only half as long as {rival} | it is {times} as {heavy} as {rival} | it is half as {quick} as {rival}
      the {part} is {much} {worse} than {rival} | it weighs {much} more than {rival} | it starts {large} seconds later than {rival}
      it makes {much} more noise than {rival} | it needs {n} hours more to charge than {rival} | {rival} was {much} {better} | {rival} was {times} as {quick}
      everybody at work has a {better} one | it stops {n} times as often as {rival} | it is {times} as {heavy} as it should be`),
  },
  facts: phrases(`I bought it {when} | it came in a {colour} box | it weighs {large} grams | I ordered it from {city}
    my {relative} has the same one | it has {n} buttons | I needed it for work`),
  side: purchase,
};
