/**
 * The sentence frames of opinions, by the kind of statement. A slot in braces is filled by the
 * wording; a slot that ends in "!" takes the opposite polarity. Frames are typed by the polarity
 * they carry: every frame listed here expresses the polarity of the statement it words, which is
 * how negation and contrast come to be right by construction.
 */

/** A frame and how often it is used relative to the others of its kind. */
export type Frame = readonly [text: string, weight: number];

/** Adjective frames: one opinion, stated plainly. */
export const plainFrames: readonly Frame[] = [
  ["the {aspect} {was} {int}{adjs}", 8],
  ["both the {aspect} and the {aspect} were {adjs}", 2],
  ["the {aspect} {seemed} {adjs}", 2],
  ["this is {a} {int}{adj} {item}", 2],
  ["it is {a} {adj} and {adj} {item}", 3],
  ["this {item} combines {adj} {plural} with {adj} {plural}", 3],
  ["I found the {aspect} {int}{adjs}", 3],
  ["we thought the {aspect} {was} {adjs}", 2],
  ["{name} called the {aspect} {adjs}", 2],
  ["the {item} is {adjs} {closer}", 3],
  ["what {a} {adj} {item}", 1],
  ["the {aspect} {was} just as {adj} as {name} had said", 2],
  ["it is one more {adj} {item} for the {span1}", 2],
  ["with its {adj} {aspect} and {adj} {plural}, the {item} is {a} {noun}", 2],
  ["the {aspect} {was} {a} {noun}", 1],
  ["the {item} is {a} {noun}", 1],
  ["every {bit} of the {item} is {adjs}", 2],
  ["expect {adj} {plural} and {adj} {plural}", 1],
  ["the {aspect} {was} {adjs}, like the rest of it", 1],
  ["I have rarely come across such {adj} {plural}", 1],
];

/** Plain opinions in words that serve any domain: verbs, states, manner. */
export const plainGeneralFrames: readonly Frame[] = [
  ["I {felt} the {aspect}", 3],
  ["{name} {felt} every {bit} of it", 2],
  ["my {relative} {felt} the {aspect}", 2],
  ["it left me {feeling}", 2],
  ["we were {feeling} with the {aspect}", 2],
  ["my {relative} came home {feeling}", 1],
  ["the {item} is {adverb} {participle}", 3],
  ["the {aspect} made everybody {feeling}", 1],
];

/** Opinions worded by denying the opposite. */
export const negationFrames: readonly Frame[] = [
  ["the {aspect} {was} not {adj!}", 5],
  ["the {aspect} {was} not {adj!} at all", 3],
  ["the {aspect} {was} never {adj!}", 3],
  ["the {aspect} {was} hardly {adj!}", 2],
  ["the {aspect} {was} far from {adj!}", 3],
  ["the {aspect} {was} anything but {adj!}", 3],
  ["the {aspect} {was} neither {adj!} nor {adj!}", 3],
  ["I would not call the {aspect} {adj!}", 3],
  ["nobody could call the {item} {adj!}", 2],
  ["there was nothing {adj!} about the {aspect}", 3],
  ["it is not {a} {adj!} {item}", 2],
  ["the {item} is by no means {adj!}", 2],
  ["I did not find the {aspect} {adj!}", 3],
  ["there are no {adj!} {plural} in this {item}", 2],
  ["it was not the {noun!} that {name} had promised", 2],
  ["I cannot say that the {aspect} {was} {adj!}", 2],
];

/** Two opposed clauses; the statement's polarity is that of the one that counts. */
export const contrastFrames: readonly Frame[] = [
  ["{clause!}, but {clause}", 5],
  ["the {aspect} {was} {adj!} at first, but {clause}", 3],
  ["although {clause!}, {clause}", 3],
  ["{clause}, even though {clause!}", 2],
  ["despite the {adj!} {aspect}, {clause}", 3],
  ["the {aspect} {was} {dim} {adj!} but {adjs}", 3],
  ["I expected something {adj!}, but {clause}", 2],
  ["{name} called it {adj!}, but {clause}", 2],
  ["people say that {clause!}, but {clause}", 2],
  ["for all its {adj!} {plural}, {clause}", 2],
  ["{clause!}; still, {clause}", 2],
  ["the {aspect} {was} not {adj!} but {adjs}", 3],
  ["the {aspect} {was} {adj} rather than {adj!}", 3],
  ["instead of {adj!} {plural}, we got {adj} {plural}", 2],
  ["far from being {adj!}, the {aspect} {was} {adjs}", 3],
];

/** The prompt's pattern in natural use. "It was X." is the first and commonest. */
export const verdictFrames: readonly Frame[] = [
  ["it was {verdict}", 14],
  ["it was {int}{verdict}", 4],
  ["overall, it was {verdict}", 2],
  ["all in all, it was {verdict}", 2],
];

/** Small additions without an opinion, before and after. */
export const openers: readonly string[] = [
  "in the end, ", "honestly, ", "for me, ", "to be fair, ", "once more, ", "this time, ", "as {name} said, ",
  "if you ask me, ", "in short, ", "for the record, ", "as far as I can tell, ", "to my surprise, ",
];
export const closers: readonly string[] = [
  "from start to finish", "throughout", "this time", "as a whole", "in every way", "for a change", "on the whole",
  "if you ask me", "to my mind", "from the first moment", "in many ways", "for its price", "in my eyes",
];

export const frameFillers: Readonly<Record<string, readonly string[]>> = {
  closer: closers,
  bit: ["minute", "part", "detail", "inch", "corner", "moment", "piece"],
  span1: ["year", "season", "month", "summer", "decade", "winter"],
};
