/** What happens in films: told without an opinion, in the present tense. */
import type { Document } from "../document";
import { compileFrames, expandFrame, finishSentence } from "../frame";
import { draw, type Random } from "../random";
import { scaleOrFright, sideFillers } from "./side-matters";
import { fillFrame, fillSlot, slotTables, type Saying } from "./slots";
import { plotFillers, plotFrames, plotTopics, productionFrames } from "./words/plot-fillers";
import { reviewFillers } from "./words/review-fillers";

const plots = compileFrames(plotFrames);
const productions = compileFrames(productionFrames);
const topics = compileFrames(plotTopics);
const showings = compileFrames([...scaleOrFright.clauses.positive, ...scaleOrFright.clauses.negative]);
const slots = slotTables(reviewFillers, sideFillers, plotFillers);

/** Without the comma that a name's apposition leaves before another mark or at the end. */
function tidied(text: string): string {
  return text.replace(/,(?= ?[,;:.]|$)/g, "").trim();
}

/** One event of a plot, without capital and full stop. */
export function wordPlot(random: Random): string {
  return tidied(fillFrame({ random, slots, used: new Set() }, draw(random, plots)));
}

/** A fact about how a film was made or what it shows, in the words that opinions of films use as well. */
export function wordProduction(random: Random): string {
  return tidied(fillFrame({ random, slots, used: new Set() }, draw(random, productions)));
}

/** "about a lonely spy from Oslo", as a viewer recalls a plot. */
export function wordPlotTopic(random: Random): string {
  return tidied(fillFrame({ random, slots, used: new Set() }, draw(random, topics)));
}

const recollections = compileFrames([
  ["in this {tale} {topic}, {text}", 2], ["it is a {tale} {topic}, and {text}", 2], "{text} in this {tale} {topic}", "{plot}, and {text}", "{plot}; {text}", "{text}: {plot}",
]);

/** An opinion of a film with something of its plot beside it. */
export function recalled(random: Random, text: string): string {
  const saying: Saying = { random, slots, used: new Set() };
  return tidied(expandFrame(draw(random, recollections), (slot) =>
    slot === "text" ? text : slot === "topic" ? wordPlotTopic(random) : slot === "plot" ? wordPlot(random) : fillSlot(saying, slot)));
}

/** A synopsis: events, some of them grand or frightening. */
export function drawSynopsis(random: Random): Document {
  return Array.from({ length: 2 + random.below(2) }, () => {
    const saying: Saying = { random, slots, used: new Set() };
    const ticket = random.below(100);
    if (ticket < 20) return finishSentence(fillFrame(saying, draw(random, showings)));
    return finishSentence(ticket < 40 ? wordProduction(random) : wordPlot(random));
  });
}
