import type { Tensor } from "../model/backend";
import type { Tokens } from "./tokens";

/** The gradients of one parameter for B examples and C outputs. */
export type Factor =
  /** A weight's: Σ_t δ_t x_tᵀ. */
  | { kind: "matrix"; input: Tensor /* [B,T,in] */; delta: Tensor /* [C,B,T,out] */; tokens: Tokens }
  /** A bias's or a norm's, formed already. */
  | { kind: "vector"; gradient: Tensor /* [C·B, size] */ }
  /** A table's: δ_t added to row_t; zero in all rows that the example does not use. */
  | { kind: "table"; rows: Tensor /* int32 [B,T] */; delta: Tensor /* [C,B,T,H] */ }
  /** A gradient and its signs, both as projected: no longer does one follow from the other. */
  | { kind: "projected"; gradient: Factor; sign: Factor };

/** What a pass gives, step by step: a pause, the outputs [B, C], or one parameter's factor, which lives until the next step. */
export type PassStep = undefined | { values: Float32Array } | { parameter: string; factor: Factor };
