/** A live report, opened from a file, answers a sentence with Node's numbers, asks nobody, and is whole without JavaScript. */
import assert from "node:assert/strict";
import { mkdirSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { after, before, describe, it } from "node:test";
import { chromium as launcher, type Browser, type Page } from "playwright-core";
import { liveParts, sharedFile } from "../../environment/tools/live/parts";
import { writeReport } from "../../environment/tools/report/write-report";
import { readFewShot } from "../../src/experiment/inputs";
import { loadLanguageModel, type LanguageModel } from "../../src/experiment/language-model";
import { answer, type ExplorerSpec, type SentenceAnswer } from "../../src/explore/answer";
import { makeScene } from "../../src/explore/make-scene";
import { explorerBundle } from "../../src/notebook/explore";
import { taskByName } from "../../src/tasks/task";
import { assertAllclose } from "../support/allclose";
import { displayed, codeCell, executedRun, textCell } from "../notebook/executed";
import { chromium, chromiumFlags, root, temporaryFolder } from "../support/checkout";
import { smallEnglishModel } from "../support/small-english-model";

const SENTENCE = "A warm and funny film that nobody should miss.";

/** The numbers of a text, with print's minus sign. */
const numbersIn = (text: string): number[] =>
  [...text.replaceAll("−", "-").matchAll(/-?\d+(?:\.\d+)?(?:e-?\d+)?/g)].map(([digits]) => Number(digits));

const skip = chromium() ? false : "no Chromium (set CHROMIUM to its path)";

describe("a live report", { skip }, () => {
  const folder = temporaryFolder({ after });
  const model = process.env.LIVE_MODEL ?? smallEnglishModel({ after });
  const [report, site] = [path.join(folder, "report.html"), path.join(folder, "site")];
  let browser: Browser;
  let lm: LanguageModel;
  let expected: SentenceAnswer;

  before(async () => {
    const task = taskByName("movies-2");
    const data = path.join(root, "data", "english", "tasks", task.folder ?? task.name);
    const { train, test } = readFewShot(data, task, { k: 4, seed: 13, testExamples: 5 });
    lm = await loadLanguageModel(model);
    const spec: ExplorerSpec = {
      kind: "sentence",
      model,
      modelHash: lm.model.hash,
      task,
      draw: { train, test },
      formula: "signgd",
      regularization: 0.1,
    };
    const scene = await makeScene(spec, lm, { formulas: ["signgd"] });
    const ask = async (text: string) =>
      (await answer(scene, { kind: "sentence", texts: [text], formula: "signgd" })) as SentenceAnswer;
    expected = await ask(SENTENCE);
    const prompt = { ...spec, kind: "prompt" } as const;
    const ofPrompt = await answer(scene, { kind: "prompt", formula: "signgd" });
    const cells = [
      textCell("title", "# A live notebook"),
      codeCell("prompt", "await explore();", [displayed(explorerBundle(prompt, ofPrompt))]),
      codeCell("explore", "await explore();", [displayed(explorerBundle(spec, await ask(test[0].texts[0])))]),
    ];
    scene.dispose();
    const run = executedRun(folder, "01-live", cells);
    const live = (await liveParts(run.executedFile, folder))!;
    writeReport({ file: "01-live.ipynb", out: report, live, ...run });
    mkdirSync(path.join(site, "live"), { recursive: true });
    for (const [name, text] of Object.entries(live.texts))
      writeFileSync(path.join(site, "live", `${name}.js`), sharedFile(name, text));
    writeReport({
      file: "01-live.ipynb",
      out: path.join(site, "page.html"),
      inSite: true,
      live: { ...live, shared: true },
      ...run,
    });
    browser = await launcher.launch({ executablePath: chromium(), args: chromiumFlags });
  });
  after(() => browser?.close());

  async function open(file: string): Promise<{ page: Page; requests: string[]; complaints: string[] }> {
    const page = await browser.newPage();
    const [requests, complaints]: string[][] = [[], []];
    page.on("request", (request) => requests.push(request.url()));
    page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
    page.on("pageerror", (error) => complaints.push(error.message));
    // What the worker answers, beside what the page shows of it.
    await page.addInitScript(() => {
      const answers: unknown[] = [];
      const sent: string[] = [];
      const Own = globalThis.Worker;
      class Watched extends Own {
        override postMessage(message: { type: string }): void {
          sent.push(message.type);
          super.postMessage(message);
        }
        constructor(address: string | URL) {
          super(address);
          this.addEventListener("message", ({ data }) => {
            if ((data as { type: string }).type === "answer") answers.push((data as { answer: unknown }).answer);
          });
        }
      }
      Object.assign(globalThis, { answers, sent, Worker: Watched });
    });
    await page.goto(pathToFileURL(file).href);
    return { page, requests, complaints };
  }

  async function asksAndCompares(file: string): Promise<{ requests: string[] }> {
    const { page, requests, complaints } = await open(file);
    const element = page.locator("kernel-explorer-sentence");
    await page.getByLabel("Or your own").fill(SENTENCE);
    const start = Date.now();
    await element.getByRole("button", { name: "Ask" }).click();
    const prompt = element.locator("p.prompt");
    await prompt
      .filter({ hasText: SENTENCE.toLowerCase().slice(0, 6) })
      .or(prompt.filter({ hasText: SENTENCE }))
      .waitFor();
    await element.locator("footer", { hasText: "differ" }).waitFor();
    if (process.env.LIVE_MODEL)
      console.log(`answer after ${Date.now() - start} ms; ${await element.locator("footer").innerText()}`);
    const percents = await page.locator("ol li.word .value").allTextContents();
    assert.deepEqual(
      (await page.locator("ol li.word span:first-child").allTextContents()).slice(0, 3),
      expected.fill.slice(0, 3).map(({ word }) => word),
    );
    percents.forEach((text, i) => assert.ok(Math.abs(numbersIn(text)[0] - 100 * expected.fill[i].probability) < 0.06));
    const found = (await page.evaluate(() =>
      (globalThis as { answers?: SentenceAnswer[] }).answers!.findLast(({ kind }) => kind === "sentence"),
    )) as SentenceAnswer;
    // The other explorer has the same worker, model and scene.
    await page.getByRole("heading", { name: "Change the prompt" }).scrollIntoViewIfNeeded();
    await page.locator("kernel-explorer-prompt footer", { hasText: "Computed" }).waitFor();
    const sent = await page.evaluate(() => (globalThis as { sent?: string[] }).sent!);
    for (const once of ["start", "model", "scene"])
      assert.deepEqual(
        sent.filter((type) => type === once),
        [once],
      );
    assert.ok(sent.filter((type) => type === "ask").length >= 2);
    const compared: Record<string, (given: SentenceAnswer) => number[]> = {
      fill: ({ fill }) => fill.map(({ probability }) => probability),
      "zero-shot": ({ zeroShot }) => zeroShot,
      scores: ({ kernel }) => kernel.scores,
      terms: ({ kernel }) => kernel.terms,
      kernel: ({ train }) => train.map(({ kernel }) => kernel),
    };
    for (const [name, of] of Object.entries(compared)) {
      const size = Math.max(...of(expected).map(Math.abs));
      assertAllclose(of(found), of(expected), { absolute: 1e-4 * size }, name);
    }
    const shown = await page.locator("li.answer", { hasText: "regression" }).locator("span").first().innerText();
    assert.ok(Math.abs(numbersIn(shown).at(-1)! - found.kernel.scores[1]) < 1e-3, shown);
    const about = await element.locator("footer").innerText();
    const [, disagreement] = /differ from the notebook's by at most (\S+) of/.exec(about) ?? [];
    assert.ok(numbersIn(disagreement)[0] < 1e-4, about);
    assert.match(about, /backend wasm/);
    assert.deepEqual(complaints, []);
    await page.close();
    return { requests };
  }

  it("answers a typed sentence with Node's numbers, from a file, with no request", async () => {
    const { requests } = await asksAndCompares(report);
    assert.deepEqual(
      requests.filter((address) => !address.startsWith("blob:")),
      [pathToFileURL(report).href],
    );
    if (process.env.LIVE_MODEL) console.log(`${statSync(report).size / 1e6} MB`);
  });

  it("does so in a site, whose pages share files", async () => {
    const { requests } = await asksAndCompares(path.join(site, "page.html"));
    assert.ok(requests.every((address) => address.startsWith("blob:") || address.startsWith(pathToFileURL(site).href)));
  });

  it("keeps the notebook's own table without JavaScript", async () => {
    const context = await browser.newContext({ javaScriptEnabled: false });
    const page = await context.newPage();
    await page.goto(pathToFileURL(report).href);
    assert.ok(await page.locator(".explorer .static table").first().isVisible());
    await context.close();
  });
});
