/** Elements made in a line, and numbers as readers see them. */

type Child = Node | string | undefined | false;
type Value = string | number | boolean | undefined | ((event: Event) => void);

/** An HTML element: `on…` listens, `--name` and other values become attributes or style properties. Unset ones are left out. */
export const h = <K extends keyof HTMLElementTagNameMap>(
  tag: K,
  values: Record<string, Value> = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] => filled(document.createElement(tag), values, children);

/** The same for SVG. */
export const s = <K extends keyof SVGElementTagNameMap>(
  tag: K,
  values: Record<string, Value> = {},
  ...children: Child[]
): SVGElementTagNameMap[K] => filled(document.createElementNS("http://www.w3.org/2000/svg", tag), values, children);

function filled<E extends HTMLElement | SVGElement>(element: E, values: Record<string, Value>, children: Child[]): E {
  for (const [name, value] of Object.entries(values)) {
    if (value === undefined || value === false) continue;
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    // Through the object model: a page's security policy may refuse style attributes.
    else if (name.startsWith("--")) element.style.setProperty(name, String(value));
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.filter((child): child is Node | string => child !== undefined && child !== false));
  return element;
}

/** A control with its visible label. */
export const labelled = (label: string, control: HTMLElement): HTMLLabelElement =>
  h("label", { class: "field" }, h("span", {}, label), control);

/** A menu of values and their texts. */
export function menu<T extends string>(
  values: readonly (readonly [T, string])[],
  chosen: T,
  onchange: (value: T) => void,
): HTMLSelectElement {
  const select = h(
    "select",
    { onchange: () => onchange(select.value as T) },
    ...values.map(([value, text]) => h("option", { value, selected: value === chosen }, text)),
  );
  return select;
}

/** Three digits, with a minus sign as in print. */
export const number = (value: number): string => {
  const text =
    value !== 0 && Math.abs(value) < 1e-3 ? value.toExponential(1) : Number(value.toPrecision(3)).toLocaleString("en");
  return text.replaceAll("-", "−");
};

/** A number with its sign, always of three digits: for columns. */
export const signed = (value: number): string => {
  const digits =
    Math.abs(value) < 1e-3
      ? number(value)
      : value.toLocaleString("en", { minimumSignificantDigits: 3, maximumSignificantDigits: 3 });
  return `${value > 0 ? "+" : ""}${digits.replaceAll("-", "−")}`;
};

export const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

/** The largest size among numbers, 1 if all are 0. */
export const largestOf = (values: readonly number[]): number =>
  values.reduce((most, value) => Math.max(most, Math.abs(value)), 0) || 1;

/** A value as a colour: its sign is the hue (orange adds, blue takes away), its share of the largest the strength. */
export const tint = (value: number, largest: number): string => {
  const strength = Math.round(100 * Math.min(1, Math.abs(value) / largest) ** 0.6);
  return `color-mix(in srgb, var(--${value < 0 ? "below" : "above"}) ${strength}%, var(--paper))`;
};
