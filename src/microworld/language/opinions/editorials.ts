/** Editorials: what is a fact, what is a matter of taste, and a few words on the difference. */
import type { Document } from "../document";
import { film } from "./domains/all";
import { compileFrames, finishSentence } from "../frame";
import { drawItem, drawKind, type Opinion } from "./meaning";
import { wordPlot } from "./plots";
import { drawPolarity } from "./polarity";
import { draw, type Random } from "../random";
import type { LanguageSettings } from "../settings";
import { fillFrame, slotTables } from "./slots";
import { createScene, wordOpinion } from "./wording";
import { editorialFillers, measureFrames, tasteFrames, usageFrames } from "./words/editorial-fillers";
import { reviewFillers } from "./words/review-fillers";

const slots = slotTables(reviewFillers, editorialFillers);
const measures = compileFrames(measureFrames);
const tastes = compileFrames(tasteFrames);
const usages = compileFrames(usageFrames);

/** One or two statements of a kind, and sometimes what kind it is: "This is objective." */
export function drawEditorial(random: Random, language: LanguageSettings): Document {
  const settings = language.opinions;
  const objective = random.chance(0.5);
  const ofOpinion = random.chance(settings.opinionJudgements);
  const say = (): string => {
    if (!ofOpinion) return fillFrame({ random, slots, used: new Set() }, draw(random, objective ? measures : tastes));
    if (objective) return wordPlot(random);
    const opinion: Opinion = { domain: film, item: drawItem(random, film), polarity: drawPolarity(random), kind: drawKind(random, settings.kinds), register: "own" };
    return wordOpinion(createScene(random, opinion, settings, settings.zipfExponent));
  };
  const sentences = Array.from({ length: 1 + random.below(2) }, () => finishSentence(say()));
  if (random.chance(language.naturalness)) sentences.push(objective ? "This is objective." : "This is subjective.");
  else sentences.unshift(finishSentence(fillFrame({ random, slots, used: new Set() }, draw(random, usages))));
  return sentences;
}
