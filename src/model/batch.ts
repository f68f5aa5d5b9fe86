import { tf, type Tensor } from "./backend";

/** What a batch is made of: token ids and the position whose hidden state is read (the mask, or `<s>` at 0). */
export interface Sequence {
  ids: number[];
  maskPosition: number;
}

/** B sequences padded to the longest, T tokens. */
export interface Batch {
  size: number;
  length: number;
  /** Token ids, int32 [B, T]. */
  ids: Tensor;
  /** Position ids, int32 [B, T]: padId + 1, padId + 2, … and padId on padding, as in RoBERTa. */
  positions: Tensor;
  /** 0 on tokens and -1e9 on padding, float32 [B, 1, 1, T]: added to the attention scores. */
  attentionBias: Tensor;
  /** Selects the rows that are read, float32 [B, R, T], one-hot (R = 1: the mask position). */
  readRows: Tensor;
}

/**
 * Pads sequences into one batch.
 * @param readPositions the positions to read in each sequence, [B][R]; -1 reads nothing (a zero row).
 *   Default: each sequence's mask position.
 */
export function collate(
  sequences: Sequence[],
  padId: number,
  readPositions: number[][] = sequences.map((s) => [s.maskPosition]),
): Batch {
  const size = sequences.length;
  const length = Math.max(...sequences.map((s) => s.ids.length));
  const rows = Math.max(...readPositions.map((r) => r.length));
  const ids = new Int32Array(size * length).fill(padId);
  const positions = new Int32Array(size * length).fill(padId);
  const bias = new Float32Array(size * length).fill(-1e9);
  const select = new Float32Array(size * rows * length);
  sequences.forEach((sequence, b) => {
    sequence.ids.forEach((id, t) => {
      ids[b * length + t] = id;
      positions[b * length + t] = padId + 1 + t;
      bias[b * length + t] = 0;
    });
    readPositions[b].forEach((position, r) => {
      if (position >= 0) select[(b * rows + r) * length + position] = 1;
    });
  });
  return {
    size,
    length,
    ids: tf.tensor(ids, [size, length], "int32"),
    positions: tf.tensor(positions, [size, length], "int32"),
    attentionBias: tf.tensor(bias, [size, 1, 1, length]),
    readRows: tf.tensor(select, [size, rows, length]),
  };
}

/** Frees a batch's tensors. */
export function disposeBatch(batch: Batch): void {
  tf.dispose([batch.ids, batch.positions, batch.attentionBias, batch.readRows]);
}
