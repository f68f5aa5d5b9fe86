/** The kernel formulas: K(x, x′) = ⟨∇f(x), ∇f(x′)⟩ of one output, with the gradient's sign in place of the gradient on some sides. */

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

/** The formula with the two sides exchanged. Of examples with themselves its kernel is this one's transpose. */
export const mirrorOf = (formula: Formula): Formula =>
  FORMULAS.find(
    (other) => signsOf(other).train === signsOf(formula).evaluate && signsOf(other).evaluate === signsOf(formula).train,
  )!;

/** The kernels' names in figures and tables. */
export const KERNEL_NAMES = Object.fromEntries(FORMULAS.map((formula) => [formula, TABLE[formula].name])) as Record<
  Formula,
  string
>;
