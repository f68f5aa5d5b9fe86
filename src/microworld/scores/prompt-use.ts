/** What the pretrained model makes of a task's prompt before it has seen an example. */
import { vocabularyHead } from "../../model/head";
import type { Model } from "../../model/model";
import { predictLogits } from "../../model/predict";
import type { Sequence } from "../../model/batch";

/** Probability that a positive example scores above a negative one (Mann–Whitney), ties counted half. */
export function areaUnderCurve(scores: ArrayLike<number>, positive: readonly boolean[]): number {
  const order = positive.map((own, i) => ({ score: scores[i], own })).sort((a, b) => a.score - b.score);
  let [below, wins] = [0, 0];
  for (let start = 0; start < order.length; ) {
    let end = start;
    while (end < order.length && order[end].score === order[start].score) end++;
    const above = order.slice(start, end).filter(({ own }) => own).length;
    const others = end - start - above;
    wins += above * (below + others / 2);
    below += others;
    start = end;
  }
  return wins / (below * (order.length - below));
}

/** Mean probability of all label words together at the mask. */
export function labelWordMass(model: Model, sequences: readonly Sequence[], words: readonly number[]): number {
  let sum = 0;
  for (let start = 0; start < sequences.length; start += 64) {
    const part = sequences.slice(start, start + 64);
    const logits = predictLogits(model, vocabularyHead, part);
    const size = logits.length / part.length;
    part.forEach((_, i) => {
      const row = logits.subarray(i * size, (i + 1) * size);
      const top = row.reduce((a, b) => Math.max(a, b), -Infinity);
      const total = row.reduce((a, b) => a + Math.exp(b - top), 0);
      sum += words.reduce((a, word) => a + Math.exp(row[word] - top), 0) / total;
    });
  }
  return sum / sequences.length;
}
