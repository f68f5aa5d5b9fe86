/** What happens in films: told without an opinion, in the present tense. */
import type { Document } from "../document";
import { compileFrames, finishSentence } from "../frame";
import { draw, type Random } from "../random";
import { scaleOrFright, sideFillers } from "./side-matters";
import { fillFrame, slotTables, type Saying } from "./slots";
import { plotFillers, plotFrames, plotTopics } from "./words/plot-fillers";
import { reviewFillers } from "./words/review-fillers";

const plots = compileFrames(plotFrames);
const topics = compileFrames(plotTopics);
const showings = compileFrames([...scaleOrFright.clauses.positive, ...scaleOrFright.clauses.negative]);
const slots = slotTables(reviewFillers, sideFillers, plotFillers);

/** A comma that a name's apposition leaves before another mark or an end goes. */
function tidied(text: string): string {
  return text.replace(/,(?= ?[,;:.]|$)/g, "").replace(/, (and|or|but) (a|the|her|his) /g, " $1 $2 ").trim();
}

/** One event of a plot, without capital and full stop. */
export function wordPlot(random: Random): string {
  return tidied(fillFrame({ random, slots, used: new Set() }, draw(random, plots)));
}

/** "about a lonely spy from Oslo", as a viewer recalls a plot. */
export function wordPlotTopic(random: Random): string {
  return tidied(fillFrame({ random, slots, used: new Set() }, draw(random, topics)));
}

/** A synopsis: events, some of them grand or frightening. */
export function drawSynopsis(random: Random): Document {
  return Array.from({ length: 2 + random.below(2) }, () => {
    const saying: Saying = { random, slots, used: new Set() };
    return finishSentence(random.chance(0.25) ? fillFrame(saying, draw(random, showings)) : wordPlot(random));
  });
}
