/** The explorers' elements in a browser: keyboard, errors in place, a narrow page, nothing that axe-core objects to. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { chromium as launcher, type Browser, type Page } from "playwright-core";
import { bundled } from "../../environment/tools/live/bundle";
import { answer, type ExplorerSpec, type Request } from "../../src/explore/answer";
import { createScene, type Scene } from "../../src/explore/scene";
import { chromium, chromiumFlags, root } from "../support/checkout";
import { smallScene } from "./scene";

type Violations = { id: string; nodes: { html: string }[] }[];

describe("explorers", { skip: chromium() ? false : "no Chromium (set CHROMIUM to its path)" }, () => {
  let browser: Browser;
  let scene: Scene;
  let script = "";
  before(async () => {
    scene = createScene(smallScene({ after }, { k: 6 }));
    script = await bundled("build/test/explore/elements-page.js");
    browser = await launcher.launch({ executablePath: chromium(), args: chromiumFlags });
  });
  after(async () => {
    await browser?.close();
    scene?.dispose();
  });

  async function open(kind: Request["kind"], colorScheme: "light" | "dark" = "light"): Promise<Page> {
    const page = await browser.newPage({ viewport: { width: 390, height: 800 }, colorScheme });
    await page.setContent(
      '<!doctype html><html lang="en"><title>Explorer</title><meta name="viewport" content="width=device-width"><body>',
    );
    await page.exposeFunction("answerInNode", async (request: Request) => {
      try {
        return { answer: await answer(scene, request) };
      } catch (error) {
        return { error: (error as Error).message };
      }
    });
    await page.addScriptTag({ content: script });
    const { task, regularization, train, test } = scene;
    const draw = { train: train.examples, test: test.examples };
    const spec: ExplorerSpec = {
      kind,
      model: "small",
      modelHash: scene.model.hash,
      task,
      draw,
      formula: "sgd",
      regularization,
    };
    await page.evaluate((spec) => (globalThis as unknown as { show(spec: object): void }).show(spec), spec);
    return page;
  }

  /** Nothing wider than a phone, and nothing that axe-core objects to. */
  async function checkPage(page: Page): Promise<void> {
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 390);
    await page.evaluate(readFileSync(path.join(root, "node_modules", "axe-core", "axe.min.js"), "utf8"));
    const found = await page.evaluate<Violations>(
      "axe.run(document, { rules: { region: { enabled: false }, 'landmark-one-main': { enabled: false }, 'page-has-heading-one': { enabled: false } } }).then((result) => result.violations)",
    );
    assert.deepEqual(
      found.map(({ id, nodes }) => `${id}: ${nodes[0].html}`),
      [],
    );
  }

  for (const scheme of ["light", "dark"] as const)
    it(`a sentence: its terms are listed, one is taken out by keyboard and the focus stays (${scheme})`, async () => {
      const page = await open("sentence", scheme);
      const status = page.getByRole("status");
      await page.locator(".term").first().waitFor();
      assert.match((await status.textContent())!, /^Zero-shot says (terrible|great), the kernel (terrible|great)\.$/);
      await page.getByRole("button", { name: "Show all 12" }).click();
      await page.locator(".term").nth(11).waitFor();
      const sum = async (): Promise<[number, number]> => {
        const values = await page.locator(".term > .value").allTextContents();
        const said = /add up to (\S+), the kernel/.exec((await page.getByText("add up to").textContent())!)![1];
        const number = (text: string): number => (text === "out" ? 0 : Number(text.replace("−", "-").replace(",", "")));
        return [values.reduce((total, value) => total + number(value), 0), number(said)];
      };
      // Each of the shown numbers has three digits.
      const [total, said] = await sum();
      assert.ok(Math.abs(total - said) < 0.06, `${total} ${said}`);
      const out = page.getByRole("button", { name: /^take out/ }).first();
      const label = await out.getAttribute("aria-label");
      await out.press("Enter");
      await page.locator(".term.out").waitFor();
      assert.match((await status.textContent())!, /With your changes the kernel says/);
      const focused = page.locator("[aria-label]:focus");
      await page.waitForFunction(() => document.querySelector("kernel-explorer-sentence")!.shadowRoot!.activeElement);
      assert.equal(await focused.getAttribute("aria-label"), label);
      const [rest, now] = await sum();
      assert.ok(Math.abs(rest - now) < 0.06 && now !== said, `${rest} ${now} ${said}`);
      await checkPage(page);
      await page.locator("textarea").fill("");
      await page.getByRole("button", { name: "Ask" }).click();
      await page.getByRole("alert").waitFor();
      assert.equal(await page.getByRole("alert").textContent(), "the text is empty: write a sentence");
    });

  it("an entry: arrow keys read its pairs of tokens", async () => {
    const page = await open("entry");
    const cell = page.locator(".tokens td[tabindex='0']");
    await cell.waitFor();
    await cell.press("ArrowDown");
    await page.keyboard.press("ArrowRight");
    const label = (await page.locator("[aria-label]:focus").getAttribute("aria-label"))!;
    assert.equal(await page.locator(".note[aria-live]").textContent(), label);
    assert.ok(label.startsWith(`${await page.locator(".tokens tbody th").nth(1).textContent()} × `), label);
    await checkPage(page);
  });

  it("a prompt: another template changes the numbers, a bad one is explained in place", async () => {
    const page = await open("prompt");
    const compute = page.getByRole("button", { name: "Compute the kernel" });
    const template = page.getByLabel(/^Template/);
    await template.fill("*cls**sent_0*_All_in_all,_it_was*mask*.*sep+*");
    await compute.click();
    await page.locator("figure svg").nth(1).waitFor();
    assert.match((await page.locator(".prompt").textContent())!, /all in all, it was \[MASK\]/);
    const row = page.getByRole("row", { name: /alignment/ }).getByRole("cell");
    assert.notEqual(await row.nth(0).textContent(), await row.nth(1).textContent());
    await checkPage(page);
    await template.fill("*cls**sent_0*_It_was.*sep+*");
    await compute.click();
    await page.getByRole("alert").waitFor();
    assert.match((await page.getByRole("alert").textContent())!, /has no \*mask\*/);
  });

  it("training: it is paused, goes on to the end, and the slider goes back", async () => {
    const page = await open("training");
    await page.getByRole("button", { name: "Train" }).click();
    await page.locator(".step", { hasText: /^[3-9] of 12/ }).waitFor();
    await page.getByRole("button", { name: "Pause" }).click();
    const stopped = await page.locator(".step").textContent();
    await page.waitForTimeout(800);
    assert.equal(await page.locator(".step").textContent(), stopped);
    await page.getByRole("button", { name: "Go on" }).click();
    await page.getByRole("button", { name: "12 more steps" }).waitFor();
    assert.match((await page.getByRole("status").textContent())!, /^After 12 steps the outputs moved by up to/);
    await page.getByLabel("Step", { exact: true }).press("Home");
    assert.match((await page.locator(".step").textContent())!, /^0 of 12, loss /);
    assert.match(
      (await page.getByRole("img", { name: /^step 0/ }).getAttribute("aria-label"))!,
      /trained, fₜ (\S+), linearized, fₗᵢₙ \1, kernel/,
    );
    await checkPage(page);
  });
});
