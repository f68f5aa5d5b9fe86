/** The kept side of a block: the factors of its training examples, joined over the passes that ran them. */
import { tf, type Tensor } from "../model/backend";
import { byLength, type BatchLimits, type Sequence } from "../model/batch";
import { disposeAll, realTokens, tidied, type Factor, type Pass, type Tokens } from "./factors";

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
 * Runs a pass over the sequences to its end and keeps the factors.
 * @param limits of one pass, for sequences sorted by length: more of them run in several passes. Default: one pass
 */
export function* keptFactors(
  pass: Pass,
  sequences: Sequence[],
  limits: BatchLimits = { examples: Infinity },
): Generator<undefined, GradientFactors> {
  const lengths = sequences.map(({ ids }) => ids.length);
  const tokens = realTokens(lengths, Math.max(...lengths));
  const parts = new Map<string, Factor[]>();
  const factors = new Map<string, Factor>();
  const values: number[] = [];
  const dispose = (): void => disposeAll(tokens, [...parts.values()], [...factors.values()]);
  let finished = false;
  try {
    for (const part of partsOf(sequences, limits)) {
      for (const step of pass(part)) {
        if (step && "values" in step) values.push(...step.values);
        else if (step)
          parts.set(step.parameter, [...(parts.get(step.parameter) ?? []), keepFactor(step.factor, tokens)]);
        yield;
      }
    }
    const outputs = values.length / sequences.length;
    for (const [parameter, own] of parts) {
      parts.delete(parameter);
      factors.set(parameter, own.length === 1 ? own[0] : tidied(() => joinFactors(own, outputs, tokens)));
      if (own.length > 1) own.forEach(disposePart);
      yield;
    }
    finished = true;
    return { size: sequences.length, outputs, factors, values: Float32Array.from(values), dispose };
  } finally {
    if (!finished) dispose();
  }
}

/** Disposes of a factor that has been joined with others; its tokens are those of the whole block. */
const disposePart = (factor: Factor): void =>
  disposeAll(factor.kind === "matrix" ? [factor.input, factor.delta] : factor);

/** Sequences divided by the limits of one pass, in their order. */
const partsOf = (sequences: Sequence[], limits: BatchLimits): Sequence[][] =>
  limits.examples === Infinity
    ? [sequences]
    : byLength(sequences, limits).map((indices) => indices.map((i) => sequences[i]));

/** Factors share inputs (query, key and value read the same rows), so a kept factor holds clones. */
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

/**
 * One parameter's factors of several passes as one, examples in the passes' order. Shorter passes are padded with zeros,
 * which add nothing to Σ_t δ_t x_tᵀ.
 * @param tokens of all examples together, padded to the longest
 */
function joinFactors(parts: readonly Factor[], outputs: number, tokens: Tokens): Factor {
  const each = <K extends Factor["kind"], T>(kind: K, of: (part: Extract<Factor, { kind: K }>) => T): T[] =>
    parts.map((part) => {
      if (!isOfKind(part, kind)) throw new Error("the factors of a parameter's passes are of several kinds");
      return of(part);
    });
  const join = (own: readonly Factor[]): Factor => joinFactors(own, outputs, tokens);
  const [{ kind }] = parts;
  switch (kind) {
    case "projected":
      return { kind, gradient: join(each(kind, (part) => part.gradient)), sign: join(each(kind, (part) => part.sign)) };
    case "vector": {
      const byOutput = each(kind, ({ gradient }) => gradient.reshape([outputs, -1, gradient.shape[1]!]));
      return { kind, gradient: tf.concat(byOutput, 1).reshape([-1, byOutput[0].shape[2]!]) };
    }
    case "table": {
      const rows = each(kind, (part) => part.rows);
      const deltas = each(kind, (part) => part.delta);
      return { kind, rows: alongExamples(rows, 0), delta: alongExamples(deltas, 1) };
    }
    case "matrix": {
      const inputs = each(kind, (part) => part.input);
      const deltas = each(kind, (part) => part.delta);
      const [owners] = each(kind, (part) => part.tokens.owners);
      return {
        kind,
        input: alongExamples(inputs, 0),
        delta: alongExamples(deltas, 1),
        tokens: owners ? tokens : {},
      };
    }
  }
}

const isOfKind = <K extends Factor["kind"]>(factor: Factor, kind: K): factor is Extract<Factor, { kind: K }> =>
  factor.kind === kind;

/** Concatenates along the axis of examples, after padding the next axis, that of tokens, to the longest. */
function alongExamples(parts: readonly Tensor[], axis: number): Tensor {
  const longest = Math.max(...parts.map(({ shape }) => shape[axis + 1]!));
  const paddings = ({ shape }: Tensor) =>
    shape.map((size, i): [number, number] => [0, i === axis + 1 ? longest - size! : 0]);
  const padded = parts.map((part) => tf.pad(part, paddings(part)));
  return tf.concat(padded, axis);
}
