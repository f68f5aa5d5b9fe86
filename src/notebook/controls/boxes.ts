import { makeControl, type Control } from "./control";

/** A box to tick: `toggle("standardize", { value: true })`. */
export function toggle(name: string, { value = false }: { value?: boolean } = {}): Control<boolean> {
  return makeControl({
    name,
    value,
    kind: "Checkbox",
    style: "CheckboxStyle",
    label: (value) => (value ? "yes" : "no"),
    steps: (count) => (count >= 2 ? [false, true] : [value]),
  });
}

export interface TextBoxOptions {
  /** The text at first. Default: none. */
  value?: string;
  /** Stands in the empty box. */
  placeholder?: string;
}

/** A line to write into, taken with the Enter key or when the reader leaves it: `textBox("sentence", { value: "A fine film." })`. */
export function textBox(name: string, { value = "", placeholder = "" }: TextBoxOptions = {}): Control<string> {
  return makeControl({
    name,
    value,
    kind: "Text",
    style: "TextStyle",
    state: { continuous_update: false, placeholder },
    label: (value) => `“${value}”`,
    steps: () => [value],
  });
}
