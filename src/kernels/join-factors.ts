import { tf, type Tensor } from "../model/backend";
import type { Factor } from "./factor";
import type { Tokens } from "./tokens";

/**
 * One parameter's factors of several passes as one, examples in the passes' order. Shorter passes are padded with zeros,
 * which add nothing.
 * @param tokens of all examples together, padded to the longest
 */
export function joinFactors(parts: readonly Factor[], outputs: number, tokens: Tokens): Factor {
  const each = <K extends Factor["kind"]>(kind: K): Extract<Factor, { kind: K }>[] => {
    if (!parts.every((part) => part.kind === kind))
      throw new Error("the factors of a parameter's passes are of several kinds");
    return parts as Extract<Factor, { kind: K }>[];
  };
  const [first] = parts;
  switch (first.kind) {
    case "projected":
      return {
        kind: "projected",
        gradient: joinFactors(
          each("projected").map(({ gradient }) => gradient),
          outputs,
          tokens,
        ),
        sign: joinFactors(
          each("projected").map(({ sign }) => sign),
          outputs,
          tokens,
        ),
      };
    case "vector": {
      const size = first.gradient.shape[1]!;
      const byOutput = each("vector").map(({ gradient }) => gradient.reshape([outputs, -1, size]));
      return { kind: "vector", gradient: tf.concat(byOutput, 1).reshape([-1, size]) };
    }
    case "table":
      return {
        kind: "table",
        rows: joined(
          each("table").map(({ rows }) => rows),
          { examples: 0, tokens: 1 },
        ),
        delta: joined(
          each("table").map(({ delta }) => delta),
          { examples: 1, tokens: 2 },
        ),
      };
    case "matrix":
      return {
        kind: "matrix",
        input: joined(
          each("matrix").map(({ input }) => input),
          { examples: 0, tokens: 1 },
        ),
        delta: joined(
          each("matrix").map(({ delta }) => delta),
          { examples: 1, tokens: 2 },
        ),
        tokens: first.tokens.owners ? tokens : {},
      };
  }
}

/** Concatenates along the axis of examples, after padding the axis of tokens to the longest. */
function joined(parts: readonly Tensor[], axis: { examples: number; tokens: number }): Tensor {
  const longest = Math.max(...parts.map((part) => part.shape[axis.tokens]!));
  const padded = parts.map((part) =>
    tf.pad(
      part,
      part.shape.map((size, i): [number, number] => [0, i === axis.tokens ? longest - size! : 0]),
    ),
  );
  return tf.concat(padded, axis.examples);
}
