import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { kernelOfSuite } from "../support/real-kernel";

describe("the value of a cell's last line", () => {
  const kernel = kernelOfSuite();
  const valueOf = async (code: string): Promise<string | undefined> => {
    const { status, value, trace } = await kernel.run(code);
    assert.equal(status, "ok", trace);
    return value;
  };
  const formsOf = async (code: string): Promise<Record<string, unknown>> => {
    const { data, trace } = await kernel.run(code);
    return data ?? { trace };
  };

  test("a DataFrame is a table", async () => {
    const forms = await formsOf(
      `import { DataFrame } from "danfojs-node"; new DataFrame([{ task: "sst-2", rows: 872 }, { task: "subj", rows: 2000 }])`,
    );
    assert.deepEqual(Object.keys(forms).sort(), ["text/html", "text/plain"]);
    assert.match(forms["text/html"] as string, /<table>[\s\S]*<td[^>]*>sst-2<\/td>[\s\S]*872/);
    assert.match(forms["text/plain"] as string, /task +rows\n.*\nsst-2 +872\nsubj +2000/);
  });

  test("a Vega-Lite specification is a chart, and a picture where no chart can be drawn", async () => {
    const forms = await formsOf(
      `({ $schema: "https://vega.github.io/schema/vega-lite/v5.json", description: "Two points", data: { values: [{ x: 1, y: 2 }, { x: 2, y: 3 }] }, mark: "line", encoding: { x: { field: "x", type: "quantitative" }, y: { field: "y", type: "quantitative" } } })`,
    );
    assert.deepEqual(Object.keys(forms).sort(), [
      "application/vnd.vegalite.v5+json",
      "image/png",
      "image/svg+xml",
      "text/plain",
    ]);
    assert.equal((forms["application/vnd.vegalite.v5+json"] as { mark: string }).mark, "line");
    assert.match(forms["image/svg+xml"] as string, /^<svg/);
    assert.equal(Buffer.from(forms["image/png"] as string, "base64").toString("latin1", 1, 4), "PNG");
  });

  test("a tensor shows its type, shape and first values", async () => {
    assert.equal(
      await valueOf(`import { tf } from "kernel-view"; tf.tensor2d([[1, 2, 3], [4, 5, 6]])`),
      "Tensor float32 [2, 3]: 1, 2, 3, 4, 5, 6",
    );
    assert.equal(await valueOf(`tf.zeros([100], "int32")`), `Tensor int32 [100]: ${"0, ".repeat(12)}…`);
    assert.equal(await valueOf(`const gone = tf.scalar(1); gone.dispose(); gone`), "Tensor float32 [], disposed");
  });

  test("showing a tensor leaves no tensor behind", async () => {
    await kernel.run(`const held = tf.ones([50]); const before = tf.memory().numTensors;`);
    await kernel.run("held");
    assert.equal(await valueOf("tf.memory().numTensors - before"), "0");
  });

  test("a function shows its signature, not its source", async () => {
    assert.equal(
      await valueOf(`const area = (width: number, height = 2): number => width * height; area`),
      "area: (width: number, height?: number) => number",
    );
    assert.equal(
      await valueOf(`async function later<T>(value: T): Promise<T> { return value; }\nlater`),
      "later: <T>(value: T) => Promise<T>",
    );
    assert.match(
      (await valueOf(`import { computeKernel } from "kernel-view"; computeKernel`))!,
      /^computeKernel: \(options: KernelOptions\) => Promise<KernelResult>/,
    );
    assert.equal(await valueOf(`class Shape { area(): number { return 0; } }\nShape`), "class Shape");
  });

  test('an object can show itself, by Symbol.for("Jupyter.display")', async () => {
    assert.deepEqual(
      await formsOf(`({ [Symbol.for("Jupyter.display")]: () => ({ "text/plain": "p", "text/html": "<i>p</i>" }) })`),
      { "text/plain": "p", "text/html": "<i>p</i>" },
    );
    assert.deepEqual(await formsOf(`({ [Symbol.for("Jupyter.display")]: async () => ({ "text/plain": "later" }) })`), {
      "text/plain": "later",
    });
    const broken = await formsOf(
      `({ kept: 1, [Symbol.for("Jupyter.display")]: () => { throw new Error("cannot draw"); } })`,
    );
    assert.match(broken["text/plain"] as string, /kept: 1[\s\S]*\(not shown otherwise: cannot draw\)$/);
  });

  test("promises show what they give; everything else as console.log shows it", async () => {
    assert.equal(await valueOf("Promise.resolve(5)"), "5");
    assert.equal(await valueOf(`new Map([["a", 1]])`), "Map(1) { 'a' => 1 }");
    assert.equal(await valueOf("null"), "null");
    assert.equal(await valueOf("10n ** 20n"), "100000000000000000000n");
    assert.equal(await valueOf("new Date(0)"), "1970-01-01T00:00:00.000Z");
    assert.match((await valueOf("Array.from({ length: 1000 }, (_, i) => i)"))!, /\.\.\. 900 more items/);
    assert.ok((await valueOf(`"x".repeat(1_000_000)`))!.length < 20_000);
  });

  test("assignments, undefined, timers, declarations and statements show nothing", async () => {
    await kernel.run("let number = 5;");
    for (const code of [
      "number = 6",
      "number += 1",
      "number++",
      "--number",
      "undefined",
      "void 0",
      "setTimeout(() => {}, 1)",
      "const other = 1",
      "if (number) { 5 }",
      "for (const i of [1]) i;",
      "type Only = number;",
      "// a comment",
      "",
    ]) {
      assert.equal(await valueOf(code), undefined, code);
    }
    assert.equal(await valueOf("number"), "7");
  });

  test("a value that cannot be shown as what it looks like is still shown", async () => {
    assert.match(
      (await valueOf(`({ $schema: "https://vega.github.io/schema/vega-lite/v5.json", mark: 7 })`))!,
      /mark: 7|Chart/,
    );
    assert.match((await valueOf(`({ get bad(): never { throw new Error("getter"); } })`))!, /bad/);
    assert.match((await valueOf(`const round: { self?: unknown } = {}; round.self = round; round`))!, /Circular/);
  });
});
