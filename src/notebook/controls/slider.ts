import { InputError } from "../../errors";
import { listedControl, optionLabel } from "./choice";
import { makeControl, type Control } from "./control";

/** A range of numbers. */
export interface RangeOptions {
  min: number;
  max: number;
  /** From one value to the next; on a logarithmic scale in powers of ten: 0.25 gives four values a decade. Default: about a hundredth of the range, or 0.1 of a decade. */
  step?: number;
  /** The value at first. One that lies between steps, or outside, is a step more. Default: `min`. */
  value?: number;
  /** Whether steps are added or multiplied. Default: "linear". */
  scale?: "linear" | "log";
}

/** Numbers one by one: `{ values: [1, 10, 100, Infinity] }`. */
export interface NumberListOptions {
  values: readonly number[];
  /** Default: the first. */
  value?: number;
}

/**
 * A slider over numbers: `slider("regularization", { min: 0.001, max: 10, step: 0.25, value: 0.1, scale: "log" })`,
 * or `slider("f0", { values: [1, 10, 100, 1000, Infinity], value: 100 })`.
 */
export function slider(name: string, options: RangeOptions | NumberListOptions): Control<number> {
  return "values" in options ? listSlider(name, options.values, options.value) : rangeSlider(name, options);
}

const listSlider = (name: string, values: readonly number[], start: number | undefined): Control<number> =>
  listedControl(
    "SelectionSlider",
    "DescriptionStyle",
    name,
    values.map((value) => [optionLabel(value), value]),
    start,
    spread,
  );

function rangeSlider(name: string, { min, max, scale = "linear", step, value = min }: RangeOptions): Control<number> {
  const log = scale === "log";
  if (!(min < max) || !Number.isFinite(max - min))
    throw new InputError(`${name}: min must be below max, but they are ${min} and ${max}.`);
  if (log && min <= 0)
    throw new InputError(
      `${name}: a logarithmic scale has no ${min}. Begin above 0, or list the values: { values: [0, 0.01, 0.1] }.`,
    );
  if (Number.isNaN(value)) throw new InputError(`${name}: the value is not a number.`);
  const [low, high] = log ? [min, max].map((end) => exact(Math.log10(end))) : [min, max];
  const by = step ?? (log ? 0.1 : niceStep((high - low) / 100));
  if (!(by > 0 && by <= high - low))
    throw new InputError(`${name}: ${by} is no step from ${low} to ${high}${log ? ", which are powers of ten" : ""}.`);
  // Few digits are enough to tell powers apart; sums only lose what floating-point numbers are off by.
  const digits = log ? Math.max(3, 2 + Math.ceil(-Math.log10(by))) : 12;
  const rounded = (value: number): number => Number(value.toPrecision(digits));
  const at = (place: number): number => rounded(log ? 10 ** (low + place * by) : low + place * by);
  const all = Array.from({ length: Math.floor((high - low) / by + 1e-9) + 1 }, (_, place) => at(place));
  // The page would move the value to one of the steps; a list shows it as it is.
  if (!all.includes(value))
    return listSlider(
      name,
      [...all, value].sort((a, b) => a - b),
      value,
    );
  return makeControl({
    name,
    value,
    kind: log ? "FloatLogSlider" : "FloatSlider",
    style: "SliderStyle",
    state: {
      min: low,
      max: high,
      step: by,
      readout_format: log ? `.${digits}~g` : `.${decimals(by, low)}f`,
      ...(log ? { base: 10 } : {}),
    },
    read: ({ value }) => (typeof value === "number" ? rounded(value) : undefined),
    label: (value) => String(rounded(value)),
    steps: (count) => spread(all, value, count),
  });
}

/** Without what is left over from floating-point steps. */
const exact = (value: number): number => Number(value.toPrecision(12));

/** The largest of 1, 2, 5, 10, 20, … (or 0.5, 0.2, …) that is not above `step`. */
function niceStep(step: number): number {
  const power = 10 ** Math.floor(Math.log10(step) + 1e-9);
  return exact([5, 2, 1].find((factor) => factor * power <= step * (1 + 1e-9))! * power);
}

/** Digits after the point that tell all values apart. */
const decimals = (...numbers: number[]): number =>
  Math.max(...numbers.map((number) => (/\.(\d+)$/.exec(String(number))?.[1] ?? "").length));

/** At most `count` of sorted values at equal distances, both ends among them; the wanted one replaces the nearest. */
export function spread(values: readonly number[], wanted: number, count: number): number[] {
  if (count <= 1) return [wanted];
  const kept =
    values.length <= count
      ? [...values]
      : Array.from({ length: count }, (_, i) => values[Math.round((i * (values.length - 1)) / (count - 1))]);
  if (kept.includes(wanted)) return kept;
  const place = values.indexOf(wanted);
  const distance = (value: number): number => Math.abs(values.indexOf(value) - place);
  const nearest = kept.reduce((best, value) => (distance(value) < distance(best) ? value : best));
  return kept.map((value) => (value === nearest ? wanted : value));
}
