/** Two opposed clauses; the statement's polarity is that of the one that counts. */
import type { Frame } from "../../frame";

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
