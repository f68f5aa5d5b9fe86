/** The text of every step: generated in blocks, packed, and dealt out to the shards. */
import type { PackedRow } from "../../model/batch";
import { corpusBlock } from "../language/corpus";
import { deriveSeed } from "../language/random";
import { createFastEncoder, type BytePairVocabulary } from "./byte-pair-training";
import { packBatches } from "./masked-batches";
import type { PretrainingSettings } from "./settings";

/** One batch for each shard of a step. */
export type StepBatches = PackedRow[][];

/**
 * Makes the function that gives a block's steps: neighbouring batches go to the shards of one step; the rest of a block
 * that does not fill all shards is left out.
 */
export function createStepBatches(settings: PretrainingSettings, vocabulary: BytePairVocabulary, heldOut: ReadonlySet<string>): (block: number) => StepBatches[] {
  const { batch, shards = 1, documentsPerBlock } = settings;
  if (!Number.isInteger(shards) || shards < 1) throw new Error(`pretraining: shards is ${shards}; it must be a whole number from 1`);
  const encode = createFastEncoder(vocabulary);
  return (block) => {
    const documents = corpusBlock(settings.language, settings.languageSeed, block, documentsPerBlock, heldOut);
    const packed = packBatches(documents.map((document) => encode(document.join(" "))), batch, deriveSeed(settings.seed, "block", block));
    const steps = Array.from({ length: Math.floor(packed.length / shards) }, (_, i) => packed.slice(i * shards, (i + 1) * shards));
    if (steps.length === 0) throw new Error(`pretraining: ${documentsPerBlock} documents do not fill ${shards} batches of ${batch.rows} rows; raise documentsPerBlock`);
    return steps;
  };
}
