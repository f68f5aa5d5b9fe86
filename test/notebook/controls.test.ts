import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { beforeEach, describe, test } from "node:test";
import { parse, View, type Spec } from "vega";
import { compile } from "vega-lite";
import { setCommHost, type Comm, type CommHost } from "../../src/notebook/comm";
import { textBox, toggle } from "../../src/notebook/controls/boxes";
import { chartOverGrid, gridAxes, settingsOf, startOf } from "../../src/notebook/controls/chart-over-grid";
import { choice } from "../../src/notebook/controls/choice";
import type { Control } from "../../src/notebook/controls/control";
import { interact, newestWins } from "../../src/notebook/controls/interact";
import { slider } from "../../src/notebook/controls/slider";
import { setDisplaySink, type MimeBundle } from "../../src/notebook/display-sink";
import { showChart } from "../../src/notebook/show-chart";
import { showTable } from "../../src/notebook/show-table";
import { bundleOf, displayMethod } from "../../src/notebook/show-value";
import { inRunningCell } from "../../src/running-cell";

const VIEW = "application/vnd.jupyter.widget-view+json";
const VEGA = "application/vnd.vegalite.v5+json";
/** The chart of a bundle as it was given, without how pages should embed it. */
function chartIn(bundle: MimeBundle): object {
  const { usermeta: _, ...chart } = bundle[VEGA] as { usermeta: object };
  return chart;
}

interface Message {
  method?: string;
  state: Record<string, unknown>;
  buffer_paths: unknown[];
}

/** A front end that draws widgets: it keeps what it is sent, and moves controls. */
class Page implements CommHost {
  readonly opened: { id: string; target: string; data: Message; metadata?: Record<string, unknown> }[] = [];
  readonly sent: { id: string; data: Message }[] = [];
  readonly #handlers = new Map<string, Parameters<Comm["onMessage"]>[0]>();
  widgets = true;

  open(target: string, data: Record<string, unknown> = {}, more: { metadata?: Record<string, unknown> } = {}): Comm {
    const id = `comm-${this.opened.length}`;
    this.opened.push({ id, target, data: data as unknown as Message, metadata: more.metadata });
    return {
      id,
      send: (message) => void this.sent.push({ id, data: message as unknown as Message }),
      onMessage: (handler) => void this.#handlers.set(id, handler),
      onClose: () => {},
      close: () => {},
    };
  }
  accept(): void {}
  frontEndHas(target: string): boolean {
    return this.widgets && target === "jupyter.widget";
  }

  /** The model with a description, or of a name. */
  model(name: string): { id: string; state: Record<string, unknown> } {
    const found = this.opened.find(({ data }) => data.state.description === name || data.state._model_name === name);
    assert.ok(found, `there is no model ${name}`);
    return { id: found.id, state: found.data.state };
  }
  async says(id: string, message: Record<string, unknown>): Promise<void> {
    await this.#handlers.get(id)!(message, []);
  }
  /** The reader moves a control. */
  move(name: string, state: Record<string, unknown>): Promise<void> {
    return this.says(this.model(name).id, { method: "update", state, buffer_paths: [] });
  }
}

/** Everything shown, in order; an update replaces what stands under its id. */
interface Shown {
  bundle: MimeBundle;
  id?: string;
}

let page: Page;
let shown: Shown[];
let updates: number;
const plain = (place: number): string => String(shown[place].bundle["text/plain"]);

beforeEach((t) => {
  page = new Page();
  shown = [];
  updates = 0;
  setCommHost(page);
  setDisplaySink({
    rich: true,
    show: (bundle, id) => void shown.push({ bundle, id }),
    update: (bundle, id) => {
      updates++;
      for (const one of shown) if (one.id === id) one.bundle = bundle;
    },
  });
  (t as { after?: (done: () => void) => void }).after?.(() => {
    setCommHost();
    setDisplaySink();
  });
});

describe("the protocol of widgets", () => {
  test("a logarithmic slider is the page's own model, with layout and style", () => {
    const bundle = slider("regularization", { min: 0.001, max: 10, step: 0.25, value: 0.1, scale: "log" })[
      displayMethod
    ]();
    const { id, state } = page.model("regularization");
    assert.deepEqual(bundle, {
      [VIEW]: { version_major: 2, version_minor: 0, model_id: id },
      "text/plain": "regularization = 0.1",
    });
    for (const { target, metadata, data } of page.opened) {
      assert.equal(target, "jupyter.widget");
      assert.deepEqual(metadata, { version: "2.1.0" });
      assert.deepEqual(data.buffer_paths, []);
      assert.equal(data.state._model_module_version, "2.0.0");
    }
    const { layout, style, ...own } = state;
    assert.deepEqual(own, {
      _model_module: "@jupyter-widgets/controls",
      _model_module_version: "2.0.0",
      _model_name: "FloatLogSliderModel",
      _view_module: "@jupyter-widgets/controls",
      _view_module_version: "2.0.0",
      _view_name: "FloatLogSliderView",
      description: "regularization",
      min: -3,
      max: 1,
      step: 0.25,
      base: 10,
      value: 0.1,
      readout_format: ".3~g",
    });
    assert.equal(layout, `IPY_MODEL_${page.model("LayoutModel").id}`);
    assert.equal(style, `IPY_MODEL_${page.model("SliderStyleModel").id}`);
    assert.equal(page.model("LayoutModel").state._model_module, "@jupyter-widgets/base");
    assert.equal(page.model("SliderStyleModel").state._view_name, "StyleView");
  });

  test("each control has its model", () => {
    const controls = [
      slider("share", { min: 0, max: 1, step: 0.05 }),
      choice("solver", { "least squares": "lstsq", logistic: "logistic" }, { value: "logistic" }),
      toggle("centred", { value: true }),
      textBox("sentence", { placeholder: "a sentence" }),
      slider("f0", { values: [1, 10, Infinity], value: Infinity }),
    ];
    for (const control of controls) control[displayMethod]();
    const names = ["share", "solver", "centred", "sentence", "f0"].map((name) => page.model(name).state);
    assert.deepEqual(
      names.map(({ _model_name }) => _model_name),
      ["FloatSliderModel", "DropdownModel", "CheckboxModel", "TextModel", "SelectionSliderModel"],
    );
    assert.deepEqual([names[0].min, names[0].max, names[0].readout_format], [0, 1, ".2f"]);
    assert.deepEqual([names[1]._options_labels, names[1].index], [["least squares", "logistic"], 1]);
    assert.equal(names[2].value, true);
    assert.equal(names[3].continuous_update, false);
    assert.deepEqual([names[4]._options_labels, names[4].index], [["1", "10", "∞"], 2]);
  });

  test("a page that comes later asks for the state, also for what was moved; other pages hear of moves", async () => {
    const own = choice("solver", ["lstsq", "svr", "svc"]);
    own[displayMethod]();
    await page.move("solver", { index: 2 });
    const { id } = page.model("solver");
    assert.deepEqual(page.sent as unknown, [
      { id, data: { method: "echo_update", state: { index: 2 }, buffer_paths: [] } },
    ]);
    assert.equal(own.value, "svc");
    await page.says(id, { method: "request_state" });
    const answer: Message = page.sent[1].data;
    assert.equal(answer.method, "update");
    assert.deepEqual(
      [answer.state.index, answer.state._model_name, answer.state.description],
      [2, "DropdownModel", "solver"],
    );
    await page.says(id, { method: "custom", content: {} });
    assert.equal(page.sent.length, 2, "what is not understood is not answered");
  });

  test("setting a value moves the control, and tells who listens", async () => {
    const own = slider("regularization", { min: 0.001, max: 10, scale: "log" });
    const heard: number[] = [];
    own.onChange((value) => void heard.push(value));
    own.value = 0.01;
    own[displayMethod]();
    assert.equal(page.model("regularization").state.value, 0.01, "also what was set before it was shown");
    own.value = 1;
    assert.deepEqual(page.sent.at(-1)!.data, { method: "update", state: { value: 1 }, buffer_paths: [] });
    await page.move("regularization", { value: 0.010000000000000002 });
    await page.move("regularization", { value: 0.010000000000000004 });
    await page.move("regularization", { layout: "IPY_MODEL_other" });
    assert.deepEqual(heard, [0.01, 1, 0.01], "numbers as they are meant, and none twice");
  });

  test("a value shown twice is one widget; without widgets on the page it is a text", () => {
    const own = toggle("centred");
    own[displayMethod]();
    own[displayMethod]();
    assert.equal(page.opened.filter(({ data }) => data.state.description === "centred").length, 1);
    page.widgets = false;
    assert.deepEqual(own[displayMethod](), { "text/plain": "centred = no" });
  });
});

test("sliders step over round numbers, and keep a value that is none of them", () => {
  const steps = (control: Control<number>) => control.steps(Infinity);
  assert.deepEqual(
    steps(slider("r", { min: 0.001, max: 1, step: 0.5, scale: "log" })),
    [0.001, 0.00316, 0.01, 0.0316, 0.1, 0.316, 1],
  );
  assert.deepEqual(steps(slider("share", { min: 0, max: 0.5, step: 0.1 })), [0, 0.1, 0.2, 0.3, 0.4, 0.5]);
  assert.equal(steps(slider("share", { min: 0, max: 1 })).length, 101);
  const between = slider("r", { min: 0.01, max: 1, step: 1, value: 0.3, scale: "log" });
  assert.equal(between.value, 0.3);
  assert.deepEqual(steps(between), [0.01, 0.1, 0.3, 1]);
  assert.deepEqual(steps(slider("r", { min: 0.01, max: 1, step: 1, value: 0, scale: "log" })), [0, 0.01, 0.1, 1]);
  assert.deepEqual(slider("n", { min: 0, max: 100, step: 1, value: 33 }).steps(5), [0, 33, 50, 75, 100]);
});

test("settings in advance: all values of menus where they fit, and of sliders as many as there is room for", () => {
  const r = slider("r", { min: 0.001, max: 10, step: 0.25, scale: "log" });
  const counts = (controls: Control<unknown>[], most: number) =>
    gridAxes(controls, most).map(({ values }) => values.length);
  assert.deepEqual(counts([choice("solver", ["a", "b", "c", "d"]), r, choice("f0", [1, 2, 3, 4, 5])], 120), [4, 6, 5]);
  assert.deepEqual(counts([r, choice("f0", [1, 2, 3, 4, 5, 6])], 120), [17, 6]);
  assert.deepEqual(counts([r, choice("f0", [1, 2, 3, 4, 5, 6])], 10), [10, 1]);
  assert.deepEqual(counts([r, r, textBox("words"), toggle("on")], 100), [7, 7, 1, 2]);
  assert.deepEqual(counts([r], 1), [1]);
});

test("what cannot be is refused by name", () => {
  assert.throws(() => slider("r", { min: 0, max: 1, scale: "log" }), /r: a logarithmic scale has no 0/);
  assert.throws(() => slider("r", { min: 1, max: 1 }), /r: min must be below max/);
  assert.throws(() => slider("r", { min: 0, max: 1, value: NaN }), /r: the value is not a number/);
  assert.throws(() => slider("r", { min: 0, max: 1, step: 0 }), /r: 0 is no step/);
  assert.throws(() => choice("solver", []), /nothing to choose from/);
  assert.throws(() => choice("f0", [1, "1"]), /two values called 1/);
  assert.throws(() => choice("f0", [1, 2], { value: 3 }), /f0: 3 is not among the values, which are 1, 2/);
  assert.throws(() => toggle(" "), /needs a name/);
});

describe("interact on a page with controls", () => {
  test("controls stand above the figure, which is replaced in place", async () => {
    await interact(
      [slider("regularization", { min: 0.01, max: 1, scale: "log" }), choice("f0", [1, 10, Infinity])],
      ([r, f0]) => `r ${r}, f0 ${f0}`,
    );
    assert.equal(shown.length, 2);
    const box = page.model("VBoxModel");
    assert.deepEqual(shown[0].bundle, {
      [VIEW]: { version_major: 2, version_minor: 0, model_id: box.id },
      "text/plain": "regularization = 0.01, f0 = 1",
    });
    assert.deepEqual(
      (box.state.children as string[]).slice(0, 2),
      ["regularization", "f0"].map((name) => `IPY_MODEL_${page.model(name).id}`),
    );
    assert.deepEqual(shown[1].bundle, { "text/plain": "r 0.01, f0 1" });
    await page.move("f0", { index: 2 });
    await page.move("regularization", { value: 0.1 });
    assert.equal(shown.length, 2);
    assert.deepEqual(shown[1].bundle, { "text/plain": "r 0.1, f0 Infinity" });
    assert.equal(updates, 2);
  });

  test("a page that is loaded later is told that the figure may stand still", async () => {
    await interact([toggle("a")], () => "");
    const note = page.opened.find(({ data }) => data.state._model_name === "HTMLModel")!;
    assert.ok((page.model("VBoxModel").state.children as string[]).includes(`IPY_MODEL_${note.id}`));
    const layout = String(note.data.state.layout).replace("IPY_MODEL_", "");
    assert.equal(page.opened.find(({ id }) => id === layout)!.data.state.display, "none");
    await page.says(layout, { method: "request_state" });
    assert.equal(page.sent.at(-1)!.data.state.display, null);
  });

  test("names have the width of the longest", async () => {
    await interact([toggle("a"), toggle("regularization")], () => "");
    const widths = page.opened
      .filter(({ data }) => data.state._model_name === "CheckboxStyleModel")
      .map(({ data }) => data.state.description_width);
    assert.deepEqual(widths, ["15ch", "15ch"]);
  });

  test("records are a table, a chart is a chart, a value of its own shows itself", async () => {
    const own = { [displayMethod]: () => ({ "text/plain": "own" }) };
    const values = { records: [{ a: 1, b: "x" }], chart: chartOf(1), own, nothing: undefined };
    await interact([choice("kind", Object.keys(values) as (keyof typeof values)[])], ([kind]) => values[kind]);
    assert.match(String(shown[1].bundle["text/html"]), /<table>/);
    await page.move("kind", { index: 1 });
    assert.deepEqual(chartIn(shown[1].bundle), values.chart);
    await page.move("kind", { index: 2 });
    assert.deepEqual(shown[1].bundle, { "text/plain": "own" });
    await page.move("kind", { index: 3 });
    assert.deepEqual(shown[1].bundle, { "text/plain": "" });
  });

  test("what is shown instead of given back stands in the same place", async () => {
    await interact([slider("n", { min: 1, max: 9, step: 1 })], async ([n]) => {
      showTable([{ dropped: n }]);
      await showChart(chartOf(n));
    });
    assert.equal(shown.length, 2);
    assert.equal(JSON.stringify(chartIn(shown[1].bundle)), JSON.stringify(chartOf(1)));
    await interact([slider("rows", { min: 1, max: 9, step: 1 })], ([n]) => showTable([{ n }]));
    await page.move("rows", { value: 2 });
    assert.equal(shown.length, 4);
    assert.match(plain(3), /^n\n─\n2$/);
  });

  test("while it computes, moves are not queued: the newest wins", async () => {
    const drawn: number[] = [];
    const release: (() => void)[] = [];
    const draw = async ([n]: [number]) => {
      drawn.push(n);
      if (drawn.length > 1) await new Promise<void>((resolve) => release.push(resolve));
      return `n ${n}`;
    };
    await interact([slider("n", { min: 0, max: 100, step: 1 })], draw);
    const moves = [10, 20, 30, 40].map((value) => page.move("n", { value }));
    await sleep(5);
    assert.deepEqual(drawn, [0, 10]);
    release[0]();
    await sleep(5);
    assert.deepEqual(drawn, [0, 10, 40]);
    release[1]();
    await Promise.all(moves);
    assert.equal(plain(1), "n 40");
  });

  test("an error stands in the figure's place, and goes with the next value", async () => {
    await interact([slider("n", { min: 0, max: 10, step: 1 })], ([n]) => {
      if (n === 3) throw new RangeError("no <three>");
      return `n ${n}`;
    });
    await page.move("n", { value: 3 });
    assert.equal(plain(1), "RangeError: no <three>\n(at n = 3)");
    assert.match(String(shown[1].bundle["text/html"]), /^<pre [^>]*>RangeError: no &lt;three&gt;/);
    await page.move("n", { value: 4 });
    assert.deepEqual(shown[1].bundle, { "text/plain": "n 4" });
  });

  test("an interrupt ends what hangs; the next move draws again", async () => {
    await interact([slider("n", { min: 0, max: 10, step: 1 })], ([n]) =>
      n === 5 ? new Promise<string>(() => {}) : `n ${n}`,
    );
    const interrupt = new AbortController();
    const hanging = inRunningCell({ signal: interrupt.signal }, () => page.move("n", { value: 5 }));
    await sleep(5);
    interrupt.abort(new Error("interrupted"));
    await assert.rejects(hanging, /interrupted/);
    assert.equal(plain(1), "n 0");
    await page.move("n", { value: 6 });
    assert.equal(plain(1), "n 6");
  });

  test("the values have the types of the controls", async () => {
    await interact(
      [slider("n", { min: 0, max: 1 }), choice("solver", ["lstsq", "svr"]), toggle("on"), textBox("words")],
      ([n, solver, on, words]) => {
        const typed: [number, "lstsq" | "svr", boolean, string] = [n, solver, on, words];
        return typed.map((value) => typeof value).join(" ");
      },
    );
    assert.equal(plain(1), "number string boolean string");
  });
});

test("newest wins: what fails does not block what comes after it", async () => {
  const done: number[] = [];
  const take = newestWins(async (n: number) => {
    await sleep(1);
    if (n < 0) throw new Error("negative");
    done.push(n);
  });
  await assert.rejects(take(-1), /negative/);
  await Promise.all([take(1), take(2), take(3)]);
  assert.deepEqual(done, [1, 3]);
});

const chartOf = (height: number, more: object = {}) => ({
  $schema: "https://vega.github.io/schema/vega-lite/v5.json",
  description: "bars",
  title: { text: `Height ${height}`, anchor: "start" },
  data: {
    values: [
      { x: "a", y: height },
      { x: "b", y: 2 * height },
    ],
  },
  mark: { type: "bar" },
  encoding: { x: { field: "x", type: "nominal" }, y: { field: "y", type: "quantitative" } },
  ...more,
});

describe("interact on a page without controls", () => {
  beforeEach(() => (page.widgets = false));

  test("charts that differ in their data become one with a slider and menus of the real values", async () => {
    const controls = [
      slider("height", { min: 1, max: 3, step: 0.5, value: 2 }),
      slider("r", { min: 0.01, max: 1, step: 1, value: 0.1, scale: "log" }),
      toggle("twice"),
    ] as const;
    await interact(controls, ([height, r, twice]) => chartOf(height * r * (twice ? 2 : 1)));
    assert.equal(page.opened.length, 0);
    assert.equal(shown.length, 1);
    const { bundle } = shown[0];
    assert.equal(bundle["text/plain"], "Chart: bars (height = 2, r = 0.1, twice = no)");
    assert.equal(typeof bundle["image/png"], "string");
    const spec = bundle[VEGA] as {
      data: { values: unknown[] };
      params: { name: string; value: unknown; bind?: object }[];
    };
    assert.equal(spec.data.values.length, 5 * 3 * 2 * 2);
    assert.deepEqual(
      spec.params.filter(({ bind }) => bind).map(({ value, bind }) => ({ value, ...bind })),
      [
        { value: 2, input: "range", min: 1, max: 3, step: 0.5, name: "height " },
        { value: "0.1", input: "select", options: ["0.01", "0.1", "1"], name: "r " },
        { value: false, input: "checkbox", name: "twice " },
      ],
    );
  });

  test("the chart over a grid compiles, and draws the chosen rows and title", async () => {
    const axes = gridAxes(
      [
        slider("height", { min: 1, max: 3, step: 0.5, value: 2 }),
        choice("f0", [1, 10, Infinity], { value: 10 }),
        toggle("twice"),
      ],
      60,
    );
    const charts = settingsOf(axes).map((setting) =>
      chartOf(settingsOf(axes).findIndex((one) => String(one) === String(setting)) + 1, {
        params: [{ name: "mine", value: 1 }],
      }),
    );
    const spec = chartOverGrid(axes, charts)!;
    assert.deepEqual(startOf(axes), (2 * 3 + 1) * 2);
    for (const compileSpec of compilers) {
      const messages: string[] = [];
      const note = (...parts: unknown[]) => (messages.push(parts.join(" ")), logger);
      const logger: Record<string, unknown> = {
        level: () => logger,
        error: note,
        warn: note,
        info: () => logger,
        debug: () => logger,
      };
      const view = new View(parse(compileSpec(spec as never, { logger } as never).spec), { renderer: "none" });
      assert.deepEqual(messages, []);
      const chosen = async () => {
        await view.runAsync();
        const svg = await view.toSVG();
        return /Height \d+/.exec(svg)![0] + /height [^<'"]*/.exec(svg)![0];
      };
      assert.equal(await chosen(), "Height 15height 2, f0 10, twice no");
      assert.deepEqual(
        view.data("data_0").map(({ y }) => y),
        [15, 30],
      );
      view.signal("control_0", 3).signal("control_1", "∞").signal("control_2", true);
      assert.equal(await chosen(), "Height 30height 3, f0 ∞, twice yes");
      assert.deepEqual(
        view.data("data_0").map(({ y }) => y),
        [30, 60],
      );
      view.finalize();
    }
  });

  test("views with data of their own, layers and transforms keep their form", () => {
    const axes = gridAxes([choice("n", [1, 2])], 60);
    const chart = (n: number) => ({
      vconcat: [
        { data: { values: [n, n + 1] }, transform: [{ calculate: "datum.data", as: "y" }], mark: "bar" },
        { data: { values: [{ y: 1 }] }, mark: "bar" },
      ],
    });
    const spec = chartOverGrid(axes, [chart(1), chart(2)]) as {
      vconcat: { data: { values: object[] }; transform?: object[] }[];
    };
    assert.deepEqual(spec.vconcat[0].data.values[2], { data: 2, chosen_setting: 1 });
    assert.deepEqual(spec.vconcat[0].transform, [
      { filter: "datum.chosen_setting === chosen_setting" },
      { calculate: "datum.data", as: "y" },
    ]);
    assert.deepEqual(spec.vconcat[1], chart(1).vconcat[1]);
    assert.equal(chartOverGrid(axes, [chartOf(1), chartOf(2, { mark: { type: "line" } })]), undefined);
    assert.equal(chartOverGrid(axes, [chartOf(1), chartOf(2, { width: 3 })]), undefined);
    const sorted = (domain: unknown, sort: string[]) =>
      chartOf(1, { encoding: { x: { field: "x", sort, scale: { domain } } } });
    const whole = chartOverGrid(axes, [sorted([0.5, 1], ["a 1", "b"]), sorted([0.4, 0.9], ["a 2", "b"])]) as {
      encoding: unknown;
    };
    assert.deepEqual(whole.encoding, { x: { field: "x", sort: ["a 1", "a 2", "b"], scale: { domain: [0.4, 1] } } });
    assert.equal(
      chartOverGrid(axes, [sorted([0, 1], ["a", "b"]), sorted([0, 1], ["b", "a"])]),
      undefined,
      "not in two orders",
    );
    assert.equal(chartOverGrid(axes, [sorted([0, 1], []), sorted(["a", "b"], [])]), undefined);
    assert.equal(
      chartOverGrid(axes, [chartOf(1, { data: { url: "a" } }), chartOf(1, { data: { url: "b" } })]),
      undefined,
    );
  });

  test("other charts and other values are shown at the values now, with a line that says so; nothing is computed in vain", async () => {
    let drawn = 0;
    await interact(
      [slider("width", { min: 100, max: 300, step: 1, value: 200 })],
      ([width]) => (drawn++, chartOf(1, { width })),
    );
    assert.equal(drawn, 2, "the second tells that they do not fit together");
    assert.deepEqual(
      shown.map(({ bundle }) => Object.keys(bundle)),
      [["text/plain"], [VEGA, "image/svg+xml", "image/png", "text/plain"]],
    );
    assert.equal(plain(0), "At width = 200 (run the cell in JupyterLab to choose):");
    shown = [];
    await interact([choice("n", [1, 2])], ([n]) => (drawn++, [{ n }]));
    assert.equal(drawn, 3);
    assert.equal(plain(0), "At n = 1 (run the cell in JupyterLab to choose):");
    assert.match(plain(1), /^n\n─\n1$/);
  });

  test("no more settings than allowed; none in a terminal; an error is one of the cell", async () => {
    let drawn = 0;
    const controls = [
      slider("height", { min: 1, max: 1000, step: 1, value: 7 }),
      choice("f0", [1, 10, Infinity]),
    ] as const;
    await interact(controls, ([height]) => (drawn++, chartOf(height)));
    assert.equal(drawn, 120);
    const counted = drawn;
    await interact(controls, ([height]) => (drawn++, chartOf(height)), { inAdvance: 1 });
    assert.equal(drawn, counted + 1);
    await assert.rejects(
      interact(controls, () => Promise.reject(new Error("broken"))),
      /broken/,
    );
    setDisplaySink({ rich: false, show: (bundle) => void shown.push({ bundle }), update: () => {} });
    shown = [];
    await interact(controls, ([height]) => chartOf(height));
    assert.equal(plain(0), "At height = 7, f0 = 1 (run the cell in JupyterLab to choose):");
    assert.match(plain(1), /^Chart: Height 7/);
  });
});

type Compile = (spec: never, options: never) => { spec: Spec };
const compilers: Compile[] = [compile as unknown as Compile];
try {
  compilers.push((require("vega-lite-5.6.1") as { compile: Compile }).compile);
} catch {
  test("compile with Vega-Lite 5.6.1", { skip: "vega-lite-5.6.1 is not installed" }, () => {});
}

test("records as the last value of a cell are a table; ragged or nested ones are text", async () => {
  assert.match(
    String(
      (await bundleOf([
        { a: 1, b: null },
        { a: 2, b: "x" },
      ]))!["text/html"],
    ),
    /<table>/,
  );
  for (const value of [[], [{}], [{ a: 1 }, { b: 1 }], [{ a: { b: 1 } }], [1, 2], [new Date(0)]])
    assert.deepEqual(Object.keys((await bundleOf(value))!), ["text/plain"]);
});
