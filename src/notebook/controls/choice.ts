import { InputError } from "../../errors";
import { makeControl, type Control } from "./control";

export interface ChoiceOptions<Value> {
  /** Chosen at first, one of the values. Default: the first. */
  value?: Wide<Value>;
}

/** The type of a text or number in a variable does not say which one it is: whether it is among the values is checked when the cell runs. */
type Wide<Value> = Value extends string ? string : Value extends number ? number : Value;

/** Texts keep their own types: "lstsq" | "logistic". */
type Plain = string | number | boolean | bigint | null;

type Choices<Value> = readonly Value[] | Readonly<Record<string, Value>>;

/**
 * A menu of values: `choice("f0", [1, 10, 100, Infinity])`, or with other names
 * `choice("solver", { "least squares": "lstsq", "logistic regression": "logistic" })`.
 */
export function choice<const Value extends Plain>(
  name: string,
  options: Choices<Value>,
  chosen?: ChoiceOptions<NoInfer<Value>>,
): Control<Value>;
export function choice<Value>(
  name: string,
  options: Choices<Value>,
  chosen?: ChoiceOptions<NoInfer<Value>>,
): Control<Value>;
export function choice<Value>(
  name: string,
  options: Choices<Value>,
  { value }: ChoiceOptions<Value> = {},
): Control<Value> {
  const entries: [string, Value][] = Array.isArray(options)
    ? (options as readonly Value[]).map((option) => [optionLabel(option), option])
    : Object.entries(options);
  return listedControl("Dropdown", "DescriptionStyle", name, entries, value as Value | undefined);
}

/** A control whose values stand in a list, by label. */
export function listedControl<Value>(
  kind: string,
  style: string,
  name: string,
  entries: readonly [label: string, value: Value][],
  start: Value | undefined,
  some: (values: readonly Value[], value: Value, count: number) => Value[] = allOrOne,
): Control<Value> {
  const [labels, values] = [entries.map(([label]) => label), entries.map(([, value]) => value)];
  const place = (value: Value): number => values.findIndex((one) => Object.is(one, value));
  const label = (value: Value): string => labels[place(value)] ?? optionLabel(value);
  if (entries.length === 0) throw new InputError(`${name}: there is nothing to choose from.`);
  const twice = labels.find((one, i) => labels.indexOf(one) < i);
  if (twice !== undefined) throw new InputError(`${name}: there are two values called ${twice}.`);
  const value = start ?? values[0];
  if (place(value) < 0)
    throw new InputError(`${name}: ${label(value)} is not among the values, which are ${labels.join(", ")}.`);
  return makeControl({
    name,
    value,
    kind,
    style,
    state: { _options_labels: labels },
    write: (value) => ({ index: place(value) }),
    read: ({ index }) => (typeof index === "number" ? values[index] : undefined),
    label,
    steps: (count) => some(values, value, count),
  });
}

/** Some of a menu's values would be an odd choice. */
const allOrOne = <Value>(values: readonly Value[], value: Value, count: number): Value[] =>
  values.length <= count ? [...values] : [value];

/** A value as a reader sees it: texts as they are, infinity as its sign. */
export function optionLabel(value: unknown): string {
  if (typeof value === "string") return value;
  if (value === Infinity) return "∞";
  return typeof value === "object" && value !== null ? JSON.stringify(value) : String(value);
}
