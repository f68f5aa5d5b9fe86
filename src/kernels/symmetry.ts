/** Kernels of examples with themselves: K[i,a,j,b] against K[j,b,i,a]. */
import { FORMULAS, mirrorOf, type Formula } from "./formula";

/** The formulas to compute for examples with themselves: of two that mirror each other only the first of the table. */
export const withoutMirrors = (formulas: readonly Formula[]): Formula[] => [
  ...new Set(formulas.map((formula) => FORMULAS.find((first) => first === formula || first === mirrorOf(formula))!)),
];

/**
 * The asked formula's square kernel [size, size] from those that {@link withoutMirrors} left. Products of float32
 * gradients are symmetric up to rounding only: of a symmetric formula both halves get the upper one's numbers.
 */
export function fromOwnProducts(
  formula: Formula,
  computed: ReadonlyMap<Formula, Float64Array>,
  size: number,
): Float64Array {
  const own = computed.get(formula);
  const transposed = own === undefined;
  const from = own ?? computed.get(mirrorOf(formula))!;
  const symmetric = mirrorOf(formula) === formula;
  const result = new Float64Array(from.length);
  for (let i = 0; i < size; i++)
    for (let j = 0; j < size; j++)
      result[i * size + j] = transposed || (symmetric && i > j) ? from[j * size + i] : from[i * size + j];
  return result;
}
