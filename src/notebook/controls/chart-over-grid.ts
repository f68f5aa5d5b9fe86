import { isDeepStrictEqual } from "node:util";
import type { VegaLiteSpec } from "../static-chart";
import { isObject } from "../values/facts";
import type { Control } from "./control";

/** The values of one control to compute in advance. */
export interface GridAxis {
  name: string;
  values: readonly unknown[];
  labels: readonly string[];
  /** Which of them is chosen at first. */
  start: number;
}

/** Controls that come after one in `gridAxes` should get so many values each, at least. */
const FEWEST = 3;

/**
 * Values of every control, so that together they make at most `most` settings: all values of what has few, and as many
 * of a slider's as there is room for.
 */
export function gridAxes(controls: readonly Control<unknown>[], most: number): GridAxis[] {
  const all = (control: Control<unknown>): number => control.steps(Infinity).length;
  const axes = new Map<Control<unknown>, GridAxis>();
  let room = Math.max(1, most);
  const order = [...controls].sort((a, b) => all(a) - all(b));
  for (const [place, control] of order.entries()) {
    const later = order.length - place - 1;
    const share = all(control) * FEWEST ** later <= room ? all(control) : Math.floor(room ** (1 / (later + 1)) + 1e-9);
    const values = control.steps(Math.max(1, share));
    axes.set(control, {
      name: control.name,
      values,
      labels: values.map((value) => control.label(value)),
      start: values.findIndex((value) => Object.is(value, control.value)),
    });
    room = Math.floor(room / values.length);
  }
  return controls.map((control) => axes.get(control)!);
}

/** Every setting of a grid: the last axis changes fastest. */
export const settingsOf = (axes: readonly GridAxis[]): unknown[][] =>
  axes.reduce<unknown[][]>(
    (all, { values }) => all.flatMap((setting) => values.map((value) => [...setting, value])),
    [[]],
  );

/** The place of the initial values among the settings. */
export const startOf = (axes: readonly GridAxis[]): number =>
  axes.reduce((place, { values, start }) => place * values.length + start, 0);

/** The parameter that says which setting is chosen, and the field of every row that says which it belongs to. */
const CHOSEN = "chosen_setting";
/** The parameter with the title of every setting. */
const READINGS = "setting_titles";

/**
 * One chart in place of one for each setting: sliders and menus choose the rows that are drawn. Its title has the
 * chosen values below it, so that a still picture tells them, too.
 *
 * @param charts of every setting, in the order of `settingsOf`
 * @returns undefined where the charts differ in more than their inline data, its ranges and orders, and their title
 */
export function chartOverGrid(axes: readonly GridAxis[], charts: readonly VegaLiteSpec[]): VegaLiteSpec | undefined {
  const specs = charts.map((chart) => JSON.parse(JSON.stringify(chart)) as VegaLiteSpec); // as the page gets them, without entries that are undefined
  const { description } = specs[startOf(axes)];
  const bare = merged(specs.map(({ title: _title, description: _description, params: _params, ...rest }) => rest));
  if (
    !bare ||
    !isDeepStrictEqual(
      specs.map(({ params }) => params),
      specs.map(() => specs[0].params),
    )
  )
    return undefined;
  const titles = specs.map(({ title }) => titleOf(title));
  if (!titles.every(({ look }) => isDeepStrictEqual(look, titles[0].look))) return undefined;
  const choosers = axes.map(chooser);
  const readings = titles.map(({ lines }, place) => [...lines, readingAt(axes, place)]);
  return {
    ...(bare as VegaLiteSpec),
    ...(description === undefined ? {} : { description }),
    title: { ...titles[0].look, text: { expr: `${READINGS}[${CHOSEN}]` } },
    params: [
      ...((specs[0].params as object[] | undefined) ?? []),
      { name: READINGS, value: readings },
      ...choosers.map(({ param }) => param),
      {
        name: CHOSEN,
        expr: choosers
          .map(({ place }) => place)
          .reduce((whole, place, i) => `(${whole}) * ${axes[i].values.length} + ${place}`),
      },
    ],
  };
}

/** What several specifications have in common, with the rows of all where they differ in those; undefined where they differ in more. */
function merged(parts: readonly unknown[]): unknown {
  const [first] = parts;
  if (parts.every((part) => isDeepStrictEqual(part, first))) return first;
  if (parts.every((part) => Array.isArray(part) && part.length === (first as unknown[]).length))
    return complete((first as unknown[]).map((_, i) => merged(parts.map((part) => (part as unknown[])[i]))));
  if (!parts.every(isObject)) return undefined;
  const keys = Object.keys(first as object);
  if (!parts.every((part) => isDeepStrictEqual(Object.keys(part), keys))) return undefined;
  const own = keys.map((key) => {
    const values = parts.map((part) => part[key]);
    return values.every((value) => isDeepStrictEqual(value, values[0])) ? values[0] : (special[key] ?? merged)(values);
  });
  if (!complete(own)) return undefined;
  const whole: Record<string, unknown> = Object.fromEntries(keys.map((key, i) => [key, own[i]]));
  const differs = keys.includes("data") && !parts.every((part) => isDeepStrictEqual(part.data, parts[0].data));
  return differs
    ? {
        ...whole,
        transform: [{ filter: `datum.${CHOSEN} === ${CHOSEN}` }, ...((whole.transform as object[] | undefined) ?? [])],
      }
    : whole;
}

/** What may differ under these keys, and how it becomes one. */
const special: Record<string, ((all: readonly unknown[]) => unknown) | undefined> = {
  data: mergedData,
  transform: () => undefined,
  domain: mergedDomain,
  sort: mergedSort,
};

/** A range of numbers becomes the range of all, so that the axis stands still. */
function mergedDomain(all: readonly unknown[]): unknown {
  const isRange = (domain: unknown): domain is [number, number] =>
    Array.isArray(domain) &&
    domain.length === 2 &&
    domain.every((end) => typeof end === "number") &&
    domain[0] <= domain[1];
  return all.every(isRange)
    ? [Math.min(...all.map(([low]) => low)), Math.max(...all.map(([, high]) => high))]
    : undefined;
}

/** A list by which values are sorted becomes a list of all values in which those of each chart are in their order. */
function mergedSort(all: readonly unknown[]): unknown {
  if (!all.every((list): list is unknown[] => Array.isArray(list))) return undefined;
  const longest = Math.max(...all.map((list) => list.length));
  const whole = [
    ...new Set(Array.from({ length: longest }, (_, place) => all.map((list) => list[place])).flat()),
  ].filter((value): value is NonNullable<unknown> => value != null);
  const places = (list: readonly unknown[]): number[] =>
    list.map((value) => whole.indexOf(value as NonNullable<unknown>));
  const inOrder = (list: readonly unknown[]): boolean =>
    places(list).every((place, i, all) => i === 0 || all[i - 1] < place);
  return all.every(inOrder) ? whole : undefined;
}

/** Inline data of all, each row with the place of its setting. */
function mergedData(all: readonly unknown[]): unknown {
  if (!all.every((data): data is { values: unknown[] } => isObject(data) && Array.isArray(data.values)))
    return undefined;
  const rest = all.map(({ values: _values, ...others }) => others);
  if (!rest.every((others) => isDeepStrictEqual(others, rest[0]))) return undefined;
  return {
    ...rest[0],
    values: all.flatMap(({ values }, place) =>
      values.map((row) => ({ ...(isObject(row) ? row : { data: row }), [CHOSEN]: place })),
    ),
  };
}

const complete = (parts: unknown[]): unknown[] | undefined => (parts.includes(undefined) ? undefined : parts);

/** A title's lines, and its other properties. */
function titleOf(title: unknown): { lines: string[]; look: Record<string, unknown> } {
  if (isObject(title))
    return {
      lines: [title.text ?? []].flat().map(String),
      look: Object.fromEntries(Object.entries(title).filter(([key]) => key !== "text")),
    };
  return { lines: [title ?? []].flat().map(String), look: { anchor: "start" } };
}

/** "regularization 0.1, f0 ∞". */
function readingAt(axes: readonly GridAxis[], place: number): string {
  const parts: string[] = [];
  for (const { name, labels } of [...axes].reverse()) {
    parts.unshift(`${name} ${labels[place % labels.length]}`);
    place = Math.floor(place / labels.length);
  }
  return parts.join(", ");
}

/**
 * How the chart lets choose on an axis: its parameter, and the place of the chosen value as an expression. Evenly spaced
 * numbers get a slider, yes and no a box to tick, everything else a menu: each with the values themselves.
 */
function chooser({ name: title, values, labels, start }: GridAxis, axis: number): { param: object; place: string } {
  const name = `control_${axis}`;
  const label = `${title} `;
  if (values.length < 2) return { param: { name, value: labels[start] }, place: "0" };
  if (isDeepStrictEqual(values, [false, true])) {
    const bind = { input: "checkbox", name: label };
    return { param: { name, value: values[start], bind }, place: `(${name} ? 1 : 0)` };
  }
  const step = stepOf(values);
  if (step === undefined) {
    const bind = { input: "select", options: labels, name: label };
    return { param: { name, value: labels[start], bind }, place: `indexof(${JSON.stringify(labels)}, ${name})` };
  }
  const bind = { input: "range", min: values[0], max: values.at(-1), step, name: label };
  return { param: { name, value: values[start], bind }, place: `round((${name} - ${String(values[0])}) / ${step})` };
}

/** The distance of evenly spaced numbers; undefined for everything else. */
function stepOf(values: readonly unknown[]): number | undefined {
  if (
    values.length < 3 ||
    !values.every((value): value is number => typeof value === "number" && Number.isFinite(value))
  )
    return undefined;
  const step = Number((values[1] - values[0]).toPrecision(9));
  return step > 0 && values.every((value, i) => Math.abs(value - (values[0] + i * step)) < 1e-6 * step)
    ? step
    : undefined;
}
