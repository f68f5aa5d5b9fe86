/**
 * Per-example gradients, one factor a parameter: what is needed to form them or their inner products, and no more.
 * One forward pass, shared by all C outputs, and one backward pass give the factors of every example at once.
 */
import { tf, type Tensor } from "../model/backend";
import { byLength, collate, disposeBatch, type Batch, type BatchLimits, type Sequence } from "../model/batch";
import type { Model } from "../model/model";
import {
  disposeForward,
  encoderBackward,
  encoderForwardSteps,
  type EncoderForward,
  type EncoderTrace,
} from "../model/encoder";
import type { Backward, Site } from "../model/layers";
import type { Factor, PassStep } from "./factor";
import { joinFactors } from "./join-factors";
import { combineLogits, outputDerivative, type Outputs } from "./outputs";
import { projectedPass, type Projector } from "./projection";
import { realTokens, type Tokens } from "./tokens";

/** The factors of B examples, kept. */
export interface GradientFactors {
  size: number;
  outputs: number;
  /** By parameter. */
  factors: Map<string, Factor>;
  /** The C outputs f_c themselves, [B, C] row-major. */
  values: Float32Array;
  dispose(): void;
}

/**
 * Runs examples forward and backward and gives each selected parameter's factor as soon as it is there.
 * Nothing is left behind, also if the pass is not run to its end.
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
    const top = tf.tidy(() => {
      const head = outputs.head.forward(model, hidden);
      logits = head.logits.dataSync() as Float32Array;
      return outputs.head.backward(model, head.trace, outputDerivative(outputs, batch.size)) as never;
    }) as Backward;
    owned.push(top.sites, top.delta);
    yield { values: combineLogits(outputs, logits) };
    for (const site of sitesFromTheTop(model, batch, trace, top, selected)) {
      if (site.kind === "rows") {
        if (selected.has(site.table)) tables.set(site.table, [...(tables.get(site.table) ?? []), keepTable(site)]);
      } else yield* factorsOfSite(site, site.input.shape[1] === batch.length ? everyToken : oneToken, selected);
    }
    for (const [table, sites] of tables) yield* temporary(table, () => mergeTables(sites));
  } finally {
    tf.dispose([owned, [...tables.values()]] as never);
    if (forward) disposeForward(forward);
    disposeBatch(batch);
  }
}

/**
 * Runs a pass to its end and keeps the factors, projected if there is a projector.
 * @param limits of a pass, for sequences sorted by length: more of them are run in several passes. Default: one pass
 */
export function* keptFactors(
  model: Model,
  outputs: Outputs,
  sequences: Sequence[],
  selected: ReadonlySet<string>,
  projector?: Projector,
  limits: BatchLimits = { examples: Infinity },
): Generator<undefined, GradientFactors> {
  const lengths = sequences.map(({ ids }) => ids.length);
  const tokens = realTokens(lengths, Math.max(...lengths));
  const parts = new Map<string, Factor[]>();
  const factors = new Map<string, Factor>();
  const values: number[] = [];
  const dispose = (): void => tf.dispose([tokens, [...parts.values()], [...factors.values()]] as never);
  let finished = false;
  try {
    for (const pass of passesOf(sequences, limits)) {
      for (const step of projectedPass(factorsOfPass(model, outputs, pass, selected), projector)) {
        if (step && "values" in step) values.push(...step.values);
        else if (step)
          parts.set(step.parameter, [...(parts.get(step.parameter) ?? []), keepFactor(step.factor, tokens)]);
        yield;
      }
    }
    for (const [parameter, own] of parts) {
      parts.delete(parameter);
      factors.set(
        parameter,
        own.length === 1
          ? own[0]
          : (tf.tidy(() => joinFactors(own, outputs.combine.length, tokens) as never) as Factor),
      );
      if (own.length > 1) own.forEach(disposePart);
      yield;
    }
    finished = true;
    return {
      size: sequences.length,
      outputs: outputs.combine.length,
      factors,
      values: Float32Array.from(values),
      dispose,
    };
  } finally {
    if (!finished) dispose();
  }
}

/** Frees a factor that has been joined with others; its tokens are those of the whole block. */
const disposePart = (factor: Factor): void =>
  tf.dispose((factor.kind === "matrix" ? [factor.input, factor.delta] : factor) as never);

/** Sequences in passes within the limits, in their order. */
const passesOf = (sequences: Sequence[], limits: BatchLimits): Sequence[][] =>
  limits.examples === Infinity
    ? [sequences]
    : byLength(sequences, limits).map((indices) => indices.map((i) => sequences[i]));

/** Inputs are shared between factors (query, key and value read the same rows), so a kept factor holds clones. */
function keepFactor(factor: Factor, tokens: Tokens): Factor {
  const keep = (x: Tensor): Tensor => tf.keep(tf.clone(x));
  if (factor.kind === "projected")
    return { kind: "projected", gradient: keepFactor(factor.gradient, tokens), sign: keepFactor(factor.sign, tokens) };
  if (factor.kind === "vector") return { kind: "vector", gradient: keep(factor.gradient) };
  if (factor.kind === "table") return { kind: "table", rows: keep(factor.rows), delta: keep(factor.delta) };
  return {
    kind: "matrix",
    input: keep(factor.input),
    delta: keep(factor.delta),
    tokens: factor.tokens.owners ? tokens : {},
  };
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

/** The lowest layer that holds a selected parameter, -1 for the embeddings: the backward pass need not go further down. */
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
    else yield* temporary(weight, () => ({ kind: "vector", gradient: sumTokens(tf.mul(delta, input)) }));
  }
  if (bias && selected.has(bias)) yield* temporary(bias, () => ({ kind: "vector", gradient: sumTokens(delta) }));
}

/** A factor made for one step. */
function* temporary(parameter: string, make: () => Factor): Generator<PassStep, void> {
  const factor = tf.tidy(() => make() as never) as Factor;
  try {
    yield { parameter, factor };
  } finally {
    tf.dispose(factor as never);
  }
}

/** [C, B, T, H] → Σ_t, as [C·B, H]. */
const sumTokens = (delta: Tensor): Tensor => tf.sum(delta, 2).reshape([-1, delta.shape[3]!]);

type RowsSite = Extract<Site, { kind: "rows" }>;

const keepTable = (site: RowsSite): RowsSite => ({ ...site, rows: tf.clone(site.rows), delta: tf.clone(site.delta) });

/** Joins the sites of one table (a tied decoder's and the word embeddings') along the token axis. */
function mergeTables(sites: RowsSite[]): Factor {
  const joined = (tensors: Tensor[], axis: number): Tensor =>
    tensors.length === 1 ? tf.clone(tensors[0]) : tf.concat(tensors, axis);
  return {
    kind: "table",
    rows: joined(
      sites.map(({ rows }) => rows),
      1,
    ),
    delta: joined(
      sites.map(({ delta }) => delta),
      2,
    ),
  };
}
