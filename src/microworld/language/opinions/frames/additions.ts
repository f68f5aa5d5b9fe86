/** Small additions without an opinion, before and after. */
import { phrases } from "../lists";

export const openers: readonly string[] = [
  "in the end, ", "honestly, ", "for me, ", "to be fair, ", "once more, ", "this time, ", "as {name} said, ",
  "if you ask me, ", "in short, ", "for the record, ", "as far as I can tell, ", "to my surprise, ",
];

export const closers = phrases(`from start to finish | throughout | this time | as a whole | in every way | for a change | on the whole
  if you ask me | to my mind | from the first moment | in many ways | for its price | in my eyes`);
