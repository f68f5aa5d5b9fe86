/**
 * Inner products of gradients that are never formed: ⟨Σ_t δ_t x_tᵀ, Σ_s δ′_s x′_sᵀ⟩ = Σ_ts (δ_t · δ′_s)(x_t · x′_s).
 * Padding is dropped first, so that n · m pairs of examples cost as many operations as they have pairs of real tokens.
 */
import { tf, type Tensor } from "../model/backend";
import { realTokens, type MatrixFactor, type TableFactor, type Tokens } from "./factors";

/** The last product of two sides' inputs, kept because query, key and value (and all embedding tables) share it. */
export interface SharedGrams {
  of(left: Tensor, right: Tensor, compute: () => Tensor): Tensor;
  dispose(): void;
}

export function sharedGrams(): SharedGrams {
  let kept: { left: object; right: object; product: Tensor } | undefined;
  const dispose = (): void => {
    kept?.product.dispose();
    kept = undefined;
  };
  return {
    of(left, right, compute) {
      // Clones of one tensor have one dataId.
      if (kept?.left === left.dataId && kept.right === right.dataId) return kept.product;
      dispose();
      kept = { left: left.dataId, right: right.dataId, product: tf.keep(compute()) };
      return kept.product;
    },
    dispose,
  };
}

/**
 * Whether the Gram form takes less time than forming both sides' gradients in slices, in units of one multiplication
 * at the machine's peak. Large products run at the peak; batched products with few tokens to sum over at 60 % of it;
 * products of few long rows are bound by reading the rows, and element-wise work by writing the result.
 * (The weights were fitted to timings on AVX-512 machines with oneDNN; wrong ones cost time, not digits.)
 */
export function gramIsCheaper(train: MatrixFactor, evaluate: MatrixFactor): boolean {
  if (!pairsFit(train.input, evaluate.input)) return false;
  const [c, n, t, outputs] = train.delta.shape as number[];
  const [, m, s] = evaluate.delta.shape as number[];
  const inputs = train.input.shape[2]!;
  const gram = tokenCount(train) * tokenCount(evaluate) * (inputs + c * c * (outputs + 110));
  const forming = 1.7 * c * (n * t + m * s);
  const comparing = 1.5 * c * c * n * m + 12 * c * (n + m) + 300;
  return gram < inputs * outputs * (forming + comparing);
}

/** Whether the pairs of tokens, of which the Gram form holds a few matrices, stay below 256 MiB of float32. */
export const pairsFit = (left: Tensor, right: Tensor): boolean =>
  left.shape[0] * left.shape[1]! * right.shape[0] * right.shape[1]! <= 2 ** 26;

const tokenCount = ({ tokens, input }: MatrixFactor): number =>
  tokens.owners ? tokens.owners.shape[1]! : input.shape[0] * input.shape[1]!;

/** Numbers computed with tensors that are freed afterwards. (tf.tidy would look for tensors in every number that it returns.) */
export function numbersOf(compute: () => Float32Array): Float32Array {
  let numbers = new Float32Array() as Float32Array;
  tf.tidy(() => {
    numbers = compute();
  });
  return numbers;
}

/** a bᵀ: the inner products of all pairs of rows. */
const products = (a: Tensor, b: Tensor): Tensor => tf.matMul(a, b, false, true);

/** Rows of the real tokens: [B, T, F] → [N, F]. */
function real(x: Tensor, { places }: Tokens): Tensor {
  const flat = x.reshape([-1, x.shape[x.rank - 1]!]);
  return places ? tf.gather(flat, places as never) : flat;
}

/** [N, M] over pairs of tokens → [n, m] over pairs of examples. */
function sumOverTokens(pairs: Tensor, train: Tokens, evaluate: Tokens): Tensor {
  const rows = train.owners ? tf.matMul(train.owners, pairs) : pairs;
  return evaluate.owners ? products(rows, evaluate.owners) : rows;
}

/** Writes [n, m] at outputs (a, b) of [C·n, C·m]. */
function placePiece(result: Float32Array, piece: Float32Array, [c, n, m]: number[], a: number, b: number): void {
  for (let i = 0; i < n; i++) result.set(piece.subarray(i * m, (i + 1) * m), (a * n + i) * c * m + b * m);
}

/** The piece [C·n, C·m] of one weight. */
export function gramOfMatrix(train: MatrixFactor, evaluate: MatrixFactor, shared: SharedGrams): Float32Array {
  return numbersOf(() => {
    const inputs = shared.of(train.input, evaluate.input, () =>
      products(real(train.input, train.tokens), real(evaluate.input, evaluate.tokens)),
    );
    const [left, right] = [train, evaluate].map(({ delta, tokens }) => tf.unstack(delta).map((d) => real(d, tokens)));
    return everyOutputPair(train.delta.shape, evaluate.delta.shape, (a, b) =>
      sumOverTokens(tf.mul(inputs, products(left[a], right[b])), train.tokens, evaluate.tokens),
    );
  });
}

/** The same for a table: the "inputs" of two tokens agree where both are the same row. */
export function gramOfTable(train: TableFactor, evaluate: TableFactor, shared: SharedGrams): Float32Array {
  return numbersOf(() => {
    const [c, n, t, width] = train.delta.shape as number[];
    const [, m, s] = evaluate.delta.shape as number[];
    const same = tf.cast(tf.equal(train.rows.reshape([n * t, 1]), evaluate.rows.reshape([1, m * s])), "float32");
    // All outputs at once, [C·N, C·M], because word, position and type embeddings share it.
    const deltas = shared.of(train.delta, evaluate.delta, () =>
      products(train.delta.reshape([-1, width]), evaluate.delta.reshape([-1, width])),
    );
    const [left, right] = [everyPlace(n, t), everyPlace(m, s)];
    return everyOutputPair(train.delta.shape, evaluate.delta.shape, (a, b) => {
      const pairs = c === 1 ? deltas : tf.slice(deltas, [a * n * t, b * m * s], [n * t, m * s]);
      return sumOverTokens(tf.mul(same, pairs), left, right);
    });
  });
}

/** Tokens of a batch in which every place counts. */
const everyPlace = (examples: number, tokens: number): Tokens =>
  tokens === 1 ? {} : realTokens(Array<number>(examples).fill(tokens), tokens);

function everyOutputPair(train: number[], evaluate: number[], product: (a: number, b: number) => Tensor): Float32Array {
  const [c, n] = train;
  const m = evaluate[1];
  const result = new Float32Array(c * n * c * m);
  for (let a = 0; a < c; a++)
    for (let b = 0; b < c; b++)
      placePiece(
        result,
        numbersOf(() => product(a, b).dataSync() as Float32Array),
        [c, n, m],
        a,
        b,
      );
  return result;
}

/**
 * With one token an example the gradient is δ xᵀ, and its sign is sign δ sign xᵀ: no formula needs it formed.
 * @param sign which sides take the sign
 */
export function gramOfOneToken(
  train: MatrixFactor,
  evaluate: MatrixFactor,
  sign: { train: boolean; evaluate: boolean },
): Float32Array {
  return numbersOf(() => {
    const [c, n, , outputs] = train.delta.shape as number[];
    const m = evaluate.delta.shape[1]!;
    const inputs = train.input.shape[2]!;
    const left = (x: Tensor): Tensor => (sign.train ? tf.sign(x) : x);
    const right = (x: Tensor): Tensor => (sign.evaluate ? tf.sign(x) : x);
    const x = products(left(train.input.reshape([n, inputs])), right(evaluate.input.reshape([m, inputs])));
    const delta = products(
      left(train.delta.reshape([c * n, outputs])),
      right(evaluate.delta.reshape([c * m, outputs])),
    );
    return tf.mul(delta, c === 1 ? x : tf.tile(x, [c, c])).dataSync() as Float32Array;
  });
}
