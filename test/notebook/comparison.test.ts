import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import { chromium as launcher } from "playwright-core";
import { writeReport } from "../../environment/tools/report/write-report";
import { chromium, chromiumFlags, fixtureNotebook, runNode, temporaryFolder } from "../support/checkout";
import type { RunParameter } from "../../environment/tools/report/execute-notebook";
import { chart, codeCell, displayed, executedRun, printed, references, textCell } from "./executed";

const provenance = (seeds: number[]) =>
  displayed({ "application/vnd.kernel-view.provenance+json": { seeds, modelHash: "abc" }, "text/plain": "Provenance" });
const table = (value: number) =>
  displayed({
    "text/html": `<table><tr><th>method</th><th>k</th></tr><tr><td>kernel</td><td class="n">${value}</td></tr></table>`,
    "text/plain": "t",
  });

/** A notebook as k examples leave it. */
const cells = (k: number, injected: boolean) => [
  textCell("title", "# More examples\n\nDo they help?"),
  codeCell("parameters", 'let k = 16; // examples\nlet name = "a";', [], ["parameters"]),
  ...(injected ? [codeCell("injected-parameters", `{ k = ${k}; }`, [], ["injected-parameters"])] : []),
  codeCell("same", "// The same", [printed("No difference here.\n")]),
  textCell("part", "## A part"),
  codeCell("figure", "// The figure", [
    chart([
      { x: 0, y: k },
      { x: 1, y: 2 * k },
    ]),
    printed(`With <k> = ${k}, \x1b[33m${0.5 * k}\x1b[0m %.\n`),
  ]),
  codeCell("table", "// The table", [table(k)]),
  codeCell("provenance", "showProvenance({ seeds })", [provenance([k])]),
];

const parameters = (k: number, changed: boolean): RunParameter[] => [
  { name: "k", value: k, comment: "examples", changed },
  { name: "name", value: "a", changed: false },
];

describe("two runs of a notebook side by side", () => {
  const folder = temporaryFolder({ after });
  const out = path.join(folder, "compared.html");
  let html: string;

  before(async () => {
    const first = executedRun(folder, "first", cells(4, true), parameters(4, true), 2);
    const second = executedRun(folder, "second", cells(16, false), parameters(16, false), 5);
    writeReport({ file: path.join(folder, "05-examples.ipynb"), out, ...first, against: second });
    html = readFileSync(out, "utf8").replace(/<script(?! type="application\/json")[^>]*>[\s\S]*?<\/script>/g, "");
  });

  test("the parameters that differ stand on top, those that agree are folded", () => {
    assert.match(html, /<title>More examples: k = 4 against k = 16<\/title>/);
    assert.match(
      html,
      /<th scope="row"><code>k<\/code><\/th><td><mark>4<\/mark><\/td><td><mark>16<\/mark><\/td><td class="comment">examples<\/td>/,
    );
    assert.match(
      html,
      /<summary>1 parameter is the same on both sides<\/summary>\s*<table>\s*<tr><th scope="row"><code>name<\/code><\/th><td>&#34;a&#34;<\/td>/,
    );
    assert.ok(html.indexOf('class="differing"') < html.indexOf("<h1"), "before the notebook");
  });

  test("text and code stand once; outputs in pairs, or once where they agree", () => {
    assert.equal(html.match(/<h2 id="A-part">/g)!.length, 1);
    assert.equal(html.match(/<span class="what">The figure<\/span>/g)!.length, 1);
    assert.doesNotMatch(html, /injected|\{ k = 4; \}/);
    assert.match(html, /the same in both runs<\/p>\s*<pre class="printed">No difference here\./);
    assert.equal(html.match(/No difference here/g)!.length, 1);
    const pairs = [
      ...html.matchAll(
        /<div class="sides">\s*<section class="side" data-side="left">\s*<p class="whose">k = 4<\/p>([\s\S]*?)<\/section>\s*<section class="side" data-side="right">\s*<p class="whose">k = 16<\/p>([\s\S]*?)<\/section>\s*<\/div>/g,
      ),
    ];
    assert.equal(pairs.length, 2);
    const figures = pairs[0].slice(1).map(
      (side) =>
        JSON.parse(/class="specification">(.*?)<\/script>/s.exec(side)![1]) as {
          layer: { data: { values: { y: number }[] } }[];
        },
    );
    assert.deepEqual(
      figures.map(({ layer }) => layer[0].data.values[1].y),
      [8, 32],
    );
  });

  test("differing words and table cells are marked, and text stays text", () => {
    assert.match(html, /<pre class="printed">With &lt;k&gt; = <mark>4<\/mark>, <mark>2<\/mark> %\.\n<\/pre>/);
    assert.match(html, /With &lt;k&gt; = <mark>16<\/mark>, <mark>8<\/mark> %\.\n<\/pre>/);
    assert.match(html, /<td>kernel<\/td><td class="n"><mark>16<\/mark><\/td>/);
  });

  test("the provenance has both runs, and one value where they agree", () => {
    assert.match(html, /<th scope="row">Seeds<\/th><td>4<\/td><td>16<\/td>/);
    assert.match(html, /<th scope="row">Run time<\/th><td>2\.0 s<\/td><td>5\.0 s<\/td>/);
    assert.match(html, /<th scope="row">Model hash<\/th><td colspan="2">abc<\/td>/);
    assert.deepEqual(references(html), []);
  });

  test(
    "in a browser both figures are drawn, beside each other, and downloaded under their side's name",
    { skip: chromium() ? false : "no Chromium (set CHROMIUM to its path)" },
    async (t) => {
      const browser = await launcher.launch({ executablePath: chromium(), args: chromiumFlags });
      t.after(() => browser.close());
      const page = await browser.newPage({ viewport: { width: 1400, height: 900 } });
      await page.goto(pathToFileURL(out).href);
      await page.waitForSelector("html[data-charts=drawn]");
      const drawings = page.locator(".side .drawing svg");
      assert.equal(await drawings.count(), 2);
      const [left, right] = [await drawings.nth(0).boundingBox(), await drawings.nth(1).boundingBox()];
      assert.ok(left!.x + left!.width <= right!.x && Math.abs(left!.y - right!.y) < 2, JSON.stringify({ left, right }));
      const ends = (side: string) =>
        page
          .locator(`.side[data-side=${side}] .role-axis-label text`)
          .evaluateAll((labels: { textContent: string }[]) => labels.map(({ textContent }) => textContent));
      assert.deepEqual(
        await ends("left"),
        await ends("right"),
        "the same axes, though one has 8 at most, the other 32",
      );
      assert.ok((await ends("left")).includes("30"), String(await ends("left")));
      const download = page.waitForEvent("download");
      await page.locator('.side[data-side=right] .downloads button:text-is("data as CSV")').click();
      const file = await download;
      assert.equal(file.suggestedFilename(), "05-examples-right-figure-1.csv");
      assert.equal(readFileSync(await file.path(), "utf8"), "table,x,y,chance\r\n1,0,16,\r\n1,1,32,\r\n2,,,0.5\r\n");
    },
  );
});

test("runs of different notebooks are refused", async (t) => {
  const folder = temporaryFolder(t);
  const first = executedRun(folder, "first", cells(4, false), parameters(4, true));
  const second = executedRun(folder, "second", cells(16, false).slice(0, -1), parameters(16, false));
  assert.throws(
    () => writeReport({ file: "a.ipynb", out: path.join(folder, "a.html"), ...first, against: second }),
    /not runs of the same notebook/,
  );
});

test("what cannot be compared is refused before anything runs", () => {
  const complaint = (...args: string[]) => {
    const result = runNode(["build/environment/tools/report.js", ...args]);
    assert.equal(result.status, 1);
    assert.doesNotMatch(result.stderr, /cell 1 of/);
    return result.stderr;
  };
  assert.match(
    complaint(fixtureNotebook("chart"), "--set", "scale=3", "--against", "scale=3"),
    /^Both runs would have the same parameters: --against scale=3 changes nothing\.\n$/,
  );
  assert.match(complaint(fixtureNotebook("chart"), "--against", "depth=3"), /has no parameter "depth"/);
  assert.match(complaint("--all", "--against", "scale=3"), /--against compares two runs of one notebook/);
});
