/** The sentiment prompt's pattern in natural use. "It was X." is the first and commonest. */
import type { Frame } from "../../frame";

export const verdictFrames: readonly Frame[] = [
  ["it was {verdict}", 18],
  ["it was {int}{verdict}", 3],
  ["overall, it was {verdict}", 1],
  ["all in all, it was {verdict}", 1],
];
