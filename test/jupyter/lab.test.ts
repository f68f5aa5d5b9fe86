import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { chromium as launcher, type Browser, type Page } from "playwright-core";
import { chromium, chromiumFlags, temporaryFolder } from "../support/checkout";
import { startLab, type Lab } from "../support/jupyter-lab";

const PATIENCE = 120_000;
/** A folder for pictures of what a reader would see. */
const pictures = process.env.KERNEL_VIEW_TEST_PICTURES;

/** What a page of JupyterLab is asked for; the functions below run in it. */
interface LabWindow {
  jupyterapp: {
    commands: { execute(command: string, given?: object): Promise<unknown> };
    shell: { currentWidget?: LabNotebook };
  };
}
interface LabNotebook {
  content: {
    widgets: {
      model: { sharedModel: { source: string }; executionCount?: number | null; outputs?: { toJSON(): LabOutput[] } };
      node: { textContent: string; querySelector(selector: string): { textContent: string } | null };
    }[];
  };
  sessionContext: { session?: { kernel?: { status: string } } };
}
interface LabOutput {
  output_type: string;
  text?: string;
  ename?: string;
}

describe("in JupyterLab", { skip: chromium() ? false : "no Chromium (set CHROMIUM to its path)" }, () => {
  const folder = temporaryFolder({ after });
  let lab: Lab;
  let browser: Browser;
  before(async () => {
    lab = await startLab(folder, path.join(folder, ".jupyter"));
    browser = await launcher.launch({ executablePath: chromium(), args: chromiumFlags });
  });
  after(async () => {
    await browser?.close();
    await lab?.stop();
  });

  /** Opens a notebook with these cells and chooses *Run All*. */
  async function runAll(name: string, sources: string[]): Promise<Page> {
    const cells = sources.map((source, index) => ({
      cell_type: "code",
      id: `c${index}`,
      metadata: {},
      source,
      outputs: [],
      execution_count: null,
    }));
    const metadata = {
      kernelspec: { name: "kernel-view", display_name: "TypeScript (Kernel View)", language: "typescript" },
    };
    writeFileSync(
      path.join(folder, `${name}.ipynb`),
      JSON.stringify({ cells, metadata, nbformat: 4, nbformat_minor: 5 }),
    );
    const page = await browser.newPage({ viewport: { width: 1200, height: 900 } });
    page.setDefaultTimeout(PATIENCE);
    await page.goto(lab.address(`${name}.ipynb`));
    await page.waitForFunction(
      () =>
        (globalThis as unknown as LabWindow).jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel
          ?.status === "idle",
    );
    await page.evaluate(() =>
      (globalThis as unknown as LabWindow).jupyterapp.commands.execute("notebook:run-all-cells"),
    );
    return page;
  }

  /** Waits until no cell's prompt is [*] and all are numbered; gives for each the prompt, the outputs and what is drawn. */
  async function finished(page: Page) {
    await page.waitForFunction(() => {
      const prompts = (globalThis as unknown as LabWindow).jupyterapp.shell.currentWidget!.content.widgets.map(
        ({ node }) => node.querySelector(".jp-InputPrompt")?.textContent ?? "",
      );
      return prompts.every((prompt) => /\[\d+\]/.test(prompt));
    });
    return page.evaluate(() =>
      (globalThis as unknown as LabWindow).jupyterapp.shell.currentWidget!.content.widgets.map(({ model, node }) => ({
        prompt: node.querySelector(".jp-InputPrompt")!.textContent.trim(),
        outputs: model.outputs!.toJSON(),
        drawn: node.querySelector(".jp-OutputArea")?.textContent ?? "",
      })),
    );
  }

  for (const count of [1000, 100_000]) {
    test(`${count} printed lines are all there, and the cell's prompt shows its number`, async () => {
      const page = await runAll(`flood-${count}`, [`for (let i = 0; i < ${count}; i++) console.log(i)`, `"behind"`]);
      const [flood, behind] = await finished(page);
      const expected = Array.from({ length: count }, (_, i) => `${i}\n`).join("");
      const text = flood.outputs.map((output) => output.text).join("");
      assert.ok(text === expected, `${text.length} characters of ${expected.length}`);
      assert.ok(flood.drawn.replace(/\s+/g, "").includes(`${count - 2}${count - 1}`), "the last lines are drawn");
      assert.deepEqual([flood.prompt, behind.prompt], ["[1]:", "[2]:"]);
      await page.close();
    });
  }

  test("an error shows its message first and its line, and the kernel goes on", async () => {
    const page = await runAll("error", [
      `interface Row { task: string; accuracy: number }\nconst rows: Row[] = [{ task: "sst-2", accuracy: 0.91 }];\nfunction best(of: Row[]): Row {\n  if (of.length < 2) throw new RangeError("two rows are needed to choose the best");\n  return of.toSorted((a, b) => b.accuracy - a.accuracy)[0];\n}\nbest(rows);`,
    ]);
    const [failed] = await finished(page);
    assert.deepEqual(
      failed.outputs.map(({ output_type: type, ename }) => [type, ename]),
      [["error", "RangeError"]],
    );
    assert.match(failed.drawn.trim(), /^RangeError: two rows are needed to choose the best\s+in cell \[1\], line 4:/);
    if (pictures) await page.screenshot({ path: path.join(pictures, "error-light.png") });
    await page.evaluate(() =>
      (globalThis as unknown as LabWindow).jupyterapp.commands.execute("apputils:change-theme", {
        theme: "JupyterLab Dark",
      }),
    );
    await page.waitForSelector("body[data-jp-theme-light=false]", { state: "attached" });
    if (pictures) {
      await sleep(3000); // the theme comes with a curtain
      await page.screenshot({ path: path.join(pictures, "error-dark.png") });
    }
    await page.close();
  });
});
