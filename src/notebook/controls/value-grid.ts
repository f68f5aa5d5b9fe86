import type { Control } from "./control";

/** The values of one control to compute in advance. */
export interface GridAxis {
  name: string;
  values: readonly unknown[];
  labels: readonly string[];
  /** Which of them is chosen at first. */
  start: number;
}

/**
 * Values of every control, so that together they make at most `most` settings: all values of what has few, and as many
 * of a slider's as there is room for.
 */
export function gridAxes(controls: readonly Control<unknown>[], most: number): GridAxis[] {
  const fewest = (control: Control<unknown>): number => control.steps(Infinity).length;
  const counts = new Map<Control<unknown>, number>();
  let room = Math.max(1, most);
  const order = [...controls].sort((a, b) => fewest(a) - fewest(b));
  for (const [place, control] of order.entries()) {
    const share = Math.floor(room ** (1 / (order.length - place)) + 1e-9);
    const own = control.steps(Math.max(1, share)).length;
    counts.set(control, own);
    room = Math.floor(room / own);
  }
  return controls.map((control) => {
    const values = control.steps(counts.get(control)!);
    return { name: control.name, values, labels: values.map((value) => control.label(value)), start: values.findIndex((value) => Object.is(value, control.value)) };
  });
}

/** Every setting of a grid: the last axis changes fastest. */
export const settingsOf = (axes: readonly GridAxis[]): unknown[][] =>
  axes.reduce<unknown[][]>((all, { values }) => all.flatMap((setting) => values.map((value) => [...setting, value])), [[]]);

/** The place of the first choice among the settings. */
export const startOf = (axes: readonly GridAxis[]): number => axes.reduce((place, { values, start }) => place * values.length + start, 0);
