import { makeControl, type Control } from "./control";

/** A box to tick: `toggle("standardize", { value: true })`. */
export function toggle(name: string, { value = false }: { value?: boolean } = {}): Control<boolean> {
  return makeControl({
    name,
    value,
    kind: "Checkbox",
    style: "CheckboxStyle",
    write: (value) => ({ value }),
    read: ({ value }) => (typeof value === "boolean" ? value : undefined),
    label: (value) => (value ? "yes" : "no"),
    steps: (count) => (count >= 2 ? [false, true] : [value]),
  });
}
