/**
 * How initial weights and learning rates have to change with the width n, so that training does the same at every width.
 *
 * "mup", the maximal update parameterization (Yang and Hu, 2021): in every step each hidden unit moves by Θ(1), if the loss's
 * derivative χ is Θ(1), and so does f. Weights start as W₁ ~ 1/√d (units of Θ(1)), W₂ ~ 1/√n (a sum of n independent terms of
 * Θ(1)), v ~ 1/n (a trained head adds up n units that agree). Then δ₂ = v ⊙ tanh′ ~ 1/n, and δ₁ = (W₂ᵀ δ₂) ⊙ tanh′ ~ 1/n, so that:
 *
 * | weight | its gradient, each entry | must move by, for Δh or Δf of Θ(1) | SGD's rate | SignGD's rate |
 * |---|---|---|---|---|
 * | W₁ | δ₁ xᵀ ~ 1/n | 1 (d terms) | n | 1 |
 * | W₂ | δ₂ z₁ᵀ ~ 1/n | 1/n (n terms that agree) | 1 | 1/n |
 * | v | z₂ ~ 1 | 1/n (n terms that agree) | 1/n | 1/n |
 *
 * A sign forgets the size of the gradient, so that SignGD's rate is the movement itself. It forgets the size of χ too: where SGD's
 * steps shrink with χ by themselves, SignGD's rate has to be multiplied by χ's size (width-lab.ts does it).
 *
 * "lazy", the neural-tangent-kernel scaling of a network from a random start: as above but v ~ 1/√n, hence δ ~ 1/√n and f of Θ(1)
 * at the start. Rates are the largest for which f moves by Θ(1): of ⟨∇f, ∇f⟩ the three weights contribute Θ(1), Θ(n), Θ(n), so that
 * SGD has the rates 1, 1/n, 1/n; of Σ|∂f/∂w| they contribute √n, n^(3/2), n, and SignGD has their inverses. Each hidden unit
 * then moves by 1/√n only: features stay, and the kernel does.
 *
 * Rates of W₁ are divided by the number of inputs d, for an input's squared norm is d. The exponents are derived here;
 * we had no text of the paper's appendix to compare with.
 */
import type { PerLayer } from "./wide-network";

export type Parameterization = "mup" | "lazy";
/** Optimizers of the width experiment. */
export type SimpleOptimizer = "sgd" | "signgd";

/** Standard deviations of the initial weights. */
export function initialDeviations(parameterization: Parameterization, width: number, inputs: number): PerLayer {
  return {
    input: 1 / Math.sqrt(inputs),
    hidden: 1 / Math.sqrt(width),
    output: parameterization === "mup" ? 1 / width : 1 / Math.sqrt(width),
  };
}

/** Learning rates for a base rate of 1. */
export function widthRates(
  parameterization: Parameterization,
  optimizer: SimpleOptimizer,
  width: number,
  inputs: number,
): PerLayer {
  const rates: Record<Parameterization, Record<SimpleOptimizer, PerLayer>> = {
    mup: {
      sgd: { input: width, hidden: 1, output: 1 / width },
      signgd: { input: 1, hidden: 1 / width, output: 1 / width },
    },
    lazy: {
      sgd: { input: 1, hidden: 1 / width, output: 1 / width },
      signgd: { input: width ** -0.5, hidden: width ** -1.5, output: 1 / width },
    },
  };
  const { input, hidden, output } = rates[parameterization][optimizer];
  return { input: input / inputs, hidden, output };
}

/** Learning rates for another base rate. */
export const scaledRates = ({ input, hidden, output }: PerLayer, factor: number): PerLayer => ({
  input: input * factor,
  hidden: hidden * factor,
  output: output * factor,
});
