import { InputError } from "../../errors";
import { commHost, type CommHost } from "../comm";
import { displayMethod } from "../show-value";
import type { MimeBundle } from "../display-sink";
import { openWidget, reference, WIDGET_TARGET, widgetBundle, type Widget, type WidgetState } from "./widget";

/** What a reader moves on the page to choose a value. As the last line of a cell it shows itself; later cells read its `value`. */
export interface Control<Value> {
  /** What it is called on the page. */
  readonly name: string;
  /** The value now. Setting it moves the control. */
  value: Value;
  /** Has `handler` take every new value, moved on the page or set. */
  onChange(handler: (value: Value) => void | Promise<void>): void;
  /** How a value is written: "0.1", "∞". */
  label(value: Value): string;
  /** At most `count` values to compute in advance, the value now among them; it alone where there is no list to take from. */
  steps(count: number): Value[];
  /** Its widget on the pages of `host`. `nameWidth` is that of the longest of the names which stand one below the other, in characters. */
  widget(host: CommHost, nameWidth?: number): Widget;
  [displayMethod](): MimeBundle;
}

export interface ControlParts<Value> {
  name: string;
  value: Value;
  /** The widget's name in ipywidgets, that of its style, and its state without value, name, layout and style. */
  kind: string;
  style: string;
  state?: WidgetState;
  /** The part of the widget's state that is the value. Default: `value`, the value itself. */
  write?(value: Value): WidgetState;
  /** The value in a changed state, or undefined where the change is about something else. Default: what `write` writes by default. */
  read?(changes: WidgetState): Value | undefined;
  label(value: Value): string;
  steps(count: number): Value[];
}

const LAYOUT = { width: "34em", max_width: "100%" };

/** Makes a control of what distinguishes it from the others. */
export function makeControl<Value>({
  name,
  value: start,
  kind,
  style,
  state = {},
  write = (value) => ({ value }),
  read = ({ value }) => (typeof value === typeof start ? (value as Value) : undefined),
  label,
  steps,
}: ControlParts<Value>): Control<Value> {
  if (typeof name !== "string" || name.trim() === "")
    throw new InputError("A control needs a name, to stand beside it on the page.");
  const handlers: ((value: Value) => void | Promise<void>)[] = [];
  let value = start;
  let opened: { host: CommHost; widget: Widget } | undefined;

  const take = async (next: Value): Promise<void> => {
    if (Object.is(next, value)) return; // pages also report what they have only rounded
    value = next;
    await Promise.all(handlers.map(async (handler) => handler(next)));
  };
  const open = (host: CommHost, nameWidth?: number): Widget => {
    const layout = openWidget(host, { module: "base", name: "Layout" }, LAYOUT);
    const look = openWidget(
      host,
      { module: "controls", name: style, view: "StyleView" },
      { description_width: nameWidth === undefined ? "initial" : `${nameWidth + 1}ch` },
    );
    return openWidget(
      host,
      { module: "controls", name: kind },
      { description: name, layout: reference(layout), style: reference(look), ...state, ...write(value) },
      (changes) => {
        const changed = read(changes);
        return changed === undefined ? undefined : take(changed);
      },
    );
  };
  const widget = (host: CommHost, nameWidth?: number): Widget => {
    if (opened?.host !== host) opened = { host, widget: open(host, nameWidth) };
    return opened.widget;
  };
  return {
    name,
    get value() {
      return value;
    },
    set value(next) {
      opened?.widget.update(write(next));
      void take(next);
    },
    onChange: (handler) => void handlers.push(handler),
    label,
    steps,
    widget,
    [displayMethod]() {
      const text = `${name} = ${label(value)}`;
      const host = hostWithWidgets();
      return host ? widgetBundle(widget(host), text) : { "text/plain": text };
    },
  };
}

/** Who opens comms where a page draws controls; undefined in a report, in a terminal, and where no front end has asked for them. */
export function hostWithWidgets(): CommHost | undefined {
  const host = commHost();
  return host?.frontEndHas(WIDGET_TARGET) ? host : undefined;
}

/** "regularization = 0.1, solver = least squares". */
export const settingText = (controls: readonly Control<unknown>[], values: readonly unknown[]): string =>
  controls.map(({ name, label }, i) => `${name} = ${label(values[i])}`).join(", ");
