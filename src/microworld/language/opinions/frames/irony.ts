/** The opposite said, and taken back by what one did. */
import type { Frame } from "../../frame";

export const ironyFrames: readonly Frame[] = [
  ["oh yes, how {adj!}: {implicit}", 2],
  ["so {adj!} that {implicit}", 2],
  "the {aspect} {was} so {adj!} that {implicit}",
  "{adj!}, they said; {implicit}",
  "{adj!} indeed: {implicit}",
];
