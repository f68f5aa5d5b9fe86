/** What a kernel block's numbers depend on: hashed, it names the block's file; in words, it stands inside. */
import { createHash } from "node:crypto";
import type { Sequence } from "../model/batch";
import type { KernelSettings } from "./block";
import { projectionText } from "./projection";

/** Increase when the meaning or precision of stored numbers, or the way they are stored, changes: older blocks are then not used. */
export const BLOCK_FORMAT = 4;

/** What a block's numbers depend on. */
export interface BlockKey {
  settings: KernelSettings;
  /** Blocks on the diagonal hold both sides of one pass. */
  symmetry: string;
  train: readonly Sequence[];
  evaluate: readonly Sequence[];
}

/** A hash of everything that the block's numbers depend on, which names its file. */
export function blockName({ settings, symmetry, train, evaluate }: BlockKey): string {
  const { model, outputs, formulas, parameters, signs, breakdown, projection } = settings;
  const of = [
    model.hash,
    model.loraScale ?? null,
    outputs.head.description,
    outputs.combine,
    formulas,
    [...parameters].sort(),
    signs,
    breakdown,
    projection ? projectionText(projection) : null,
  ];
  return sha256(JSON.stringify([BLOCK_FORMAT, of, symmetry, flat(train), flat(evaluate)]));
}

/** The same for readers, as the metadata of the block's file. */
export function blockDescription({ settings, symmetry, train, evaluate }: BlockKey): Record<string, string> {
  const { model, outputs, formulas, parameters, signs, breakdown, projection } = settings;
  const all = parameters.size === model.parameters.size;
  return {
    model: model.hash,
    ...(model.loraScale === undefined ? {} : { loraScale: String(model.loraScale) }),
    outputs: outputs.head.description,
    combine: JSON.stringify(outputs.combine),
    formulas: formulas.join(","),
    parameters: all ? `all ${parameters.size}` : [...parameters].sort().join(","),
    signs,
    breakdown: String(breakdown),
    ...(projection ? { projection: projectionText(projection) } : {}),
    symmetry,
    trainExamples: String(train.length),
    evaluateExamples: String(evaluate.length),
    trainHash: sha256(JSON.stringify(flat(train))),
    evaluateHash: sha256(JSON.stringify(flat(evaluate))),
  };
}

const flat = (sequences: readonly Sequence[]): number[][] =>
  sequences.map(({ ids, maskPosition }) => [maskPosition, ...ids]);

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
