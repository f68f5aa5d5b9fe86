import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import { chromium as launcher, type Browser, type Page } from "playwright-core";
import { chromium, chromiumFlags, fixtureNotebook, root, runNode, temporaryFolder } from "../support/checkout";

/** A page loads nothing from elsewhere when none of these lead out of it. */
function outwardReferences(html: string): string[] {
  // The inlined libraries' own text holds addresses they never ask for here; the browser test below watches that.
  const markup = html.replace(/<script(?! type="application\/json")[^>]*>[\s\S]*?<\/script>/g, "<script></script>");
  return [
    ...markup.matchAll(
      /(?:\b(?:src|srcset|poster|data|action)\s*=\s*["']?|<link\b[^>]*href\s*=\s*["']?|url\(\s*["']?|@import\s+["']?)([^"')\s>]+)/g,
    ),
  ]
    .map((match) => match[1])
    .filter((address) => !address.startsWith("data:") && !address.startsWith("#"));
}

describe("the report of a notebook", () => {
  const file = path.join(temporaryFolder({ after }), "chart report.html");
  let html: string;

  before(() => {
    const result = runNode([
      "build/environment/tools/report.js",
      fixtureNotebook("chart"),
      "--set",
      "scale=3",
      "--out",
      file,
    ]);
    assert.equal(result.status, 0, result.stderr);
    assert.match(result.stderr, /chart\.ipynb: cell 4 of 7 · \d+ s · A chart with a tooltip and a slider/);
    html = readFileSync(file, "utf8");
  });

  test("is one file that refers to nothing outside itself", () => {
    assert.deepEqual(outwardReferences(html), []);
    assert.deepEqual(outwardReferences('<img src="https://example.org/a.png"><link rel="stylesheet" href=b.css>'), [
      "https://example.org/a.png",
      "b.css",
    ]);
    assert.ok(html.length < 3_000_000, `${html.length} characters`);
  });

  test("has its title, contents, drawn formulas, foldable code and provenance", () => {
    assert.match(html, /<title>A chart and a table<\/title>/);
    assert.match(html, /<li class="level-2"><a href="#Getting-things">Getting things<\/a><\/li>/);
    assert.match(html, /<h2 id="Getting-things">/);
    assert.equal(html.match(/class="katex-display"/g)?.length, 1);
    assert.doesNotMatch(html, /<x-tex|\$K_\{ij\}/);
    assert.match(html, /<code>const price = &quot;\$5&quot;<\/code> and \$5 are not mathematics/);
    assert.match(html, /<details class="code">\s*<summary><span class="what">A chart with a tooltip and a slider/);
    for (const row of [
      "scale = 3 (set for this run; committed: 2), label = &#34;first&#34;",
      "1, 2",
      `kernel-view ${(require(path.join(root, "package.json")) as { version: string }).version}`,
      process.version,
    ]) {
      assert.ok(html.includes(`<td>${row}</td>`), row);
    }
  });

  describe("in a browser", { skip: chromium() ? false : "no Chromium (set CHROMIUM to its path)" }, () => {
    let browser: Browser;
    before(async () => {
      browser = await launcher.launch({ executablePath: chromium(), args: chromiumFlags });
    });
    after(() => browser?.close());

    /** Opens the report and collects what goes wrong and what is asked for. */
    async function open(options: { colorScheme: "light" | "dark"; javaScriptEnabled?: boolean }) {
      const page = await browser.newPage({ viewport: { width: 1300, height: 900 }, ...options });
      const requests: string[] = [];
      const errors: string[] = [];
      page.on("request", (request) => requests.push(request.url()));
      page.on("pageerror", (error) => errors.push(error.message));
      page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
      await page.goto(pathToFileURL(file).href);
      return {
        page,
        errors,
        outside: () => requests.filter((url) => url !== pathToFileURL(file).href && !url.startsWith("data:")),
      };
    }
    const colour = (page: Page, selector: string, property: string) =>
      page.evaluate(
        `getComputedStyle(document.querySelector(${JSON.stringify(selector)})).getPropertyValue(${JSON.stringify(property)})`,
      );
    const marks = (page: Page) => page.locator(".drawing g.mark-symbol.role-mark path");

    for (const colorScheme of ["light", "dark"] as const) {
      test(`draws its chart and asks for nothing (${colorScheme})`, async () => {
        const { page, errors, outside } = await open({ colorScheme });
        await page.waitForSelector("html[data-charts=drawn]");
        assert.equal(await marks(page).count(), 20);
        const before = await marks(page).first().getAttribute("d");
        await page.locator(".vega-bind input[type=range]").fill("200");
        await page.waitForFunction(
          `document.querySelector(".drawing g.mark-symbol.role-mark path")?.getAttribute("d") !== ${JSON.stringify(before)}`,
        );
        await marks(page).nth(3).hover();
        await page.waitForSelector("#vg-tooltip-element.visible");
        assert.equal(
          await colour(page, "body", "background-color"),
          colorScheme === "light" ? "rgb(255, 255, 255)" : "rgb(20, 24, 29)",
        );
        assert.deepEqual({ errors, outside: outside() }, { errors: [], outside: [] });
        await page.close();
      });
    }

    test("its buttons change the theme and show the code", async () => {
      const { page, errors } = await open({ colorScheme: "light" });
      await page.waitForSelector("html[data-charts=drawn]");
      assert.equal(await page.locator("details.code[open]").count(), 2, "the two cells with parameters");
      await page.click("#toggle-code");
      assert.equal(await page.locator("details.code:not([open])").count(), 0);
      await page.click("#toggle-theme");
      await page.click("#toggle-theme");
      assert.equal(await colour(page, "body", "background-color"), "rgb(20, 24, 29)");
      await page.waitForFunction(
        `document.querySelector(".drawing g.role-axis-title text")?.getAttribute("fill") === "#dfe4ea"`,
      );
      assert.deepEqual(errors, []);
      await page.close();
    });

    test("each figure is downloaded as it stands: SVG, PNG, its rows, its specification", async () => {
      const { page, errors, outside } = await open({ colorScheme: "dark" });
      await page.waitForSelector("html[data-charts=drawn]");
      const download = async (title: string) => {
        const started = page.waitForEvent("download");
        await page.click(`.downloads button:text-is("${title}")`);
        const done = await started;
        return { name: done.suggestedFilename(), content: readFileSync(await done.path()) };
      };
      const svg = await download("SVG");
      assert.equal(svg.name, "chart-figure-1.svg");
      assert.match(svg.content.toString(), /^<svg [\s\S]*Loss falls/);
      assert.match(svg.content.toString(), /fill="#14181d"/, "on the page's background, which its light texts need");
      const png = await download("PNG");
      const [width, height] = /width="(\d+)" height="(\d+)"/.exec(svg.content.toString())!.slice(1).map(Number);
      assert.deepEqual(
        [png.name, png.content.subarray(1, 4).toString(), png.content.readUInt32BE(16), png.content.readUInt32BE(20)],
        ["chart-figure-1.png", "PNG", 2 * width, 2 * height],
      );
      const rows = Array.from({ length: 20 }, (_, i) => ({
        step: i,
        loss: 3 * Math.exp(-i / 5),
        run: i % 2 ? "odd" : "even",
      }));
      assert.deepEqual(JSON.parse((await download("data as JSON")).content.toString()), rows);
      assert.equal(
        (await download("data as CSV")).content.toString(),
        ["step,loss,run", ...rows.map((row) => Object.values(row).join(","))].join("\r\n") + "\r\n",
      );
      assert.equal(
        (JSON.parse((await download("Vega-Lite")).content.toString()) as { title: string }).title,
        "Loss falls",
      );
      assert.equal(
        await page.locator(".drawing svg [fill='#14181d']").count(),
        0,
        "the drawing on the page stays transparent",
      );
      assert.deepEqual(
        { errors, outside: outside().filter((url) => !url.startsWith("blob:")) },
        { errors: [], outside: [] },
      );
      await page.close();
    });

    test("without scripts it shows the still charts", async () => {
      const { page, outside } = await open({ colorScheme: "light", javaScriptEnabled: false });
      assert.equal(await page.locator("figure.chart noscript img").isVisible(), true);
      assert.deepEqual(outside(), []);
      await page.close();
    });
  });
});
