import { randomUUID } from "node:crypto";
import { runningSignal } from "../../running-cell";
import { displaySink, withDisplaySink, type MimeBundle } from "../display-sink";
import { vegaLiteMimeType } from "../show-chart";
import { escapeHtml } from "../show-table";
import { bundleOf, displayMethod, isVegaLite } from "../show-value";
import type { VegaLiteSpec } from "../static-chart";
import type { CommHost } from "../comm";
import { chartOverGrid, gridAxes, settingsOf, startOf, type GridAxis } from "./chart-over-grid";
import { hostWithWidgets, settingText, type Control } from "./control";
import { openWidget, reference, widgetBundle } from "./widget";

/** The values of controls, in their order. */
export type ValuesOf<Controls extends readonly Control<unknown>[]> = {
  -readonly [Place in keyof Controls]: Controls[Place] extends Control<infer Value> ? Value : never;
};

export interface InteractOptions {
  /** Where the page has no controls: at most so many settings to compute in advance, for a chart with its own sliders. 1 for none. Default 120. */
  inAdvance?: number;
}

/**
 * Shows controls, and below them what `draw` makes of their values. Moving a control runs `draw` again in the kernel
 * and replaces the figure; values in between are dropped. An error of `draw` replaces the figure until values without one
 * come.
 *
 *     await interact(
 *       [slider("regularization", { min: 0.001, max: 10, value: 0.1, scale: "log" }), choice("f0", [1, 10, Infinity])],
 *       ([regularization, f0]) => accuracyChart(scoresAt(regularization, f0)),
 *     );
 *
 * A page without controls (a report, a repository's web view) gets one chart with sliders over settings computed in
 * advance, where `draw` makes charts that differ only in their data and titles; else the figure at the values now.
 *
 * @param draw makes what is shown, as the last line of a cell would show it: a chart, records, a DataFrame, a text, …
 *   Where it gives nothing back, what it has shown last (with `showChart`, `showTable`)
 * @throws what `draw` throws, on a page without controls
 */
export async function interact<const Controls extends readonly Control<unknown>[]>(
  controls: Controls,
  draw: (values: ValuesOf<Controls>) => unknown,
  { inAdvance = 120 }: InteractOptions = {},
): Promise<void> {
  const host = displaySink().rich ? hostWithWidgets() : undefined;
  const drawAt: Draw = (values) => interruptible(returnedOrShown(async () => draw(values as ValuesOf<Controls>)));
  await (host ? live(host, controls, drawAt) : still(controls, drawAt, inAdvance));
}

type Draw = (values: readonly unknown[]) => Promise<unknown>;

const valuesNow = (controls: readonly Control<unknown>[]): unknown[] => controls.map(({ value }) => value);

async function live(host: CommHost, controls: readonly Control<unknown>[], draw: Draw): Promise<void> {
  const sink = displaySink();
  const id = randomUUID();
  const figure = async (values: readonly unknown[]): Promise<MimeBundle> => {
    try {
      return await figureBundle(await draw(values));
    } catch (error) {
      if (runningSignal()?.aborted) throw error;
      return errorBundle(error, settingText(controls, values));
    }
  };
  const redraw = newestWins(async (values: readonly unknown[]) => sink.update(await figure(values), id));
  sink.show(widgetBundle(boxOf(host, controls), settingText(controls, valuesNow(controls))));
  const shown = valuesNow(controls);
  sink.show(await figure(shown), id);
  for (const { onChange } of controls) onChange(() => redraw(valuesNow(controls)));
  // What was moved before there was a figure to replace.
  if (valuesNow(controls).some((value, i) => !Object.is(value, shown[i]))) await redraw(valuesNow(controls));
}

/** The controls, one below the other. */
function boxOf(host: CommHost, controls: readonly Control<unknown>[]) {
  const nameWidth = Math.max(0, ...controls.map(({ name }) => name.length));
  const children = [...controls.map((control) => control.widget(host, nameWidth)), noteOf(host)].map(reference);
  const layout = openWidget(host, { module: "base", name: "Layout" }, { margin: "0 0 0.5em 0" });
  return openWidget(host, { module: "controls", name: "VBox" }, { children, layout: reference(layout) });
}

/** A page that is loaded again keeps the controls, but JupyterLab no longer replaces what older cells have shown. */
function noteOf(host: CommHost) {
  const layout = openWidget(host, { module: "base", name: "Layout" }, { display: "none" }, undefined, {
    display: null,
  });
  const value =
    "<em>The page was loaded after this cell had run. Run the cell again if the figure does not follow.</em>";
  return openWidget(host, { module: "controls", name: "HTML" }, { value, layout: reference(layout) });
}

/** For a page without controls. */
async function still(controls: readonly Control<unknown>[], draw: Draw, inAdvance: number): Promise<void> {
  const sink = displaySink();
  const values = valuesNow(controls);
  const setting = settingText(controls, values);
  const start = await draw(values);
  const whole = sink.rich && isChart(start) ? await chartInAdvance(controls, draw, start, inAdvance) : undefined;
  const bundle = await figureBundle(whole ?? start);
  if (whole) return sink.show({ ...bundle, "text/plain": `${String(bundle["text/plain"])} (${setting})` });
  sink.show({ "text/plain": `At ${setting} (run the cell in JupyterLab to choose):` });
  sink.show(bundle);
}

const isChart = (value: unknown): value is VegaLiteSpec =>
  typeof value === "object" && value !== null && isVegaLite(value);

/** Larger ones would be slow to load. Characters of JSON. */
const largestChart = 1_000_000;

/** One chart over a grid of settings; undefined where the charts do not fit together, or are too large together. */
async function chartInAdvance(
  controls: readonly Control<unknown>[],
  draw: Draw,
  start: VegaLiteSpec,
  inAdvance: number,
): Promise<VegaLiteSpec | undefined> {
  const most = Math.min(inAdvance, Math.floor(largestChart / JSON.stringify(start).length));
  const axes = gridAxes(controls, most);
  const settings = settingsOf(axes);
  if (settings.length < 2 || settings.length > most) return undefined;
  const specs: VegaLiteSpec[] = [];
  for (const [place, setting] of settings.entries()) {
    const spec = place === startOf(axes) ? start : await draw(setting).catch(() => undefined);
    // Already two of them tell whether the charts fit together.
    if (!isChart(spec) || (specs.length < 2 && !chartOverGrid(twoPlaces, [start, spec]))) return undefined;
    specs.push(spec);
  }
  return chartOverGrid(axes, specs);
}

const twoPlaces: GridAxis[] = [{ name: "", values: [0, 1], labels: ["0", "1"], start: 0 }];

/** What work gives back; where that is nothing, what it has shown last. */
async function returnedOrShown(work: () => Promise<unknown>): Promise<unknown> {
  const { rich } = displaySink();
  let last: MimeBundle | undefined;
  const keep = (bundle: MimeBundle): void => void (last = bundle);
  const value = await withDisplaySink({ rich, show: keep, update: keep }, work);
  const shown = last as MimeBundle | undefined;
  return value === undefined && shown ? (shown[vegaLiteMimeType] ?? { [displayMethod]: () => shown }) : value;
}

/** A text stands as it is, without the quotation marks that it has as the value of a cell. */
const figureBundle = async (value: unknown): Promise<MimeBundle> =>
  typeof value === "string" ? { "text/plain": value } : ((await bundleOf(value)) ?? { "text/plain": "" });

function errorBundle(error: unknown, setting: string): MimeBundle {
  const text = `${error instanceof Error ? `${error.name}: ${error.message}` : String(error)}\n(at ${setting})`;
  const style = "margin:0;padding:0.5em 1em;white-space:pre-wrap;border-left:3px solid #d55e00;background:#d55e0022";
  return { "text/html": `<pre style="${style}">${escapeHtml(text)}</pre>`, "text/plain": text };
}

/** The same, but it fails as soon as the cell is interrupted: what hangs must not keep later values from being drawn. */
function interruptible<Value>(work: Promise<Value>): Promise<Value> {
  const signal = runningSignal();
  if (!signal) return work;
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(signal.reason as Error);
    if (signal.aborted) return stop();
    signal.addEventListener("abort", stop, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });
}

/**
 * Work on a value that changes faster than it can be worked on. What arrives meanwhile is not queued: when the work on
 * one value has ended, the newest is next, and those between are dropped.
 *
 * @returns what takes a value; its promise ends when nothing is left to do, and fails with what the work throws
 */
export function newestWins<Value>(work: (value: Value) => Promise<void>): (value: Value) => Promise<void> {
  const waiting: Value[] = [];
  let running: Promise<void> | undefined;
  const run = async (): Promise<void> => {
    try {
      while (waiting.length > 0) await work(waiting.pop()!);
    } finally {
      waiting.length = 0;
      running = undefined;
    }
  };
  return (value) => {
    waiting.length = 0;
    waiting.push(value);
    return (running ??= run());
  };
}
