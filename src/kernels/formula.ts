/** The kernel formulas: K(x, x′) = ⟨∇f(x), ∇f(x′)⟩ of one output, with the gradient's sign in place of the gradient on one or both sides. */

export interface FormulaRow {
  /** The kernel's name in figures and tables. */
  name: string;
  /** Whether the sign is taken on the training and on the evaluation side. */
  signs: { train: boolean; evaluate: boolean };
}

const TABLE = {
  sgd: { name: "K (SGD)", signs: { train: false, evaluate: false } },
  signgd: { name: "K (SignGD)", signs: { train: true, evaluate: true } },
  asymmetric_signgd: { name: "K (A-SignGD)", signs: { train: true, evaluate: false } },
  asymmetric_signgd_flipped: { name: "K (A-SignGD), flipped", signs: { train: false, evaluate: true } },
} satisfies Record<string, FormulaRow>;

/** Name of a kernel formula: of which side of the inner product only signs count. */
export type Formula = keyof typeof TABLE;

/** The names of all kernel formulas. */
export const FORMULAS = Object.keys(TABLE) as Formula[];

/** Whether a formula takes the sign on the training and on the evaluation side. */
export const signsOf = (formula: Formula): FormulaRow["signs"] => TABLE[formula].signs;

/** Whether a formula needs the gradients' signs at all. */
export const takesSigns = (formula: Formula): boolean => signsOf(formula).train || signsOf(formula).evaluate;

/** The formula with the two sides exchanged: for examples with themselves its kernel is this one's transpose. */
export const mirrorOf = (formula: Formula): Formula =>
  FORMULAS.find(
    (other) => signsOf(other).train === signsOf(formula).evaluate && signsOf(other).evaluate === signsOf(formula).train,
  )!;

/** The kernels' names in figures and tables. */
export const KERNEL_NAMES = Object.fromEntries(FORMULAS.map((formula) => [formula, TABLE[formula].name])) as Record<
  Formula,
  string
>;

/** The formulas to compute for examples with themselves: of two that mirror each other, only the first in the table. */
export const withoutMirrors = (formulas: readonly Formula[]): Formula[] => [
  ...new Set(formulas.map((formula) => FORMULAS.find((first) => first === formula || first === mirrorOf(formula))!)),
];

/**
 * A formula's kernel of examples with themselves, [size, size], from those that {@link withoutMirrors} left. Products of
 * float32 gradients are symmetric only up to rounding: for a symmetric formula the lower half is copied from the upper.
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
