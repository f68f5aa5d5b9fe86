import { makeControl, type Control } from "./control";

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
    write: (value) => ({ value }),
    read: ({ value }) => (typeof value === "string" ? value : undefined),
    label: (value) => `“${value}”`,
    steps: () => [value],
  });
}
