import { InputError } from "../errors";
import { architectureOf } from "./architecture";
import { tf, type Tensor } from "./backend";
import { longestText, type ModelConfig } from "./model-config";

/** What a batch is made of: token ids and the position whose hidden state is read (the mask, or `<s>` at 0). */
export interface Sequence {
  ids: number[];
  maskPosition: number;
}

/** What tells a sequence from others, for keys. */
export const sequenceKey = ({ ids, maskPosition }: Sequence): number[] => [maskPosition, ...ids];

/** For each sequence the index of the first that is equal to it. */
export function firstOfEqual(sequences: readonly Sequence[]): number[] {
  const first = new Map<string, number>();
  return sequences.map((sequence, i) => {
    const key = sequenceKey(sequence).join();
    const found = first.get(key) ?? i;
    first.set(key, found);
    return found;
  });
}

/** B sequences padded to the longest, T tokens. */
export interface Batch extends BatchTensors {
  size: number;
  length: number;
}

/** The tensors of a batch: B rows of T tokens. */
export type BatchTensors = {
  /** Token ids, int32 [B, T]. */
  ids: Tensor;
  /** Position ids, int32 [B, T]: counted from 0 in BERT, from padTokenId + 1 in RoBERTa. Those of padding have no effect. */
  positions: Tensor;
  /** 0 where a token may attend and -1e9 elsewhere, float32 [B, 1, 1, T], or [B, 1, T, T] in packed rows: added to the attention scores. */
  attentionBias: Tensor;
  /** The same for the rows that are read, [B, 1, 1 or R, T]. */
  readBias: Tensor;
  /** Selects the rows that are read, float32 [B, R, T], one-hot (R = 1: the mask position). */
  readRows: Tensor;
};

/**
 * Pads sequences into one batch.
 * @param config of the model that is to read them: its padding token, and where its positions begin and end
 * @param readPositions the positions to read in each sequence, [B][R]; -1 reads nothing (a zero row).
 *   Default: each sequence's mask position.
 * @throws if a sequence is longer than the model's position table
 */
export function collate(
  sequences: Sequence[],
  config: Pick<ModelConfig, "modelType" | "padTokenId" | "maxPositions">,
  readPositions: number[][] = sequences.map((s) => [s.maskPosition]),
): Batch {
  const size = sequences.length;
  const length = Math.max(...sequences.map((s) => s.ids.length));
  checkTextLength(length, config);
  const rows = Math.max(...readPositions.map((r) => r.length));
  const bias = new Float32Array(size * length).fill(-1e9);
  const select = new Float32Array(size * rows * length);
  sequences.forEach(({ ids }, b) => {
    bias.fill(0, b * length, b * length + ids.length);
    readPositions[b].forEach((position, r) => {
      if (position >= 0) select[(b * rows + r) * length + position] = 1;
    });
  });
  const attentionBias = tf.tensor(bias, [size, 1, 1, length]);
  return {
    size,
    length,
    ...tokenTables(
      sequences.map(({ ids }) => ({ ids, starts: [0] })),
      length,
      config,
    ),
    attentionBias,
    readBias: attentionBias,
    readRows: tf.tensor(select, [size, rows, length]),
  };
}

/** Token and position ids [B, T] of rows of texts. */
function tokenTables(
  rows: readonly PackedRow[],
  length: number,
  config: Pick<ModelConfig, "modelType" | "padTokenId">,
): Pick<BatchTensors, "ids" | "positions"> {
  const first = architectureOf(config).firstPosition(config.padTokenId);
  const ids = new Int32Array(rows.length * length).fill(config.padTokenId);
  const positions = new Int32Array(rows.length * length).fill(config.padTokenId);
  for (const [b, row] of rows.entries()) {
    ids.set(row.ids, b * length);
    for (const { start, end } of textsOf(row))
      for (let t = start; t < end; t++) positions[b * length + t] = first + t - start;
  }
  return {
    ids: tf.tensor(ids, [rows.length, length], "int32"),
    positions: tf.tensor(positions, [rows.length, length], "int32"),
  };
}

const textsOf = ({ ids, starts }: PackedRow): { start: number; end: number }[] =>
  starts.map((start, index) => ({ start, end: starts[index + 1] ?? ids.length }));

/** @throws if a text of so many tokens is longer than the model's position table */
export function checkTextLength(
  length: number,
  config: Pick<ModelConfig, "modelType" | "padTokenId" | "maxPositions">,
): void {
  if (length <= longestText(config)) return;
  throw new InputError(
    `a text has ${length} tokens, but the model reads at most ${longestText(config)} (max_position_embeddings ${config.maxPositions} in its config.json): set a smaller maxLength for the task (--max-length)`,
  );
}

/** Several texts one behind the other, each with its own special tokens. */
export interface PackedRow {
  ids: number[];
  /** Where each text begins, rising from 0. */
  starts: number[];
}

/**
 * Packed rows as one batch of a fixed shape. Every text has its own positions and attends only to itself, so its
 * hidden states are the same as in a row of its own.
 * @param shape the length of a row, T, and the number of places read in each, R
 * @param readPositions the places to read in each row, at most R
 */
export function collatePacked(
  rows: PackedRow[],
  config: Pick<ModelConfig, "modelType" | "padTokenId">,
  { length, reads }: { length: number; reads: number },
  readPositions: number[][],
): Batch {
  const size = rows.length;
  const bias = new Float32Array(size * length * length).fill(-1e9);
  const readBias = new Float32Array(size * reads * length);
  const select = new Float32Array(size * reads * length);
  rows.forEach((row, b) => {
    for (const { start, end } of textsOf(row))
      for (let t = start; t < end; t++)
        bias.fill(0, (b * length + t) * length + start, (b * length + t) * length + end);
    readPositions[b].forEach((t, r) => {
      const from = (b * length + t) * length;
      select[(b * reads + r) * length + t] = 1;
      readBias.set(bias.subarray(from, from + length), (b * reads + r) * length);
    });
  });
  return {
    size,
    length,
    ...tokenTables(rows, length, config),
    attentionBias: tf.tensor(bias, [size, 1, length, length]),
    readBias: tf.tensor(readBias, [size, 1, reads, length]),
    readRows: tf.tensor(select, [size, reads, length]),
  };
}

/** How large a batch may be: sequences, and tokens when they are padded to the longest of them. */
export interface BatchLimits {
  examples: number;
  /** Default: any number. */
  tokens?: number;
}

/**
 * Indices in batches, sorted by length (so that a batch has little padding), ties in the given order.
 * @throws if the number of examples is not a whole one of at least 1
 */
export function byLength(sequences: readonly Sequence[], { examples, tokens = Infinity }: BatchLimits): number[][] {
  if (!(Number.isInteger(examples) && examples > 0))
    throw new InputError(`a batch must have a whole number of examples, at least 1, not ${examples}`);
  const sorted = sequences.map((_, i) => i).sort((i, j) => sequences[i].ids.length - sequences[j].ids.length || i - j);
  const batches: number[][] = [];
  for (const index of sorted) {
    const batch = batches.at(-1);
    const fits = batch && batch.length < examples && (batch.length + 1) * sequences[index].ids.length <= tokens;
    if (fits) batch.push(index);
    else batches.push([index]);
  }
  return batches;
}

/** A batch's tensors by their names, from a batch or from tensors among others. */
export const batchTensors = (from: BatchTensors | Readonly<Record<string, Tensor>>): BatchTensors => {
  const { ids, positions, attentionBias, readBias, readRows } = from;
  return { ids, positions, attentionBias, readBias, readRows };
};

/** Frees a batch's tensors. */
export function disposeBatch(batch: Batch): void {
  tf.dispose(Object.values(batchTensors(batch)));
}
