import { FORMULAS } from "../kernels/formula";
import { field, type Field } from "./field";

/** Fields of the parameters that many notebooks have, by name: a notebook describes only those of its own. */
export const recurringFields = {
  model: field.folderOrModel(),
  taskName: field.task(),
  data: field.fewShotData(),
  template: field.template(),
  labelWords: field.labelWords(),
  k: field.count(),
  seed: field.seed(),
  seeds: field.list(field.seed()),
  testExamples: field.count(),
  /** A kernel that least squares can solve with: symmetric. */
  formula: field.oneOf(FORMULAS.filter((formula) => !formula.startsWith("asymmetric"))),
  regularization: field.number({ from: 0 }),
  regularizations: field.list(field.number({ from: 0 })),
  f0: field.positive({ infinite: true }),
  f0s: field.list(field.positive()),
  learningRates: field.list(field.positive()),
  sgdRates: field.list(field.positive()),
  adamRates: field.list(field.positive()),
  signRates: field.list(field.positive()),
  steps: field.count(),
  batchSize: field.count(),
  evaluateEvery: field.count(),
  featureExamples: field.count(),
} satisfies Record<string, Field>;

export type RecurringName = keyof typeof recurringFields;
