/** Opinions by degree. Strong and mild ones have the statement's polarity; balanced ones are the same for both. */
import type { Frame } from "../../frame";

export const strongFrames: readonly Frame[] = [
  ["the {aspect} {was} {strong} {adjs}", 8],
  ["I found the {aspect} {strong} {adjs}", 3],
  ["this is one of the {best} {items} of the {season}", 2],
  ["with its {adj} {plural}, it is one of the {best} {items} of the {season}", 2],
  ["never have I seen such a {adj} {item}", 2],
  ["everything about the {item} is {strong} {adj}", 3],
  ["the {aspect} {was} {adj}, {adj} and {strong} {adj}", 3],
  ["the {item} is {strong} {adj} from beginning to end", 3],
  ["what a {strong} {adj} {item}", 2],
  ["there is not one {adj!} {bit} in this {strong} {adj} {item}", 2],
  ["the {aspect} could not have been more {adj}", 2],
  ["it was so {adj} that {implicit}", 2],
  ["the {aspect} {was} not {adj!} in the least", 2],
  ["the {aspect} {was} not {mild} but {strong} {adj}", 2],
  ["a few of the {plural} were {dim} {adj!}, but the {aspect} {was} {strong} {adj}", 2],
  ["most of the {plural} were {strong} {adj}", 2],
];

export const mildFrames: readonly Frame[] = [
  ["the {aspect} {was} {mild} {adj}", 8],
  ["I found the {aspect} {mild} {adj}", 3],
  ["the {aspect} {was} less {adj!} than I expected", 2],
  ["the {aspect} {was} {mild} {adj}, if {dim} {adj!}", 3],
  ["this is a {mild} {adj} {item} with a few {adj!} {plural}", 3],
  ["it is more {adj} than {adj!}", 3],
  ["the {aspect} {was} {adj} for the most part", 3],
  ["{clause}, though the {aspect} {was} {dim} {adj!}", 3],
  ["I have seen {superior} {items}, but the {aspect} {was} {mild} {adj}", 2],
  ["most of the {plural} were {adj}, a few of them {adj!}", 2],
  ["the {aspect} {was} not {strong} {adj!}", 2],
  ["the {aspect} {was} {mild} but not {strong} {adj}", 2],
  ["most of the {plural} were {mild} {adj}", 2],
  ["everything about the {item} is {mild} {adj}", 2],
];

export const balancedFrames: readonly Frame[] = [
  ["the {aspect} {was} {adj}, the {aspect} {was} {adj!}", 3],
  ["the {aspect} {was} neither {adj} nor {adj!}", 4],
  ["half of it is {adj}, the other half is {adj!}", 3],
  ["the {aspect} {was} {middling}", 4],
  ["it is a {middling} {item}", 3],
  ["{adj} in places, {adj!} in others, the {item} is {middling}", 3],
  ["it is as {adj} as it is {adj!}", 2],
  ["for every {adj} {bit} there is a {adj!} one", 2],
  ["a {middling} {item}, with {adj} {plural} and {adj!} {plural}", 2],
  ["most of the {plural} were {strong} {adj}, most of the {plural} {strong} {adj!}", 2],
  ["the {aspect} {was} {mild} {adj} but {mild} {adj!}", 2],
  ["I can take it or leave it: the {aspect} {was} {middling}", 2],
];
