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

/** About how many tokens a row should have: attention costs grow with the square, and rows cannot be filled evenly when they are short. */
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
  return {
    rows,
    shape: {
      rows: rowCount,
      length: upTo(LENGTH_STEP, Math.max(...filled)),
      reads: Math.max(...rows.map((row) => row.length)),
    },
  };
}

export interface BatchPlan {
  /** The shape of a batch, and whether its steps are a graph. */
  shapeOf(lengths: readonly number[]): { shape: BatchShape; graph: boolean };
}

/** Making a graph takes as long as this many times the way of a step's operations into TensorFlow, and as two steps more. */
const MAKING = 10;

/**
 * Chooses the shapes for a run from the lengths of all its batches: they depend on nothing but the run, so that a
 * resumed run has the same ones.
 * @param batches the lengths of the prompts of each batch
 * @param dispatch the tokens that are computed in the time that a step's operations, run one by one, take on their way
 *   into TensorFlow; 0 for no graphs
 */
export function planBatches(batches: readonly (readonly number[])[], dispatch: number): BatchPlan {
  const total = (lengths: readonly number[]): number => lengths.reduce((sum, n) => sum + n, 0);
  const mean = batches.reduce((sum, lengths) => sum + total(lengths), 0) / batches.length;
  const rows = Math.max(1, Math.round(mean / ROW));
  const packings = batches.map((lengths) => pack(lengths, rows));
  // Even, so that draws of one task have one number of them, and share graphs.
  const reads = upTo(2, Math.max(...packings.map(({ shape }) => shape.reads)));
  const graphs =
    dispatch === 0
      ? []
      : graphLengths(
          packings.map(({ shape }) => shape.length),
          { dispatch: dispatch / rows, making: (MAKING * dispatch + 2 * mean) / rows },
        );
  return {
    shapeOf(lengths) {
      const { length } = pack(lengths, rows).shape;
      const graph = graphs.find(({ from, to }) => from <= length && length <= to);
      return { shape: { rows, length: graph?.to ?? length, reads }, graph: graph !== undefined };
    },
  };
}

/**
 * Which lengths of rows are rounded up to the longest of them, for which there is a graph, so that the run takes the
 * least time; the others are computed without. In units of the time that a token of a row takes.
 */
function graphLengths(
  lengths: readonly number[],
  { dispatch, making }: { dispatch: number; making: number },
): { from: number; to: number }[] {
  const distinct = [...new Set(lengths)].sort((a, b) => a - b);
  const counts = distinct.map((length) => lengths.filter((each) => each === length).length);
  /** The least time for the shortest lengths, and the graphs that it takes. */
  const best: { time: number; graphs: { from: number; to: number }[] }[] = [{ time: 0, graphs: [] }];
  for (const [last, to] of distinct.entries()) {
    let found = { time: best[last].time + counts[last] * (to + dispatch), graphs: best[last].graphs };
    let count = 0;
    for (let first = last; first >= 0; first--) {
      count += counts[first];
      const time = best[first].time + making + count * to;
      if (time < found.time) found = { time, graphs: [...best[first].graphs, { from: distinct[first], to }] };
    }
    best.push(found);
  }
  return best.at(-1)!.graphs;
}

/**
 * The prompts in a batch of that shape.
 * @returns the batch, and the place in it, of rows · reads, of each prompt
 */
export function packedBatch(
  sequences: readonly Sequence[],
  config: ModelConfig,
  { rows: rowCount, length, reads }: BatchShape,
): { batch: Batch; places: number[] } {
  sequences.forEach(({ ids }) => checkTextLength(ids.length, config));
  const { rows } = pack(
    sequences.map(({ ids }) => ids.length),
    rowCount,
  );
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
