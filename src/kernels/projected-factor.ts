/** The random projection of one parameter's factor, by its kind. The formulas are in projection.ts. */
import { tf, type Tensor } from "../model/backend";
import { LONGEST_PRODUCT } from "./contract";
import { tidied, type Factor, type MatrixFactor, type TableFactor } from "./factors";

/** Side of a block. Smaller ones have less variance, larger ones fewer random numbers: they need dimension / side · (in + out). */
const BLOCK_SIDE = 16;

/** How a weight's gradient is divided: `blocks` blocks of out × in numbers; "whole" keeps a side as it is. */
export interface ProjectedSizes {
  blocks: number;
  out: number | "whole";
  in: number | "whole";
}

/** @returns undefined where the gradient has at most `dimension` numbers: it stays exact */
export function projectedSizes(outputs: number, inputs: number, dimension: number): ProjectedSizes | undefined {
  if (outputs * inputs <= dimension) return undefined;
  const shorter = Math.min(outputs, inputs);
  if (shorter <= BLOCK_SIDE && shorter <= dimension) {
    const width = Math.floor(dimension / shorter);
    return outputs <= inputs ? { blocks: 1, out: "whole", in: width } : { blocks: 1, out: width, in: "whole" };
  }
  const side = Math.min(BLOCK_SIDE, Math.floor(Math.sqrt(dimension)));
  const blocks = Math.floor(dimension / (side * side));
  return { blocks, out: side, in: Math.floor(dimension / (side * blocks)) };
}

/** The random matrix [rows, columns] of one side of the parameter. */
export type RandomMatrices = (side: "out" | "in", rows: number, columns: number) => Tensor;

/** The projection of a gradient and of its signs. */
interface Work {
  gradient: () => Factor;
  sign: () => Generator<undefined, Factor>;
}

/** @returns undefined where the factor has at most `dimension` numbers and stays exact */
export function projectionOf(
  factor: Factor,
  counterpart: Factor | undefined,
  dimension: number,
  matrixOf: RandomMatrices,
): Work | undefined {
  switch (factor.kind) {
    case "matrix":
      return hasOneToken(factor, counterpart)
        ? projectionOfOneToken(factor, dimension, matrixOf)
        : projectionOfMatrix(factor, dimension, matrixOf);
    case "table":
      return projectionOfTable(factor, dimension, matrixOf);
    case "vector":
      return projectionOfVector(factor, dimension, matrixOf);
    case "projected":
      throw new Error("this gradient is projected already");
  }
}

/** The last axis from `width` to `dimension` numbers, divided by √dimension. */
const shorten = (x: Tensor, matrix: Tensor): Tensor => {
  const [width, dimension] = matrix.shape as [number, number];
  const flat = tf.mul(tf.matMul(x.reshape([-1, width]), matrix), 1 / Math.sqrt(dimension));
  return flat.reshape([...x.shape.slice(0, -1), dimension]);
};

function projectionOfVector(
  { gradient }: Extract<Factor, { kind: "vector" }>,
  dimension: number,
  matrixOf: RandomMatrices,
): Work | undefined {
  const size = gradient.shape[1]!;
  if (size <= dimension) return undefined;
  const of = (x: Tensor): Factor => ({
    kind: "vector",
    gradient: shorten(x, matrixOf("out", size, dimension)),
  });
  return { gradient: () => of(gradient), sign: () => atOnce(() => of(tf.sign(gradient))) };
}

/** Each row is projected if it is longer than `dimension`. Rows stay apart, so that examples without a common token keep an exact zero. */
function projectionOfTable(table: TableFactor, dimension: number, matrixOf: RandomMatrices): Work | undefined {
  const width = table.delta.shape[3]!;
  if (width <= dimension) return undefined;
  const of = (delta: Tensor): Factor => ({
    kind: "table",
    rows: tf.clone(table.rows),
    delta: shorten(delta, matrixOf("in", width, dimension)),
  });
  return { gradient: () => of(table.delta), sign: () => atOnce(() => of(tf.sign(gatheredRows(table)))) };
}

/** [C, B, T, H]: for each token the gradient of its row where the example uses the row for the first time, else zero. */
function gatheredRows({ rows, delta }: TableFactor): Tensor {
  const [c, b, t, width] = delta.shape as number[];
  const same = tf.cast(tf.equal(rows.reshape([b, t, 1]), rows.reshape([b, 1, t])), "float32");
  const earlier = tf.tensor2d(
    Array.from({ length: t }, (_, i) => Array.from({ length: t }, (_, j) => Number(j < i))),
    [t, t],
  );
  const first = tf.equal(tf.sum(tf.mul(same, earlier), 2, true), 0);
  const uses = tf.tile(tf.mul(same, tf.cast(first, "float32")), [c, 1, 1]);
  return tf.matMul(uses, delta.reshape([c * b, t, width])).reshape([c, b, t, width]);
}

/**
 * Whether the site sees only the mask's token: its tokens then have no owners. In a batch whose prompts are all one token
 * long every site has one token, so there the other side decides.
 */
function hasOneToken({ input, tokens }: MatrixFactor, counterpart: Factor | undefined): boolean {
  if (input.shape[1] !== 1) return false;
  const other = counterpart?.kind === "projected" ? counterpart.gradient : counterpart;
  return other ? other.kind === "matrix" : !tokens.owners;
}

/** The gradient δ xᵀ of one token: at most `dimension` numbers in δ and x together; its sign is sign δ sign xᵀ. */
function projectionOfOneToken(
  { input, delta }: MatrixFactor,
  dimension: number,
  matrixOf: RandomMatrices,
): Work | undefined {
  const [outputs, inputs] = [delta.shape[3]!, input.shape[2]!];
  if (outputs + inputs <= dimension) return undefined;
  const kIn = Math.min(inputs, Math.max(Math.floor(dimension / 2), dimension - outputs));
  const kOut = Math.min(outputs, dimension - kIn);
  const of = (left: Tensor, right: Tensor): Factor => ({
    kind: "matrix",
    input: kIn < inputs ? shorten(right, matrixOf("in", inputs, kIn)) : tf.clone(right),
    delta: kOut < outputs ? shorten(left, matrixOf("out", outputs, kOut)) : tf.clone(left),
    tokens: {},
  });
  return { gradient: () => of(delta, input), sign: () => atOnce(() => of(tf.sign(delta), tf.sign(input))) };
}

function projectionOfMatrix(
  { input, delta }: MatrixFactor,
  dimension: number,
  matrixOf: RandomMatrices,
): Work | undefined {
  const [c, b, t, outputs] = delta.shape as [number, number, number, number];
  const inputs = input.shape[2]!;
  const sizes = projectedSizes(outputs, inputs, dimension);
  if (!sizes) return undefined;
  const { blocks } = sizes;
  const [kOut, kIn] = [sizes.out === "whole" ? outputs : sizes.out, sizes.in === "whole" ? inputs : sizes.in];
  const outMatrix = (): Tensor | undefined =>
    sizes.out === "whole" ? undefined : matrixOf("out", outputs, blocks * kOut);
  const inMatrix = (): Tensor | undefined => (sizes.in === "whole" ? undefined : matrixOf("in", inputs, blocks * kIn));
  // A side that is kept whole has no random entries, whose variance the scale divides by.
  const scale = 1 / Math.sqrt(blocks * (sizes.out === "whole" ? 1 : kOut) * (sizes.in === "whole" ? 1 : kIn));
  const scaled = (values: Tensor): Factor => ({
    kind: "vector",
    gradient: tf.mul(values.reshape([c * b, blocks * kOut * kIn]), scale),
  });

  /** [N, T, F] → [N, blocks, T, k] */
  const intoBlocks = (x: Tensor, matrix: Tensor | undefined, k: number): Tensor => {
    const flat = x.reshape([-1, x.shape[2]!]);
    return tf.transpose((matrix ? tf.matMul(flat, matrix) : flat).reshape([-1, t, blocks, k]), [0, 2, 1, 3]);
  };
  const gradient = (): Factor => {
    const x = intoBlocks(input, inMatrix(), kIn);
    return scaled(
      tf.matMul(
        intoBlocks(delta.reshape([c * b, t, outputs]), outMatrix(), kOut),
        c === 1 ? x : tf.tile(x, [c, 1, 1, 1]),
        true,
        false,
      ),
    );
  };

  /** R_bᵀ sign(G) S_b for the rows start … start + count of the gradients, [blocks, k_out, C·B·k_in]. */
  const ofSigns = (start: number, count: number): Tensor => {
    const part = tf.slice(delta.reshape([c * b, t, outputs]), [0, 0, start], [c * b, t, count]);
    const signs = tf.sign(tf.matMul(part, c === 1 ? input : tf.tile(input, [c, 1, 1]), true, false));
    const [left, right] = [outMatrix(), inMatrix()];
    const flat = signs.reshape([c * b * count, inputs]);
    const short = (right ? tf.matMul(flat, right) : flat).reshape([c * b, count, blocks, kIn]);
    const byBlock = tf.transpose(short, [2, 1, 0, 3]).reshape([blocks, count, c * b * kIn]);
    if (!left)
      return tf.pad(byBlock, [
        [0, 0],
        [start, outputs - start - count],
        [0, 0],
      ]);
    const rows = tf.slice(left, [start, 0], [count, blocks * kOut]).reshape([count, blocks, kOut]);
    return tf.matMul(tf.transpose(rows, [1, 2, 0]), byBlock);
  };
  function* signSlices(): Generator<undefined, Factor> {
    const most = Math.max(1, Math.floor(LONGEST_PRODUCT / inputs));
    let sum: Tensor | undefined;
    try {
      for (let start = 0; start < outputs; start += most) {
        const before: Tensor | undefined = sum;
        sum = tf.tidy(() => {
          const piece = ofSigns(start, Math.min(most, outputs - start));
          return before ? tf.add(before, piece) : piece;
        });
        before?.dispose();
        yield;
      }
      const whole = sum!;
      return tidied(() => scaled(tf.transpose(whole.reshape([blocks, kOut, c * b, kIn]), [2, 0, 1, 3])));
    } finally {
      sum?.dispose();
    }
  }
  return { gradient, sign: signSlices };
}

// eslint-disable-next-line require-yield -- the short case of work that may pause
function* atOnce(make: () => Factor): Generator<undefined, Factor> {
  return tidied(make);
}
