import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, test } from "node:test";
import { Resvg } from "@resvg/resvg-js";
import {
  readNotebook,
  vegaLiteType,
  type CellWithOutputs,
  type NotebookFile,
  type Output,
} from "../../environment/tools/notebook-file";
import type { Executed } from "../../environment/tools/report/execute-notebook";
import { checkOutputs, writeOutputs } from "../../environment/tools/outputs/check-outputs";
import { unfitOutputs, withOutputs, type Place } from "../../environment/tools/outputs/committed-outputs";
import { compareOutputs } from "../../environment/tools/outputs/compare-outputs";
import { pngSize, smallPng } from "../../environment/tools/outputs/small-png";
import { tableBundle } from "../../src/notebook/show-table";
import type { VegaLiteSpec } from "../../src/notebook/static-chart";
import { root, runNode, temporaryFolder } from "../support/checkout";
import { codeCell, displayed, executedRun, notebookOf, printed, textCell } from "./executed";

/** A picture as charts have it: 8 bits a channel with alpha. */
function picture(width = 40, height = 20): Buffer {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"><rect x="4" y="4" width="10" height="8" fill="#0072b2"/><circle cx="26" cy="10" r="6" fill="#d55e00" fill-opacity="0.5"/></svg>`;
  return new Resvg(svg).render().asPng();
}

const figure = (spec: VegaLiteSpec, png = picture()) =>
  displayed({
    [vegaLiteType]: spec,
    "image/svg+xml": "<svg/>",
    "image/png": png.toString("base64"),
    "text/plain": "Chart: A line",
  });
const html = (text: string) => displayed({ "text/html": text, "text/plain": text });

describe("what is committed of a run", () => {
  const committed = (outputs: Output[], places?: Place[]): Output[] => {
    const cell = (shown: Output[], count: number | null) => ({
      ...codeCell("shown", "show()", shown),
      execution_count: count,
    });
    const [only] = withOutputs(notebookOf([cell([], null)]), notebookOf([cell(outputs, 7)]), places).cells;
    assert.equal(only.execution_count, null);
    return only.outputs!;
  };

  test("only outputs are taken over: sources, ids, metadata and texts are the file's", () => {
    const original = { ...notebookOf([textCell("title", "# A"), codeCell("a", "a()", [], ["results"])]), extra: 1 };
    const executed = {
      ...notebookOf([
        textCell("title", "# Changed"),
        { ...codeCell("a", "changed()", [printed("1\n2")]), metadata: { execution: {} } },
      ]),
      metadata: {},
    };
    const result = withOutputs(original, executed);
    assert.deepEqual(result, {
      ...original,
      cells: [
        original.cells[0],
        { ...original.cells[1], outputs: [{ name: "stdout", output_type: "stream", text: ["1\n", "2"] }] },
      ],
    });
    assert.throws(() => withOutputs(original, notebookOf([])), /cell a: the run has no such cell/);
  });

  test("controls are left out: they are gone with the kernel that moved them", () => {
    const controls = displayed({
      "application/vnd.jupyter.widget-view+json": { version_major: 2, version_minor: 0, model_id: "a" },
      "text/plain": "k = 16",
    });
    assert.deepEqual(
      committed([controls, printed("k = 16\n")]).map(({ output_type }) => output_type),
      ["stream"],
    );
  });

  test("a figure is a PNG of its size, and the chart where it is small", () => {
    const [small] = committed([figure({ mark: "bar", width: 3 })]);
    assert.deepEqual(Object.keys(small.data!), [vegaLiteType, "image/png", "text/plain"]);
    assert.deepEqual(small.data![vegaLiteType], { mark: "bar", width: 3 });
    assert.deepEqual(small.metadata, { "image/png": { height: 10, width: 20 } });
    const [large] = committed([figure({ data: { values: Array.from({ length: 6000 }, (_, x) => ({ x })) } })]);
    assert.deepEqual(Object.keys(large.data!), ["image/png", "text/plain"]);
  });

  test("of many charts the largest become pictures, until the file is small enough; text that is too long is refused", () => {
    const spec = (length: number) => ({ note: "x".repeat(length) });
    const lengths = Array.from({ length: 24 }, (_, i) => 40_000 + 500 * i);
    const [first, last] = ((outputs) => [outputs[0], outputs[outputs.length - 1]])(
      committed(lengths.map((length) => figure(spec(length)))),
    );
    assert.ok(vegaLiteType in first.data! && !(vegaLiteType in last.data!));
    assert.throws(
      () => committed([printed("x".repeat(1_100_000))]),
      /the file would have \d+ bytes, more than 1000000; most of it is shown by cell shown/,
    );
  });

  test("progress is its last line, without time and without what came from disk; one that never ended is left out", () => {
    const lines = [
      "Kernels: 2 of 5 seeds from disk, 3 computed in 3 min 5 s",
      "Fine-tuning: 3/400 steps in 0.1 s · stopped",
      "Download: 12 of 12 from disk in 12 s",
      "Counting: 6 steps in 2 h 10 min",
    ];
    const outputs = committed([...lines.map(html), html("<progress value=1></progress> Kernels: 1/5")]);
    assert.deepEqual(
      outputs.map(({ data }) => data!["text/plain"]),
      [["Kernels: 5 seeds"], ["Fine-tuning: 3/400 steps · stopped"], ["Download: 12"], ["Counting: 6 steps"]],
    );
    assert.deepEqual(
      outputs.map(({ data }) => data!["text/html"]),
      outputs.map(({ data }) => data!["text/plain"]),
    );
    const sentence = "Kernels took 5 s in all, and in 3 s they are read again.";
    assert.deepEqual(
      committed([html(sentence), printed(sentence)]).map(({ data, text }) => text ?? data!["text/plain"]),
      [[sentence], [sentence]],
    );
  });

  test("a table loses its column of seconds, and the provenance its time", () => {
    const records = [
      { method: "kernel", seconds: 1.25, accuracy: 0.5 },
      { method: "a < b", seconds: 100, accuracy: 0.25 },
    ];
    const options = { caption: "Accuracies, and how long they took", maxRows: 2 };
    const without = records.map(({ method, accuracy }) => ({ method, accuracy }));
    const join = (output: Output) =>
      Object.fromEntries(Object.entries(output.data!).map(([type, text]) => [type, (text as string[]).join("")]));
    for (const more of [[], records]) {
      const [output] = committed([displayed(tableBundle([...records, ...more], options))]);
      assert.deepEqual(join(output), tableBundle([...without, ...more.map(() => without[0])], options));
    }
    const rows = [
      { what: "Package", value: "kernel-view 0.1.0" },
      { what: "Node", value: "v22.1.0" },
      { what: "Time (UTC)", value: "2026-01-01T00:00:00.000Z" },
      { what: "Seeds", value: "13" },
    ];
    const [provenance] = committed([
      displayed({ ...tableBundle(rows), "application/vnd.kernel-view.provenance+json": { time: "now" } }),
    ]);
    assert.match(join(provenance)["text/html"], /<td[^>]*>Node<\/td>.*\n<tr><td[^>]*>Seeds/);
    assert.match(join(provenance)["text/plain"], /Node .*\nSeeds /);
    assert.doesNotMatch(JSON.stringify(provenance), /Time|now/);
  });

  test("paths of this machine are shortened or refused, and so is what a cell warns of", () => {
    const outputs = committed(
      [printed(`Written: ${path.join(root, "reports", "a.html")}; kept in /tmp/store-1/kernels`)],
      [["/tmp/store-1", ".cache"]],
    );
    assert.deepEqual(outputs[0].text, ["Written: reports/a.html; kept in .cache/kernels"]);
    assert.throws(
      () => committed([printed("see /home/me/models/x")]),
      /cell shown: shows the local path \/home\/me\/models\/x, which no other machine has/,
    );
    assert.throws(
      () => committed([{ ...printed("deprecated"), name: "stderr" }]),
      /cell shown: writes to standard error: “deprecated”\./,
    );
  });

  test("what is committed stays as it is when it is committed again, and raw outputs are told", () => {
    const raw = [
      figure({ mark: "bar" }),
      html("Kernels: 5 seeds in 3.0 s"),
      displayed(tableBundle([{ a: 1, seconds: 2 }])),
      printed("one\ntwo\n"),
    ];
    const outputs = committed(raw);
    assert.deepEqual(committed(outputs), outputs);
    assert.deepEqual(unfitOutputs(notebookOf([codeCell("a", "a()", outputs)])), []);
    assert.deepEqual(unfitOutputs(notebookOf([codeCell("a", "a()", [printed("as one text")])])), []);
    for (const output of raw.slice(0, 3))
      assert.match(unfitOutputs(notebookOf([codeCell("a", "a()", [output])]))[0].message, /as a run leaves them/);
    assert.match(unfitOutputs(notebookOf([codeCell("a", "a()", [printed("/home/me/x")])]))[0].message, /local path/);
  });
});

test("a picture with few colours looks the same with a palette, and takes less", async () => {
  const shown = (png: Buffer): Buffer => {
    const { width, height } = pngSize(png) as { width: number; height: number };
    const svg = `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="${width}" height="${height}"><image width="${width}" height="${height}" style="image-rendering:optimizeSpeed" xlink:href="data:image/png;base64,${png.toString("base64")}"/></svg>`;
    return new Resvg(svg).render().pixels;
  };
  const png = picture(200, 100);
  const small = smallPng(png) as Buffer;
  assert.ok(small.length < png.length);
  assert.equal(small[25], 3, "colour type: palette");
  assert.deepEqual(shown(small), shown(png), "decoded by another program");
  assert.equal(smallPng(small), small, "one with a palette stays as it is");

  // A surface with more colours than a palette holds: the nearest ones are taken.
  const stops = `<linearGradient id="g"><stop offset="0" stop-color="#000"/><stop offset="1" stop-color="#ff0"/></linearGradient><linearGradient id="h" x2="0" y2="1"><stop offset="0" stop-color="#00f"/><stop offset="1" stop-color="#00f" stop-opacity="0"/></linearGradient>`;
  const surface = new Resvg(
    `<svg xmlns="http://www.w3.org/2000/svg" width="128" height="128"><defs>${stops}</defs><rect width="128" height="128" fill="url(#g)"/><rect width="128" height="128" fill="url(#h)"/></svg>`,
  )
    .render()
    .asPng();
  const [exact, reduced] = [shown(surface), shown(smallPng(surface) as Buffer)];
  const furthest = exact.reduce((most, value, at) => Math.max(most, Math.abs(value - reduced[at])), 0);
  assert.ok(furthest > 0 && furthest < 48, `${furthest} of 255: 16384 pixels of as many colours, 256 of them kept`);
});

describe("comparing with what is committed", () => {
  const compare = (committed: Output[], fresh: Output[], tolerance?: object) => {
    const notebook = (outputs: Output[]) =>
      notebookOf([
        codeCell("other", "o()", [printed(`${outputs.length}`)]),
        { ...codeCell("shown", "s()", outputs), metadata: { tags: ["results"], ...(tolerance ? { tolerance } : {}) } },
      ]);
    return compareOutputs(notebook(committed), notebook(fresh));
  };
  const messages = (before: string, now: string, tolerance?: object) =>
    compare([printed(before)], [printed(now)], tolerance).differences.map(({ message }) => message);
  const same = (before: string, now: string, tolerance?: object) =>
    assert.deepEqual(messages(before, now, tolerance), [], `${before} → ${now}`);
  const apart = (before: string, now: string, tolerance?: object) =>
    assert.equal(messages(before, now, tolerance).length, 1, `${before} → ${now}`);

  test("numbers may differ by 2 %, or by one in the last digit that is shown", () => {
    same("accuracy 83.3 %", "accuracy 84.9 %");
    apart("accuracy 83.3 %", "accuracy 85.4 %");
    same("accuracy 0.833", "accuracy 0.849");
    apart("accuracy 0.833", "accuracy 0.852");
    same("loss 0.1", "loss 0.2");
    apart("loss 0.10", "loss 0.13");
    same("gain +0.1", "gain −0.0");
    apart("gain +1.3", "gain −1.3");
    same("85 %", "86%".replace("%", " %"));
    apart("12 %", "14 %");
    same("slope 1,234.5", "slope 1,250.1");
  });

  test("what is only rounding may be anything; a spread may change as much as its mean", () => {
    same("relative difference 3.1e-7.", "relative difference 8.8e-6.");
    apart("relative difference 3.1e-7.", "relative difference 8.8e-3.");
    same("88.3 (0.3)", "88.9 (1.9)");
    same("88.3 ± 0.3 points", "88.9 ± 1.9 points");
    apart("88.3 (0.3)", "88.9 (2.3)");
    apart("88.3 and 0.3", "88.9 and 1.9");
  });

  test("counts are equal, and so are words; digits in a name are words", () => {
    apart("on 9 of 14 tasks", "on 10 of 14 tasks");
    same("on 9 of 14 tasks", "on 10 of 14 tasks", { counts: 1 });
    apart("seed 13", "seed 14");
    apart("layer1 0.5", "layer2 0.5");
    apart("hash 3f2a", "hash 3f2b");
    same("k 16-13: 0.5", "k 16-13: 0.5");
    assert.deepEqual(messages("the best is SGD, 0.5", "the best is Adam, 0.5"), [
      "says “the best is Adam, 0.5”, committed “the best is SGD, 0.5”",
    ]);
  });

  test("a cell may have a tolerance of its own", () => {
    apart("gap 1.3 points", "gap 1.5 points");
    same("gap 1.3 points", "gap 2.9 points", { absolute: 2 });
    apart("gap 1.3 points", "gap 1.5 points", { relative: 0, absolute: 0, counts: 0 });
  });

  test("tables are compared by their numbers, whatever the width of their columns; missing outputs are told", () => {
    const table = (accuracy: string) =>
      displayed(
        tableBundle(
          [
            { method: "kernel", accuracy },
            { method: "zero-shot", accuracy: "50.0" },
          ],
          { caption: "Accuracy" },
        ),
      );
    const equal = compare(
      [table("99.9 (1.0)"), printed("Done: 1.5\n")],
      [table("100.0 (1.0)"), printed("Done: 1.5\n")],
    );
    assert.deepEqual(equal, { cells: 1, numbers: 4, differences: [] });
    assert.deepEqual(compare([table("80.0")], [table("70.0")]).differences, [
      { cell: "shown", message: "70.0, committed 80.0 (may differ by 1.7), in “kernel 70.0”" },
    ]);
    assert.match(
      compare([table("80.0"), printed("Done\n")], [table("80.0")]).differences[0].message,
      /shows 4 lines, committed are 5; the first that differ: nothing more, committed “Done”/,
    );
    assert.deepEqual(compare([], [printed("1")]).differences, [
      { cell: "shown", message: "shows no text and no table that could be compared" },
    ]);
    assert.deepEqual(compare([printed("NaN")], [printed("1")]).differences.length, 1);
  });
});

describe("npm run notebooks", () => {
  const withTags = (text: string) => [
    textCell("title", "# A"),
    codeCell("shown", "s()", text ? [printed(text)] : [], ["results"]),
  ];
  const executing =
    (text: string, meanwhile?: () => void) =>
    async <T>({ file }: { file: string }, use: (executed: Executed) => T | Promise<T>) => {
      meanwhile?.();
      const notebook = readNotebook(file);
      return use({
        ...executedRun(path.dirname(file), "run", []),
        notebook: {
          ...notebook,
          cells: notebook.cells.map((cell) =>
            cell.id === "shown" ? { ...cell, execution_count: 1, outputs: [printed(text)] } : cell,
          ),
        },
        seconds: 1,
      });
    };

  test("writes outputs as Jupyter saves them, the same bytes again, and nothing where something is wrong", async (t) => {
    const file = path.join(temporaryFolder(t), "a.ipynb");
    const source = `${JSON.stringify(notebookOf(withTags("")), null, 1)}\n`;
    writeFileSync(file, source);
    await assert.rejects(
      writeOutputs(file, { execute: executing("see /home/me/x") }),
      /a\.ipynb, cell shown: shows the local path/,
    );
    await assert.rejects(
      writeOutputs(file, { execute: () => Promise.reject(new Error("a cell failed")) }),
      /a cell failed/,
    );
    assert.equal(readFileSync(file, "utf8"), source);
    assert.equal((await writeOutputs(file, { execute: executing("1.5\n") })).changed, true);
    const written = readFileSync(file, "utf8");
    assert.equal(written, `${JSON.stringify(JSON.parse(written), null, 1)}\n`);
    assert.deepEqual((JSON.parse(written) as NotebookFile).cells[1].outputs, [
      { name: "stdout", output_type: "stream", text: ["1.5\n"] },
    ]);
    assert.equal((await writeOutputs(file, { execute: executing("1.5\n") })).changed, false);
    assert.equal(readFileSync(file, "utf8"), written);
    const edited = executing("2.5\n", () => writeFileSync(file, `${written}\n`));
    await assert.rejects(
      writeOutputs(file, { execute: edited }),
      /a\.ipynb was changed while it ran, and stays as it is/,
    );
    assert.equal(readFileSync(file, "utf8"), `${written}\n`);
  });

  test("compares, and says what a notebook lacks that cannot be compared", async (t) => {
    const file = path.join(temporaryFolder(t), "a.ipynb");
    const of = (cells: CellWithOutputs[]) => {
      writeFileSync(file, JSON.stringify(notebookOf(cells)));
      return checkOutputs(file, { execute: executing("accuracy 80.4 %\n") });
    };
    assert.deepEqual(await of(withTags("accuracy 80.0 %\n")), { cells: 1, numbers: 1, differences: [], seconds: 1 });
    assert.deepEqual((await of(withTags("accuracy 60.0 %\n"))).differences, [
      { cell: "shown", message: "80.4, committed 60.0 (may differ by 1.7), in “accuracy 80.4 %”" },
    ]);
    await assert.rejects(of(withTags("")), /a\.ipynb has no outputs yet\. Make them: npm run notebooks -- /);
    await assert.rejects(
      of([codeCell("shown", "s()", [printed("1")])]),
      /has no cell tagged “results”, so there is nothing to compare/,
    );
  });

  test("refuses other parameters, and what it does not understand, in one message", () => {
    const complaint = (...args: string[]) => {
      const result = runNode(["build/environment/tools/notebooks.js", ...args]);
      assert.equal(result.status, 1);
      return result.stderr;
    };
    assert.match(
      complaint("notebooks/00-start-here.ipynb", "--set", "k=4"),
      /^Committed outputs are those of the parameters a notebook declares\. For other values: npm run report/,
    );
    assert.match(complaint("--wrong"), /^Unknown option '--wrong'[^]*usage: npm run notebooks/);
    assert.match(complaint("nowhere.ipynb"), /^There is no notebook nowhere\.ipynb\.\n$/);
    assert.match(complaint("--check", "nowhere.ipynb"), /^There is no notebook nowhere\.ipynb\.\n$/);
  });
});
