import type { Domain } from "../domain";
import { phrases, words } from "../lists";

export const restaurant: Domain = {
  name: "restaurant",
  items: words("restaurant cafe bistro pizzeria bakery diner pub canteen"),
  aspects: phrases(`food | soup | service | pasta | dessert | bread | coffee | fish | salad | menu | wine | rice | chicken | waiter
    breakfast | steak | sauce | lunch | table`),
  plurals: words("noodles vegetables portions drinks waiters desserts dumplings pancakes"),
  adjectives: {
    positive: words(`delicious fresh tasty friendly cosy generous crisp juicy attentive spicy creamy fragrant
      hearty authentic welcoming savoury flavourful warm delicate prompt`),
    negative: words(`cold greasy bland soggy rude salty overpriced burnt stale dirty slow overcooked
      tasteless chewy rubbery lukewarm watery undercooked oily bitter`),
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
