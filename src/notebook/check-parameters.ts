import { InputError } from "../errors";
import { FORMULAS } from "../kernels/formula";
import { field, parameterText, type Field } from "./field";
import { readDefaults } from "./parameters";
import { showTable } from "./show-table";

/** Fields of the parameters that many notebooks have, by name: a notebook describes only the others. */
export const recurringFields = {
  model: field.folderOrModel(),
  taskName: field.task(),
  data: field.fewShotData(),
  template: field.template(),
  labelWords: field.labelWords(),
  maxLength: field.count(),
  firstSentenceLimit: field.optional(field.count()),
  otherSentenceLimit: field.optional(field.count()),
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

type OwnName<Values> = Exclude<keyof Values & string, RecurringName>;

/** A field for every parameter that is not among the recurring ones; for those that are, another field where the notebook needs one. */
export type OwnFields<Values> = Record<OwnName<Values>, Field> & Partial<Record<keyof Values & string, Field>>;

/**
 * Refuses wrong parameters before any long computation starts, and shows all of them as a table: value, default if it
 * differs, meaning, and what is allowed.
 *
 * A notebook calls it in a separate cell right after the parameters cell, with its own name (that of its file), every
 * parameter, and a field for those that are not among `recurringFields`, or have narrower limits than there:
 *
 *     // Check the parameters before any long computation starts
 *     checkParameters("05-prompts", { model, taskName, data, k, seeds, widths, threshold }, {
 *       taskName: field.task({ classes: 2 }),
 *       widths: field.list(field.count({ from: 2, to: 4096 }), { rising: true }),
 *       threshold: field.share(),
 *     });
 *
 * Defaults and meanings are not repeated there: the one place for them is the parameters cell, `let k = 16; // meaning`.
 * After a change of it `npm run notebook:check -- --keep-defaults` renews the copy in `notebooks/defaults`, which
 * is what this function reads; the checks of `npm test` fail until then, or when a parameter is missing in the call.
 * A notebook without such a copy gets a table without defaults.
 *
 * @param notebook name of the notebook's file, without .ipynb
 * @param values every parameter by its name
 * @param own fields of the notebook's own parameters
 * @throws one error for all wrong values: parameter, value, what is allowed, default
 */
export function checkParameters<Values extends object>(
  notebook: string,
  values: Values,
  ...[own]: [OwnName<Values>] extends [never] ? [OwnFields<Values>?] : [OwnFields<Values>]
): void {
  const fields: Record<string, Field | undefined> = { ...recurringFields, ...own };
  const defaults = readDefaults(notebook) ?? [];
  const all = values as Readonly<Record<string, unknown>>;
  const parameters = Object.entries(all).map(([name, value]) => {
    const standard = defaults.find((parameter) => parameter.name === name);
    const kept = standard && parameterText(standard.value);
    return { name, value, text: parameterText(value), field: fieldOf(fields, name), kept, meaning: standard?.comment };
  });

  const wrong = parameters.flatMap(({ name, value, text, field, kept }) => {
    const reason = field.refuse(value, all);
    return reason === undefined ? [] : [`${name} = ${text} ${reason}${kept ? ` (default: ${kept})` : ""}.`];
  });
  if (wrong.length > 0)
    throw new InputError(
      `${wrong.join("\n")}\nChange ${wrong.length === 1 ? "it" : "them"} in the parameters cell, or in --set, and run again.`,
    );

  const rows = parameters.map(({ name, text, field: { allowed }, kept = "none", meaning }) => ({
    parameter: name,
    value: text,
    ...(defaults.length === 0 ? {} : { default: kept === text ? "the same" : kept }),
    "meaning, and what is allowed": meaning ? `${meaning} (${allowed})` : allowed,
  }));
  const changed = parameters.filter(({ text, kept }) => text !== kept).map(({ name }) => name);
  const caption =
    changed.length === 0
      ? `All ${rows.length} parameters are at their default`
      : `Not at their default: ${changed.join(", ")}`;
  showTable(rows, {
    caption: defaults.length === 0 ? `${rows.length} parameters; no defaults are kept for ${notebook}` : caption,
  });
}

function fieldOf(fields: Record<string, Field | undefined>, name: string): Field {
  const field = fields[name];
  if (field === undefined)
    throw new InputError(
      `checkParameters: the parameter ${name} has no field. Give it one, such as { ${name}: field.count() }.`,
    );
  return field;
}
