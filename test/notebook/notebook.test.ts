import assert from "node:assert/strict";
import { test } from "node:test";
import { DataFrame } from "danfojs-node";
import {
  displaySink,
  setDisplaySink,
  terminalSink,
  type DisplaySink,
  type MimeBundle,
} from "../../src/notebook/display-sink";
import {
  injectParameters,
  notebookParameters,
  parseOverrides,
  parseParameters,
  type Notebook,
} from "../../src/notebook/parameters";
import { showProgress } from "../../src/notebook/progress";
import { provenance, showProvenance } from "../../src/notebook/provenance";
import { chartBundle, showChart } from "../../src/notebook/show-chart";
import { showTable, tableBundle } from "../../src/notebook/show-table";

/** A page that remembers what it was shown. */
function page(): DisplaySink & { shown: { id?: string; bundle: MimeBundle; update: boolean }[] } {
  const shown: { id?: string; bundle: MimeBundle; update: boolean }[] = [];
  return {
    rich: true,
    shown,
    show: (bundle, id) => void shown.push({ bundle, id, update: false }),
    update: (bundle, id) => void shown.push({ bundle, id, update: true }),
  };
}

const spec = {
  $schema: "https://vega.github.io/schema/vega-lite/v5.json",
  title: "Two bars",
  description: "A small one and a large one",
  data: {
    values: [
      { name: "a", value: 1 },
      { name: "b", value: 3 },
    ],
  },
  mark: "bar",
  encoding: { x: { field: "name", type: "nominal" }, y: { field: "value", type: "quantitative" } },
};

test("a chart is a bundle of Vega-Lite, SVG, PNG and text, and never HTML", async () => {
  const bundle = await chartBundle(spec);
  assert.deepEqual(Object.keys(bundle), [
    "application/vnd.vegalite.v5+json",
    "image/svg+xml",
    "image/png",
    "text/plain",
  ]);
  const { usermeta, ...shown } = bundle["application/vnd.vegalite.v5+json"] as typeof spec & { usermeta: object };
  assert.deepEqual(shown, spec, "the specification is an object, not its JSON");
  assert.ok(usermeta);
  assert.equal(bundle["text/plain"], "Chart: Two bars. A small one and a large one");
  assert.match(bundle["image/svg+xml"] as string, /^<svg[^>]*>[\s\S]*Two bars/);
  const png = Buffer.from(bundle["image/png"] as string, "base64");
  assert.equal(png.subarray(1, 4).toString(), "PNG");
  const [, width, height] = /width="(\d+)" height="(\d+)"/.exec(bundle["image/svg+xml"] as string)!;
  assert.deepEqual(
    [png.readUInt32BE(16), png.readUInt32BE(20)],
    [2 * Number(width), 2 * Number(height)],
    "two pixels a unit",
  );
});

test("the still forms carry no page colour", async () => {
  const svg = (await chartBundle(spec))["image/svg+xml"] as string;
  assert.doesNotMatch(svg, /fill="(?:white|#fff(?:fff)?)"|fill="(?:black|#000(?:000)?)"/);
});

test("a page is asked for its own text colour and for no background; what a specification wishes itself stays", async () => {
  const embedded = async (usermeta?: object) =>
    (
      (await chartBundle({ ...spec, ...(usermeta ? { usermeta } : {}) }))["application/vnd.vegalite.v5+json"] as {
        usermeta: {
          embedOptions: { renderer: string; config: Record<string, Record<string, unknown>> };
          other?: number;
        };
      }
    ).usermeta;
  const { renderer, config } = (await embedded()).embedOptions;
  assert.equal(renderer, "svg");
  assert.equal(config.background as unknown, "transparent");
  for (const [part, property] of [
    ["axis", "labelColor"],
    ["axis", "titleColor"],
    ["legend", "labelColor"],
    ["header", "labelColor"],
    ["title", "color"],
    ["text", "color"],
  ])
    assert.equal(config[part][property], "currentColor", `${part}.${property}`);
  const own = await embedded({ other: 1, embedOptions: { renderer: "canvas" } });
  assert.deepEqual([own.other, own.embedOptions.renderer], [1, "canvas"]);
});

test("a large drawing keeps the PNG alone as its still form", async () => {
  const values = Array.from({ length: 4000 }, (_, i) => ({ x: i % 80, y: Math.floor(i / 80), v: i }));
  const bundle = await chartBundle({
    ...spec,
    data: { values },
    mark: "rect",
    encoding: {
      x: { field: "x", type: "ordinal" },
      y: { field: "y", type: "ordinal" },
      color: { field: "v", type: "quantitative" },
    },
  });
  assert.deepEqual(Object.keys(bundle), ["application/vnd.vegalite.v5+json", "image/png", "text/plain"]);
});

test("a specification Vega-Lite does not accept is an error", async () => {
  await assert.rejects(chartBundle({ $schema: spec.$schema, nothing: true }), /Invalid specification/);
});

test("charts go to the injected sink; outside a notebook to the terminal, as one line", async (t) => {
  assert.equal(displaySink(), terminalSink);
  const lines: string[] = [];
  t.mock.method(console, "log", (line: string) => lines.push(line));
  await showChart(spec);
  assert.deepEqual(lines, ["Chart: Two bars. A small one and a large one"]);
  const sink = page();
  setDisplaySink(sink);
  t.after(() => setDisplaySink());
  await showChart(spec);
  assert.equal(sink.shown.length, 1);
});

test("tables: DataFrames and records, numbers on the right, text escaped", () => {
  const frame = new DataFrame(
    [
      ["<b>", 0.123456, 3],
      ["c", 2, 1e-7],
    ],
    { columns: ["name", "value", "count"] },
  );
  assert.equal(
    tableBundle(frame)["text/plain"],
    "name   value  count\n────  ──────  ─────\n<b>   0.1235      3\nc          2   1e-7",
  );
  assert.match(
    tableBundle(frame)["text/html"] as string,
    /<td style="text-align:left">&lt;b&gt;<\/td><td style="text-align:right">0\.1235<\/td>/,
  );
  assert.match(
    tableBundle([{ path: "a/very/long/path/without/a/place/to/break" }])["text/html"] as string,
    /<td style="text-align:left;overflow-wrap:anywhere;min-width:10em">a\/very/,
  );
  const records = [
    { a: 1, b: null },
    { a: 2, c: true },
  ];
  assert.equal(
    tableBundle(records, { caption: "Records", format: { a: (value: number) => `#${value}` } })["text/plain"],
    "Records\n a  b  c\n──  ─  ────\n#1\n#2     true",
  );
  const many = Array.from({ length: 60 }, (_, row) => ({ row }));
  assert.match(
    tableBundle(many, { maxRows: 2 })["text/plain"] as string,
    /^row\n───\n {2}0\n {2}1\n… and 58 more rows$/,
  );
  assert.throws(() => showTable(3 as never), /expected a danfojs DataFrame or an array of objects/);
});

/** A clock that moves when told. */
function clock() {
  let time = 0;
  return { now: () => time, wait: (milliseconds: number) => (time += milliseconds) };
}

test("progress on a page: one display, at most four updates a second, one closing line", () => {
  const sink = page();
  const time = clock();
  const progress = showProgress("Kernel", { unit: "blocks", sink, now: time.now });
  for (let done = 1; done <= 100; done++) {
    time.wait(50);
    progress({ done, total: 100, reused: done > 60 ? 7 : 0 });
  }
  progress({ done: 100, total: 100 });
  assert.ok(sink.shown.length <= 5 * 4 + 2, `${sink.shown.length} messages in 5 s`);
  assert.ok(sink.shown.length >= 15);
  assert.equal(new Set(sink.shown.map(({ id }) => id)).size, 1);
  assert.deepEqual(
    sink.shown.map(({ update }) => update),
    sink.shown.map((_, index) => index > 0),
  );
  assert.equal(sink.shown[1].bundle["text/plain"], "Kernel: 6/100 blocks · 20/s · 4.7 s left");
  assert.match(sink.shown[1].bundle["text/html"] as string, /<progress value="6" max="100"/);
  assert.deepEqual(sink.shown.at(-1)!.bundle, {
    "text/html": "Kernel: 7 of 100 blocks from disk, 93 computed in 5.0 s",
    "text/plain": "Kernel: 7 of 100 blocks from disk, 93 computed in 5.0 s",
  });
});

test("the rate and the time left are those of the work, not of what came from disk", () => {
  const time = clock();
  const written: string[] = [];
  const progress = showProgress("Kernel", {
    unit: "blocks",
    now: time.now,
    terminal: { write: (text) => void written.push(text) },
  });
  progress({ done: 50, total: 100, reused: 50 });
  time.wait(20_000);
  progress({ done: 60, total: 100, reused: 50 });
  assert.deepEqual(written, ["Kernel: 50/100 blocks\n", "Kernel: 60/100 blocks · 2.0 s each · 1 min 20 s left\n"]);
});

test("several jobs are added up, and the line that stays says what came from disk and what was computed", () => {
  const written: string[] = [];
  const time = clock();
  const terminal = { write: (text: string) => void written.push(text.trimEnd()) };
  const kernels = showProgress("Kernels of 3 draws", { unit: "blocks", jobs: 3, now: time.now, terminal });
  for (const reused of [4, 4, 1]) {
    const onProgress = kernels.job();
    for (let done = 1; done <= 4; done++) {
      time.wait(done > reused ? 20_000 : 0);
      onProgress({ done, total: 4, reused: Math.min(done, reused) });
    }
  }
  assert.deepEqual(written, [
    "Kernels of 3 draws: 1/12 blocks",
    "Kernels of 3 draws: 10/12 blocks · 20 s each · 40 s left",
    "Kernels of 3 draws: 11/12 blocks · 20 s each · 20 s left",
    "Kernels of 3 draws: 9 of 12 blocks from disk, 3 computed in 1 min 0 s",
  ]);

  // Two learning rates a draw, which report in steps: 20 of each run.
  written.length = 0;
  const tuning = showProgress("Fine-tuning", { unit: "runs", jobs: 2, now: time.now, terminal });
  const first = tuning.job(2);
  first({ done: 20, total: 40, reused: 20 });
  first({ done: 40, total: 40, reused: 40 });
  const second = tuning.job(2);
  for (const done of [10, 20, 30, 39, 40]) {
    time.wait(10_000);
    second({ done, total: 40, reused: 0 });
  }
  assert.deepEqual(written, [
    "Fine-tuning: 1/4 runs",
    "Fine-tuning: 2/4 runs · 20 s each · 30 s left",
    "Fine-tuning: 3/4 runs · 20 s each · 20 s left",
    "Fine-tuning: 3/4 runs · 20 s each · 10 s left",
    "Fine-tuning: 3/4 runs · 21 s each · 1.0 s left",
    "Fine-tuning: 2 of 4 runs from disk, 2 computed in 50 s",
  ]);

  written.length = 0;
  showProgress("Measuring", { unit: "runs", jobs: 1, now: time.now, terminal }).job(1)({
    done: 5,
    total: 5,
    reused: 5,
  });
  const stopped = showProgress("Kernel", { unit: "blocks", now: time.now, terminal });
  time.wait(8000);
  stopped({ done: 5, total: 9, reused: 3 });
  stopped.finish("stopped");
  assert.deepEqual(written, [
    "Measuring: 1 of 1 run from disk in 0.0 s",
    "Kernel: 5/9 blocks · 4.0 s each · 16 s left",
    "Kernel: 3 of 5/9 blocks from disk, 2 computed in 8.0 s · stopped",
  ]);
});

test("progress in a terminal is one rewritten line, in a log file a line now and then", () => {
  const write = (columns?: number, label = "Steps") => {
    const time = clock();
    const written: string[] = [];
    const progress = showProgress(label, {
      total: 30,
      now: time.now,
      terminal: { write: (text) => void written.push(text), columns },
    });
    for (let done = 1; done <= 20; done++) {
      time.wait(2000);
      progress({ done });
    }
    progress.finish("stopped early");
    return written;
  };
  const terminal = write(30);
  assert.equal(terminal.length, 21);
  assert.equal(terminal[1], "\r\x1b[2KSteps: 2/30 · 2.0 s each · 56 s l".slice(0, 5 + 29));
  assert.equal(terminal.at(-1), "\r\x1b[2KSteps: 20/30 in 40 s · stopped early\n");
  assert.equal(
    write(50, "Sweep of roberta-base-and-more")[1],
    "\r\x1b[2KSweep of roberta-…: 2/30 · 2.0 s each · 56 s left",
  );
  const log = write();
  assert.deepEqual(log, [
    "Steps: 1/30 · 2.0 s each · 58 s left\n",
    "Steps: 6/30 · 2.0 s each · 48 s left\n",
    "Steps: 11/30 · 2.0 s each · 38 s left\n",
    "Steps: 16/30 · 2.0 s each · 28 s left\n",
    "Steps: 20/30 in 40 s · stopped early\n",
  ]);
});

const parametersCell = `// What can be changed
let k = 16; // examples per class
let rate: number = 1e-3;
let name = 'it''s'.length ? "a" : "b";`;

test("parameters are read from their cell, with comments and types", () => {
  const parameters = parseParameters(
    '// What can be changed\n\nlet k = 1_6; // examples per class\nlet rate: number = 1e-3\nlet model = \'a "b"\';\nlet seeds = [1, 2,];\nlet url = "http://x // y"; // with slashes\nlet on = true;',
  );
  assert.deepEqual(parameters, [
    { name: "k", value: 16, comment: "examples per class" },
    { name: "rate", value: 0.001 },
    { name: "model", value: 'a "b"' },
    { name: "seeds", value: [1, 2] },
    { name: "url", value: "http://x // y", comment: "with slashes" },
    { name: "on", value: true },
  ]);
  assert.throws(
    () => parseParameters(parametersCell),
    /cannot read the line .*Write one parameter a line, as: let name = value/,
  );
});

test("overrides take the type of the default, or are refused", () => {
  const parameters = parseParameters('let k = 16;\nlet model = "m";\nlet seeds = [1];\nlet on = true;');
  assert.deepEqual(parseOverrides(["k=32", "model=8", "seeds=[3, 4]", "on=false"], parameters), {
    k: 32,
    model: "8",
    seeds: [3, 4],
    on: false,
  });
  assert.throws(() => parseOverrides(["k=many"], parameters), /--set k=many: expected a number, such as 16/);
  assert.deepEqual(parseOverrides(["seeds=3", "k=.5", 'model="m n"'], parameters), {
    seeds: [3],
    k: 0.5,
    model: "m n",
  });
  for (const infinite of ["Infinity", "inf"]) {
    const values = parseOverrides([`k=${infinite}`], parameters);
    assert.deepEqual(values, { k: Infinity });
    const cells = [{ cell_type: "code", source: "let k = 16;", metadata: { tags: ["parameters"] } }];
    assert.match(String(injectParameters({ cells }, values).cells[1].source), /^k = Infinity;$/m);
  }
  assert.throws(() => parseOverrides(["seeds=three"], parameters), /expected a list, such as \[1\]/);
  assert.throws(() => parseOverrides(["on=1"], parameters), /expected true or false/);
  assert.throws(() => parseOverrides(["q=1"], parameters), /no parameter "q"\. Its parameters: k, model, seeds, on/);
  assert.throws(() => parseOverrides(["k"], parameters), /a value is missing. Write --set k=16/);
});

test("injected parameters follow their cell and replace earlier ones", () => {
  const cell = (source: string, ...tags: string[]) => ({ cell_type: "code", source, metadata: { tags } });
  const notebook: Notebook = {
    cells: [
      cell("1;"),
      cell('let k = 16;\nlet m = "a";', "parameters"),
      cell("old", "injected-parameters"),
      cell("k;"),
    ],
    nbformat: 4,
  };
  const injected = injectParameters(notebook, { k: 2, m: 'q"' });
  assert.deepEqual(
    injected.cells.map(({ source }) => source),
    ["1;", 'let k = 16;\nlet m = "a";', '// Values given when this notebook was run.\nk = 2;\nm = "q\\"";', "k;"],
  );
  assert.deepEqual(injectParameters(injected, {}).cells.length, 3);
  assert.deepEqual(
    notebookParameters(notebook).map(({ name }) => name),
    ["k", "m"],
  );
  assert.throws(() => injectParameters({ cells: [cell("1;")] }, { k: 1 }), /no cell tagged parameters/);
});

test("provenance names package, versions, processor, and what it is given", (t) => {
  const record = provenance({ model: { hash: "abc" }, seeds: [1, 2], parameters: { k: 16 } });
  assert.match(record.package, /^kernel-view \d/);
  assert.equal(record.node, process.version);
  assert.match(record.cpu, /threads$/);
  assert.ok(Math.abs(Date.parse(record.time) - Date.now()) < 5000);
  assert.deepEqual([record.modelHash, record.seeds, record.parameters], ["abc", [1, 2], { k: 16 }]);
  const sink = page();
  setDisplaySink(sink);
  t.after(() => setDisplaySink());
  showProvenance({ seeds: [5] });
  const { bundle } = sink.shown[0];
  assert.deepEqual((bundle["application/vnd.kernel-view.provenance+json"] as { seeds: number[] }).seeds, [5]);
  assert.match(bundle["text/plain"] as string, /Seeds +5/);
});
