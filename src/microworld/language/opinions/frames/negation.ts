/** Opinions worded by denying the opposite. */
import type { Frame } from "../../frame";

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
  ["it is not a {adj!} {item}", 2],
  ["the {item} is by no means {adj!}", 2],
  ["I did not find the {aspect} {adj!}", 3],
  ["there are no {adj!} {plural} in this {item}", 2],
  ["it was not the {noun!} that {name} had promised", 2],
  ["I cannot say that the {aspect} {was} {adj!}", 2],
];
