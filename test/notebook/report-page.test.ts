import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import { chromium as launcher, type Browser, type BrowserContextOptions } from "playwright-core";
import { writeReport } from "../../environment/tools/report/write-report";
import { writeSite } from "../../environment/tools/report/write-site";
import { tableBundle } from "../../src/notebook/show-table";
import { chromium, chromiumFlags, temporaryFolder } from "../support/checkout";
import type { RunParameter } from "../../environment/tools/report/execute-notebook";
import { chart, codeCell, displayed, executedRun, notebookOf, printed, textCell } from "./executed";

/** What a label, a sentence of the data, a name or a message may hold. */
const hostile = (place: string) =>
  `${place} <img src="https://example.org/${place}.png" onerror="window.injected='${place}'"><script>window.injected='${place}'</script>`;

/** The ways by which HTML runs scripts or asks for something. */
const markup = `<script>window.injected='html'</script><iframe src="https://example.org/"></iframe>
<meta http-equiv="refresh" content="0;url=https://example.org/refreshed"><form action="https://example.org/"><button>Go</button></form>
<svg onload="window.injected='svg'"><script>window.injected='in svg'</script></svg><style>@import url("https://example.org/a.css");</style>
<a href="javascript:window.injected='link'">a link</a> <img alt="far" src="https://example.org/a.png">`;

function hostileChart(rows: object[]) {
  const output = chart(rows) as { data: Record<string, { layer: object[] }> };
  const spec = output.data["application/vnd.vegalite.v5+json"];
  const [line, rule] = spec.layer;
  return displayed({
    "application/vnd.vegalite.v5+json": {
      ...spec,
      title: { text: hostile("title"), subtitle: hostile("subtitle") },
      description: `${hostile("title")}: ${hostile("description")}`,
      params: [{ name: "size", value: 300, bind: { input: "range", min: 100, max: 400, name: hostile("slider") } }],
      usermeta: { embedOptions: { actions: true, ast: false, config: { background: "red" } } },
      layer: [
        { ...line, mark: "line" },
        rule,
        {
          ...line,
          mark: "point",
          encoding: {
            ...(line as { encoding: object }).encoding,
            size: { value: { expr: "size" } },
            color: { field: "label", type: "nominal", title: hostile("legend") },
            href: { value: "javascript:window.injected='href'" },
            tooltip: [
              { field: "label", title: hostile("field") },
              { field: "image", title: "image" },
            ],
          },
        },
      ],
    },
    "text/plain": hostile("alt"),
    "image/png": `"><script>window.injected='png'</script>`,
  });
}

const cells = (k: number) => [
  textCell("title", `# Texts ${hostile("heading")}\n\nDoes ${hostile("question")} stay text?`),
  textCell(
    "markup",
    `## Markup\n\n${markup}\n\n[one](javascript:window.injected='markdown') and $a < b$.\n\n${"`a_long_name`".repeat(30)}`,
  ),
  codeCell("parameters", `let label = ${JSON.stringify(hostile("value"))};\nlet k = 16;`, [], ["parameters"]),
  { ...codeCell("raw", hostile("raw cell")), cell_type: "raw", outputs: undefined, execution_count: undefined },
  codeCell("table", `// ${hostile("comment")}\n${"wide(); ".repeat(60)}`, [
    displayed(tableBundle([{ [hostile("column")]: hostile("cell"), k }], { caption: hostile("caption") })),
    displayed({ "text/html": markup, "text/plain": "markup" }),
    displayed({ "text/markdown": `**bold** ${markup}`, "text/plain": "markup" }),
    displayed({
      "image/svg+xml": `<svg xmlns="http://www.w3.org/2000/svg">${markup}</svg>`,
      "text/plain": hostile("svg"),
    }),
    printed(hostile("printed")),
    { output_type: "error", ename: "Error", evalue: "", traceback: [hostile("traceback")] },
  ]),
  codeCell("figure", "// A figure", [
    hostileChart([
      { x: 0, y: k, label: hostile("label"), image: "https://example.org/tooltip.png" },
      { x: 1, y: 2 * k, label: "b", image: "" },
    ]),
  ]),
];
const parameters = (k: number): RunParameter[] => [
  {
    name: "label",
    value: hostile("value"),
    comment: hostile("meaning"),
    committed: JSON.stringify(hostile("committed")),
    changed: false,
  },
  { name: "k", value: k, changed: false },
];

const looks: Record<string, BrowserContextOptions> = {
  light: { colorScheme: "light", viewport: { width: 1300, height: 900 } },
  dark: { colorScheme: "dark", viewport: { width: 1300, height: 900 } },
  "390 px wide": { colorScheme: "light", viewport: { width: 390, height: 800 } },
};

describe(
  "a page whose every text holds HTML",
  { skip: chromium() ? false : "no Chromium (set CHROMIUM to its path)" },
  () => {
    const folder = temporaryFolder({ after });
    const name = "<img src=x onerror=window.injected='file'> &amp; \"b\"";
    const site = path.join(folder, "site");
    const pages: Record<string, string> = {
      "the report": path.join(site, `${name}.html`),
      "two runs": path.join(folder, "compared.html"),
      "the index": path.join(site, "index.html"),
    };
    let browser: Browser;

    before(async () => {
      const files = [name, "second", "failing"].map((one) => path.join(folder, `${one}.ipynb`));
      for (const file of files) writeFileSync(file, JSON.stringify(notebookOf(cells(4))));
      const work = path.join(folder, "work");
      mkdirSync(work);
      await writeSite({
        files,
        out: site,
        execute: async ({ file }, use) => {
          if (file.includes("failing")) throw new Error(hostile("failure"));
          return use({ ...executedRun(work, "run", cells(4), parameters(4)), editedCells: [hostile("edited")] });
        },
      });
      const [first, second] = [4, 16].map((k) => executedRun(work, `run ${k}`, cells(k), parameters(k)));
      writeReport({ file: files[0], out: pages["two runs"], ...first, against: second });
      browser = await launcher.launch({ executablePath: chromium(), args: chromiumFlags });
    });
    after(() => browser?.close());

    /** Opens a page, uses what it offers, and tells what it asked for. */
    async function open(file: string, look: BrowserContextOptions) {
      const page = await browser.newPage(look);
      const asked: string[] = [];
      page.on("request", (request) => asked.push(request.url()));
      page.on("pageerror", (error) => asked.push(error.message));
      await page.goto(pathToFileURL(file).href);
      if (await page.$("#toggle-code")) {
        await page.waitForSelector("html[data-charts=drawn]");
        await page.click("#toggle-code");
      }
      return { page, asked: () => asked.filter((url) => url !== pathToFileURL(file).href && !url.startsWith("data:")) };
    }

    for (const [what, file] of Object.entries(pages)) {
      test(`${what} shows it as text, runs no script and asks for nothing`, async () => {
        const { page, asked } = await open(file, looks.light);
        const tags =
          "iframe, form, object, embed, style ~ iframe, meta[http-equiv=refresh], main style, [onerror], [onload]";
        const found = page.locator(`:is(${tags}), [href^="javascript:"], main img:not([src^="data:"])`);
        assert.deepEqual(
          await found.evaluateAll((all: { outerHTML: string }[]) => all.map((one) => one.outerHTML)),
          [],
        );
        const text = (await page.textContent("main"))!;
        const places =
          what === "the index"
            ? ["heading", "question", "failure"]
            : ["raw cell", "column", "cell", "caption", "printed", "traceback", "comment", "description", "title"];
        if (what === "the report") places.push("committed", "meaning", "edited");
        for (const place of places) assert.ok(text.includes(`${place} <img src=`), `${place} is shown`);
        if (what !== "the index") {
          assert.equal(await page.locator(".drawing.failed").count(), 0);
          await page.locator(".bindings input").first().fill("400");
          const points = page.locator(".drawing g.mark-symbol.role-mark path");
          for (const at of [0, 1]) await points.nth(at).hover();
          assert.match((await page.textContent("#vg-tooltip-element"))!, /field <img src=/);
          await points.first().click();
          for (const link of await page.locator(".text a, .rich a").all()) await link.click({ timeout: 2000 });
        }
        // The page's policy is the second wall: even a script that got in would not run.
        await page.evaluate(`{
        const script = document.createElement("script");
        script.textContent = "window.injected = 'inserted'";
        document.body.append(script);
        document.body.insertAdjacentHTML("beforeend", "<b onclick='window.injected = 1' id='pressed'>press</b>");
        document.getElementById("pressed").click();
      }`);
        assert.equal(await page.evaluate("window.injected"), undefined);
        assert.deepEqual(asked(), []);
        assert.doesNotMatch(readFileSync(file, "utf8"), /script-src [^;]*unsafe/);
        await page.close();
      });

      for (const [look, options] of Object.entries(looks))
        test(`${what} has nothing that axe-core objects to (${look})`, async () => {
          const { page } = await open(file, options);
          await page.evaluate(readFileSync(require.resolve("axe-core/axe.min.js"), "utf8"));
          const violations = await page.evaluate(
            `axe.run().then(({ violations }) => violations.map(({ id, nodes }) => id + ": " + nodes.map(({ html }) => html.slice(0, 200)).join(" | ")))`,
          );
          assert.deepEqual(violations, []);
          const wide = `[...document.querySelectorAll("body *")].filter((one) => one.getBoundingClientRect().right > innerWidth && !one.closest("[tabindex]")).map((one) => one.outerHTML.slice(0, 200))`;
          if (await page.evaluate("document.documentElement.scrollWidth > innerWidth"))
            assert.fail(`wider than the screen: ${String(await page.evaluate(wide))}`);
          await page.close();
        });
    }
  },
);
