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

/** The place of the first choice among the settings. */
export const startOf = (axes: readonly GridAxis[]): number =>
  axes.reduce((place, { values, start }) => place * values.length + start, 0);
