/**
 * The shapes in which a run's batches are computed. Prompts lie one behind the other in a few rows, so that hardly a
 * token is padding, and rows have one of a few lengths, so that a step can be one graph for each length.
 */
import { checkTextLength, collatePacked, type Batch, type PackedRow, type Sequence } from "../model/batch";
import type { ModelConfig } from "../model/model-config";

export interface BatchShape {
  rows: number;
  /** Tokens in a row. */
  length: number;
  /** Prompts in a row, at most. */
  reads: number;
}

/** A batch's prompts, by their places in the batch, in their rows. */
interface Packing {
  rows: number[][];
  shape: BatchShape;
}

/** Tokens that a row should have, about: attention costs grow with the square, and rows cannot be filled evenly when they are short. */
const ROW = 128;
const LENGTH_STEP = 16;

const upTo = (multiple: number, n: number): number => Math.ceil(n / multiple) * multiple;

/** Prompts in rows that are filled as evenly as the longest-first rule fills them. */
function pack(lengths: readonly number[], rowCount: number): Packing {
  const rows: number[][] = Array.from({ length: rowCount }, () => []);
  const filled = rows.map(() => 0);
  const order = [...lengths.keys()].sort((a, b) => lengths[b] - lengths[a] || a - b);
  for (const i of order) {
    const row = filled.indexOf(Math.min(...filled));
    rows[row].push(i);
    filled[row] += lengths[i];
  }
  return { rows, shape: { rows: rowCount, length: upTo(LENGTH_STEP, Math.max(...filled)), reads: Math.max(...rows.map((row) => row.length)) } };
}

export interface BatchPlan {
  /** The shape of a batch, and whether so many batches have it that a graph for it pays. */
  shapeOf(lengths: readonly number[]): { shape: BatchShape; common: boolean };
}

/**
 * Chooses the shapes for a run from the lengths of all its batches: nothing but the run decides, so that it has the same
 * ones when it is taken up again.
 * @param batches the lengths of the prompts of each batch
 * @param fewest a length that fewer batches have is rounded up to a longer one, and is not common if there is none
 */
export function planBatches(batches: readonly (readonly number[])[], fewest: number): BatchPlan {
  const total = (lengths: readonly number[]): number => lengths.reduce((sum, n) => sum + n, 0);
  const mean = batches.reduce((sum, lengths) => sum + total(lengths), 0) / batches.length;
  const rows = Math.max(1, Math.round(mean / ROW));
  const packings = batches.map((lengths) => pack(lengths, rows));
  const reads = Math.max(...packings.map(({ shape }) => shape.reads));
  const counts = new Map<number, number>();
  for (const { shape } of packings) counts.set(shape.length, (counts.get(shape.length) ?? 0) + 1);
  const common: number[] = [];
  let waiting = 0;
  for (const length of [...counts.keys()].sort((a, b) => a - b)) {
    waiting += counts.get(length)!;
    if (waiting < fewest) continue;
    common.push(length);
    waiting = 0;
  }
  return {
    shapeOf(lengths) {
      const { length } = pack(lengths, rows).shape;
      const rounded = common.find((each) => each >= length);
      return { shape: { rows, length: rounded ?? length, reads }, common: rounded !== undefined };
    },
  };
}

/**
 * The prompts in a batch of that shape.
 * @returns the batch, and the place in it, of rows · reads, of each prompt
 */
export function packedBatch(sequences: readonly Sequence[], config: ModelConfig, { rows: rowCount, length, reads }: BatchShape): { batch: Batch; places: number[] } {
  sequences.forEach(({ ids }) => checkTextLength(ids.length, config));
  const { rows } = pack(sequences.map(({ ids }) => ids.length), rowCount);
  const places: number[] = [];
  const readPositions: number[][] = [];
  const packedRows = rows.map((row, r): PackedRow => {
    const packed: PackedRow = { ids: [], starts: [] };
    readPositions[r] = row.map((i, place) => {
      places[i] = r * reads + place;
      const start = packed.ids.length;
      packed.starts.push(start);
      packed.ids.push(...sequences[i].ids);
      return start + sequences[i].maskPosition;
    });
    return packed;
  });
  return { batch: collatePacked(packedRows, config, { length, reads }, readPositions), places };
}
