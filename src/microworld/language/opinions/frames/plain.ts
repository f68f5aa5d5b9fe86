/**
 * One opinion, stated plainly. In all frames of this folder a slot that ends in "!" takes the opposite polarity, and
 * every frame expresses the polarity of the statement it words: that is how negation and contrast come to be right.
 */
import type { Frame } from "../../frame";

export const plainFrames: readonly Frame[] = [
  ["the {aspect} {was} {int}{adjs}", 8],
  ["both the {aspect} and the {aspect} were {adjs}", 2],
  ["the {aspect} {seemed} {adjs}", 2],
  ["this is a {int}{adj} {item}", 2],
  ["it is a {adj} and {adj} {item}", 3],
  ["this {item} combines {adj} {plural} with {adj} {plural}", 3],
  ["I found the {aspect} {int}{adjs}", 3],
  ["we thought the {aspect} {was} {adjs}", 2],
  ["{name} called the {aspect} {adjs}", 2],
  ["the {item} is {adjs} {closer}", 3],
  "what a {adj} {item}",
  ["the {aspect} {was} just as {adj} as {name} had said", 2],
  ["it is one more {adj} {item} for the {season}", 2],
  ["with its {adj} {aspect} and {adj} {plural}, the {item} is a {noun}", 2],
  "the {single} was a {noun}",
  "the {item} is a {noun}",
  ["every {bit} of the {item} is {adjs}", 2],
  "expect {adj} {plural} and {adj} {plural}",
  "the {aspect} {was} {adjs}, like the rest of it",
  "I have rarely come across such {adj} {plural}",
];

/** Plain opinions in words that serve any domain: verbs, states, manner. */
export const plainGeneralFrames: readonly Frame[] = [
  ["I {felt} the {aspect}", 3],
  ["{name} {felt} every {bit} of it", 2],
  ["my {relative} {felt} the {aspect}", 2],
  ["it left me {feeling}", 2],
  ["we were {feeling} with the {aspect}", 2],
  "my {relative} came home {feeling}",
  ["the {item} is {adverb} {participle}", 3],
  "the {aspect} made everybody {feeling}",
];
