/** What is measured on every task, in the order of the tables' columns. */
import type { Formula } from "../../kernels/formula";
import type { OptimizerName } from "../../finetune/optimizer";

/** How a method gets its predictions. */
export type Procedure =
  | { kind: "zero-shot" | "best-biases" | "bag-of-words" }
  | { kind: "kernel"; prompted: boolean; formula: Exclude<Formula, "asymmetric_signgd_flipped"> }
  | { kind: "fine-tuning"; prompted: boolean; optimizer: Exclude<OptimizerName, "signgd"> };

export interface Method {
  name: string;
  title: string;
  procedure: Procedure;
  /** Measured only when asked for by name. */
  optional?: boolean;
}

export const methods: readonly Method[] = [
  { name: "zero-shot", title: "zero-shot", procedure: { kind: "zero-shot" } },
  { name: "best-threshold", title: "best threshold (sees test labels)", procedure: { kind: "best-biases" } },
  { name: "bag-of-words", title: "bag of words", procedure: { kind: "bag-of-words" } },
  { name: "sgd-ft", title: "SGD-FT", procedure: { kind: "fine-tuning", prompted: true, optimizer: "sgd" } },
  { name: "adamw-ft", title: "AdamW-FT", procedure: { kind: "fine-tuning", prompted: true, optimizer: "adamw" } },
  { name: "k-sgd", title: "K_SGD", procedure: { kind: "kernel", prompted: true, formula: "sgd" } },
  { name: "k-signgd", title: "K_SignGD", procedure: { kind: "kernel", prompted: true, formula: "signgd" } },
  { name: "k-a-signgd", title: "K_A-SignGD", procedure: { kind: "kernel", prompted: true, formula: "asymmetric_signgd" } },
  { name: "unprompted-k-sgd", title: "unprompted K_SGD", procedure: { kind: "kernel", prompted: false, formula: "sgd" } },
  { name: "unprompted-sgd-ft", title: "unprompted SGD-FT", procedure: { kind: "fine-tuning", prompted: false, optimizer: "sgd" }, optional: true },
  { name: "unprompted-adamw-ft", title: "unprompted AdamW-FT", procedure: { kind: "fine-tuning", prompted: false, optimizer: "adamw" }, optional: true },
];

/** @throws naming the known methods if there is none of that name */
export function methodByName(name: string): Method {
  const method = methods.find((candidate) => candidate.name === name);
  if (!method) throw new Error(`there is no method ${JSON.stringify(name)}; known: ${methods.map((known) => known.name).join(", ")}`);
  return method;
}
