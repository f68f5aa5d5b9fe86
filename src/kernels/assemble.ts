/** From finished blocks to the whole kernel. */
import type { KernelBlock } from "./block";
import { mirrorOf, type Formula } from "./formula";
import type { KernelTensor, LogitsTensor } from "./kernel-tensor";
import type { KernelPlan, PlannedBlock } from "./plan";

export interface AssembledKernel {
  kernels: Map<Formula, KernelTensor>;
  /** With a breakdown: each parameter's share, by formula and parameter name; the shares of a formula add up to its kernel. */
  shares: Map<Formula, Map<string, KernelTensor>>;
  /** The C outputs f_c on both sides, from the same forward passes. */
  trainLogits: LogitsTensor;
  evaluateLogits: LogitsTensor;
}

export function emptyKernel({ settings, train, evaluate }: KernelPlan): AssembledKernel {
  const c = settings.outputs.combine.length;
  const logits = (n: number): LogitsTensor => ({ values: new Float32Array(n * c), shape: [n, c] });
  return {
    kernels: new Map(settings.formulas.map((formula) => [formula, zeros(train.length, evaluate.length, c)])),
    shares: new Map(
      settings.breakdown ? settings.formulas.map((formula) => [formula, new Map<string, KernelTensor>()]) : [],
    ),
    trainLogits: logits(train.length),
    evaluateLogits: logits(evaluate.length),
  };
}

const zeros = (n: number, m: number, c: number): KernelTensor => ({
  values: new Float64Array(n * c * m * c),
  shape: [n, c, m, c],
});

/** Copies a block's numbers to their examples' places and, in a kernel of examples with themselves, to those of their mirror images. */
export function placeBlock(whole: AssembledKernel, block: KernelBlock, planned: PlannedBlock): void {
  for (const [formula, target] of whole.kernels)
    placeFormula(target, formula, planned, (name) => block.kernels.get(name));
  for (const [formula, byParameter] of whole.shares) {
    const parameters = new Set([...block.shares.values()].flatMap((shares) => [...shares.keys()]));
    for (const parameter of parameters) {
      const from = (name: Formula): Float64Array | undefined => block.shares.get(name)?.get(parameter);
      const [n, c, m] = whole.kernels.get(formula)!.shape;
      if (!byParameter.has(parameter)) byParameter.set(parameter, zeros(n, m, c));
      placeFormula(byParameter.get(parameter)!, formula, planned, from);
    }
  }
  placeLogits(whole.trainLogits, block.trainLogits, planned.row);
  placeLogits(whole.evaluateLogits, block.evaluateLogits, planned.column);
}

function placeFormula(
  target: KernelTensor,
  formula: Formula,
  { row, column, symmetry }: PlannedBlock,
  of: (formula: Formula) => Float64Array | undefined,
): void {
  const [, c, total] = target.shape;
  const [own, mirror] = [of(formula), symmetry === "above" ? of(mirrorOf(formula)) : undefined];
  let from = 0;
  for (const example of row)
    for (let a = 0; a < c; a++)
      for (const other of column)
        for (let b = 0; b < c; b++, from++) {
          if (own) target.values[((example * c + a) * total + other) * c + b] = own[from];
          if (mirror) target.values[((other * c + b) * total + example) * c + a] = mirror[from];
        }
}

function placeLogits(target: LogitsTensor, from: Float32Array, examples: readonly number[]): void {
  const width = target.shape[1];
  examples.forEach((example, i) => target.values.set(from.subarray(i * width, (i + 1) * width), example * width));
}
