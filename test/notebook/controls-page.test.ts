import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { chromium as launcher } from "playwright-core";
import { chromium, chromiumFlags, temporaryFolder } from "../support/checkout";
import { hasJupyterLab, runAll, startLab } from "../support/jupyter-lab";

const sources = [
  'import { choice, interact, slider } from "kernel-view";',
  `// A bar as long as the slider says
await interact(
  [slider("regularization", { min: 0.001, max: 10, step: 0.25, value: 0.1, scale: "log" }), choice("f0", [1, Infinity])],
  ([regularization, f0]) => {
    if (f0 === Infinity) throw new RangeError("not without an answer");
    return {
      $schema: "https://vega.github.io/schema/vega-lite/v5.json",
      description: \`at \${regularization}\`,
      data: { values: [{ regularization }] },
      mark: "bar",
      encoding: { x: { field: "regularization", type: "quantitative" } },
    };
  },
);`,
];

const skip = !chromium()
  ? "no Chromium (set CHROMIUM to its path)"
  : !hasJupyterLab()
    ? "no JupyterLab (npm run setup)"
    : false;

test(
  "in JupyterLab, a slider moved with the keyboard changes the figure below it",
  { skip, timeout: 300_000 },
  async (t) => {
    const folder = temporaryFolder(t);
    const notebooks = path.join(folder, "notebooks");
    mkdirSync(notebooks);
    const cells = sources.map((source, index) => ({
      cell_type: "code",
      id: `c${index}`,
      metadata: {},
      source,
      outputs: [],
      execution_count: null,
    }));
    const kernelspec = { name: "kernel-view", display_name: "TypeScript (Kernel View)", language: "typescript" };
    writeFileSync(
      path.join(notebooks, "controls.ipynb"),
      JSON.stringify({ cells, metadata: { kernelspec }, nbformat: 4, nbformat_minor: 5 }),
    );

    const lab = await startLab(notebooks, folder);
    const browser = await launcher.launch({ executablePath: chromium(), args: chromiumFlags });
    try {
      const page = await browser.newPage({ viewport: { width: 1200, height: 900 } });
      page.setDefaultTimeout(120_000);
      await page.goto(lab.address("controls.ipynb"));
      await runAll(page);
      const handle = page.getByRole("slider");
      await handle.waitFor();
      const figure = page.locator(".vega-embed");
      const figureOf = (description: string) => figure.locator(`[aria-label="${description}"]`);
      const picture = () => page.evaluate<string>(`document.querySelector(".vega-embed svg").outerHTML`);
      await figureOf("at 0.1").waitFor();
      const first = await picture();

      await handle.focus();
      await handle.press("ArrowRight");
      await figureOf("at 0.178").waitFor();
      assert.notEqual(await picture(), first);
      assert.equal(await page.locator(".widget-readout").textContent(), "0.178");
      for (let i = 0; i < 5; i++) await handle.press("ArrowRight");
      await figureOf("at 3.16").waitFor();
      assert.equal(await figure.count(), 1, "replaced, not added");

      await page.locator(".widget-dropdown select").selectOption("∞");
      await page.getByText("RangeError: not without an answer").waitFor();
      assert.equal(await figure.count(), 0);
      await page.locator(".widget-dropdown select").selectOption("1");
      await figureOf("at 3.16").waitFor();

      await page.keyboard.press("Control+s");
      await page.waitForFunction(`!document.querySelector(".lm-TabBar-tab.jp-mod-dirty")`);
      const saved = JSON.parse(readFileSync(path.join(notebooks, "controls.ipynb"), "utf8")) as {
        cells: { outputs: { data: Record<string, unknown> }[] }[];
      };
      assert.deepEqual(
        saved.cells[1].outputs.map(({ data }) => "image/png" in data),
        [false, true],
        "the figure as it is now has a picture",
      );
    } finally {
      await browser.close();
      await lab.stop();
    }
  },
);
