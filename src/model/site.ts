import type { Tensor } from "./backend";

/**
 * A place where parameters enter the forward pass, with what the gradient of each example is made of there.
 * B examples, T tokens (or read rows), C outputs; δ is the derivative of output c with respect to the site's result.
 */
export type Site =
  /** y = x Wᵀ + b: the gradient of W is Σ_t δ_t x_tᵀ, that of b is Σ_t δ_t. */
  | { kind: "linear"; weight: string; bias?: string; input: Tensor /* [B,T,in] */; delta: Tensor /* [C,B,T,out] */ }
  /** y = γ ⊙ x̂ + β: the gradient of γ is Σ_t δ_t ⊙ x̂_t, that of β is Σ_t δ_t. */
  | { kind: "norm"; weight: string; bias: string; input: Tensor /* x̂ [B,T,H] */; delta: Tensor /* [C,B,T,H] */ }
  /** y_t = E[row_t]: the gradient of E is δ_t added to row_t. */
  | { kind: "rows"; table: string; rows: Tensor /* int32 [B,T] */; delta: Tensor /* [C,B,T,H] */ };

/** What one step of a backward pass gives: δ of the step's input, and the sites that it passed, in order. */
export interface Backward {
  delta: Tensor;
  sites: Site[];
}
