/**
 * Per-example gradients, one factor for each parameter: what is needed to form them or their inner products, and no more.
 * One forward pass, shared by all C outputs, and one backward pass give the factors of every example at once.
 */
import { tf, type Tensor } from "../model/backend";
import { collate, disposeBatch, type Batch, type Sequence } from "../model/batch";
import type { Model } from "../model/model";
import {
  disposeForward,
  encoderBackward,
  encoderForwardSteps,
  type EncoderForward,
  type EncoderTrace,
} from "../model/encoder";
import type { Backward, Site } from "../model/layers";
import { combineLogits, outputDerivative, type Outputs } from "./outputs";

/** The gradients of one parameter for B examples and C outputs. */
export type Factor =
  /** A weight's: Σ_t δ_t x_tᵀ. */
  | { kind: "matrix"; input: Tensor /* [B,T,in] */; delta: Tensor /* [C,B,T,out] */; tokens: Tokens }
  /** A bias's or a norm's, formed already; while the pass is at it, also the sums of the sizes of what was added up. */
  | { kind: "vector"; gradient: Tensor /* [C·B, size] */; terms?: () => Tensor /* [C·B, size] */ }
  /** A table's: δ_t added to row_t; zero in all rows that the example does not use. */
  | { kind: "table"; rows: Tensor /* int32 [B,T] */; delta: Tensor /* [C,B,T,H] */ }
  /** A gradient and its signs, projected: the projected signs do not follow from the projected gradient. */
  | { kind: "projected"; gradient: Factor; sign: Factor };

export type MatrixFactor = Extract<Factor, { kind: "matrix" }>;
export type TableFactor = Extract<Factor, { kind: "table" }>;

/** A step of a pass: a pause, the outputs [B, C], or one parameter's factor, which lives until the next step. */
export type PassStep = undefined | { values: Float32Array } | { parameter: string; factor: Factor };

/** Which of the B · T places of a padded batch hold N real tokens. */
export interface Tokens {
  /** Flat places of the real tokens, int32 [N]; undefined when all are real. */
  places?: Tensor;
  /** 1 where the token belongs to the example, float32 [B, N]; undefined if every example has one token. */
  owners?: Tensor;
}

/** The tokens of sequences of these lengths, padded to the longest. The caller disposes of the tensors. */
export function realTokens(lengths: number[], longest: number): Tokens {
  const total = lengths.reduce((sum, length) => sum + length, 0);
  const owners = new Float32Array(lengths.length * total);
  const places = new Int32Array(total);
  let token = 0;
  lengths.forEach((length, b) => {
    for (let t = 0; t < length; t++) {
      owners[b * total + token] = 1;
      places[token++] = b * longest + t;
    }
  });
  const padded = total < lengths.length * longest;
  return {
    owners: tf.tensor2d(owners, [lengths.length, total]),
    ...(padded ? { places: tf.tensor1d(places, "int32") } : {}),
  };
}

/**
 * A pass over examples, forward and backward, step by step.
 * @param counterparts the other side's factors where they are kept: a projection gives both sides the same form
 */
export type Pass = (sequences: Sequence[], counterparts?: ReadonlyMap<string, Factor>) => Iterable<PassStep>;

/** The exact pass, for the gradients of these outputs over the selected parameters. */
export const passOf =
  (model: Model, outputs: Outputs, selected: ReadonlySet<string>): Pass =>
  (sequences) =>
    factorsOfPass(model, outputs, sequences, selected);

/** {@link tf.tidy} for objects that hold tensors. */
export const tidied = <T>(make: () => T): T => tf.tidy(() => make() as never) as T;

/** {@link tf.dispose} for objects that hold tensors. */
export const disposeAll = (...held: unknown[]): void => tf.dispose(held as never);

/**
 * Runs examples forward and backward and yields each selected parameter's factor as soon as it is known. All tensors
 * are disposed of, even if the pass is not run to its end.
 */
export function* factorsOfPass(
  model: Model,
  outputs: Outputs,
  sequences: Sequence[],
  selected: ReadonlySet<string>,
): Generator<PassStep, void> {
  const batch = collate(sequences, model.config);
  const lengths = sequences.map(({ ids }) => ids.length);
  const [everyToken, oneToken]: Tokens[] = [realTokens(lengths, batch.length), {}];
  const tables = new Map<string, Extract<Site, { kind: "rows" }>[]>();
  const owned: unknown[] = [everyToken];
  let forward: EncoderForward | undefined;
  try {
    const { hidden, trace } = (forward = yield* encoderForwardSteps(model, batch));
    let logits = new Float32Array() as Float32Array;
    const top = tidied((): Backward => {
      const head = outputs.head.forward(model, hidden);
      logits = head.logits.dataSync() as Float32Array;
      return outputs.head.backward(model, head.trace, outputDerivative(outputs, batch.size));
    });
    owned.push(top.sites, top.delta);
    yield { values: combineLogits(outputs, logits) };
    for (const site of sitesFromTheTop(model, batch, trace, top, selected)) {
      if (site.kind === "rows") {
        if (selected.has(site.table)) tables.set(site.table, [...(tables.get(site.table) ?? []), keepTable(site)]);
      } else yield* factorsOfSite(site, site.input.shape[1] === batch.length ? everyToken : oneToken, selected);
    }
    for (const [table, sites] of tables) yield* temporary(table, () => mergeTables(sites));
  } finally {
    disposeAll(owned, [...tables.values()]);
    if (forward) disposeForward(forward);
    disposeBatch(batch);
  }
}

function* sitesFromTheTop(
  model: Model,
  batch: Batch,
  trace: EncoderTrace,
  top: Backward,
  selected: ReadonlySet<string>,
): Generator<Site> {
  yield* top.sites;
  yield* encoderBackward(model, batch, trace, top.delta, lowestLayer(model, selected));
}

/** The lowest layer that holds a selected parameter, -1 for the embeddings: the backward pass stops there. */
function lowestLayer(model: Model, selected: ReadonlySet<string>): number {
  const layers = [...selected].map((name) => {
    if (name.includes(".embeddings.")) return -1;
    const layer = /\.layer\.(\d+)\./.exec(name);
    return layer ? Number(layer[1]) : model.config.layers;
  });
  return Math.min(...layers);
}

function* factorsOfSite(
  site: Exclude<Site, { kind: "rows" }>,
  tokens: Tokens,
  selected: ReadonlySet<string>,
): Generator<PassStep, void> {
  const { weight, bias, input, delta } = site;
  if (selected.has(weight)) {
    if (site.kind === "linear") yield { parameter: weight, factor: { kind: "matrix", input, delta, tokens } };
    else yield* temporary(weight, () => summed(() => tf.mul(delta, input)));
  }
  if (bias && selected.has(bias)) yield* temporary(bias, () => summed(() => delta));
}

/** A factor made for one step. */
function* temporary(parameter: string, make: () => Factor): Generator<PassStep, void> {
  const factor = tidied(make);
  try {
    yield { parameter, factor };
  } finally {
    disposeAll(factor);
  }
}

const summed = (terms: () => Tensor): Factor => ({
  kind: "vector",
  gradient: sumTokens(terms()),
  terms: () => sumTokens(tf.abs(terms())),
});

/** [C, B, T, H] → Σ_t, as [C·B, H]. */
const sumTokens = (delta: Tensor): Tensor => tf.sum(delta, 2).reshape([-1, delta.shape[3]!]);

type RowsSite = Extract<Site, { kind: "rows" }>;

const keepTable = (site: RowsSite): RowsSite => ({ ...site, rows: tf.clone(site.rows), delta: tf.clone(site.delta) });

/** Joins the sites of one table (a tied decoder's and the word embeddings') along the token axis. */
function mergeTables(sites: RowsSite[]): Factor {
  const joined = (tensors: Tensor[], axis: number): Tensor =>
    tensors.length === 1 ? tf.clone(tensors[0]) : tf.concat(tensors, axis);
  const rows = sites.map((site) => site.rows);
  const deltas = sites.map((site) => site.delta);
  return { kind: "table", rows: joined(rows, 1), delta: joined(deltas, 2) };
}
