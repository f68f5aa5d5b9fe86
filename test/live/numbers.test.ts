/** A page computes the numbers that Node does: every backend of a browser, from a file, with nothing fetched. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { after, before, describe, it } from "node:test";
import { gzipSync } from "node:zlib";
import { chromium as launcher, type Browser } from "playwright-core";
import { bundled, wasmBinary } from "../../environment/tools/live/bundle";
import { FORMULAS, takesSigns } from "../../src/kernels/formula";
import { pack, textOfBytes } from "../../src/live/packed";
import { stored } from "../../src/model/model";
import { chromium, chromiumFlags, temporaryFolder } from "../support/checkout";
import { integerBetween, randomModel, seededRandom } from "../support/random-model";
import { numbersOf, type Given, type Numbers } from "./numbers";

const text = (bytes: Uint8Array): string => textOfBytes(gzipSync(bytes));

/** A model and prompts with token numbers drawn at random, some of them in several prompts. */
function given(): Given {
  const model = randomModel(
    { modelType: "bert", layers: 2, headSize: 8, heads: 4, intermediate: 64, vocabulary: 100, longest: 32, padId: 0 },
    1,
  );
  const random = seededRandom(2);
  const sequences = Array.from({ length: 9 }, () => ({
    ids: Array.from({ length: integerBetween(random, 5, 20) }, () => integerBetween(random, 1, 99)),
    maskPosition: integerBetween(random, 0, 4),
  }));
  return {
    config: model.config.raw,
    weights: Object.fromEntries([...model.parameters].map(([name, tensor]) => [name, stored(tensor)])),
    words: [11, 17],
    train: sequences.slice(0, 6),
    evaluate: sequences.slice(6),
    labels: [0, 1, 0, 1, 0, 1],
    steps: 2,
  };
}

/** The largest difference, relative to the largest number. */
const difference = (found: readonly number[], expected: readonly number[]): number =>
  Math.max(...expected.map((value, i) => Math.abs(value - found[i]))) / Math.max(...expected.map(Math.abs));

describe("a page's numbers", { skip: chromium() ? false : "no Chromium (set CHROMIUM to its path)" }, () => {
  let browser: Browser;
  const page = path.join(temporaryFolder({ after }), "numbers.html");
  let wasm = "";
  let native: Numbers;
  const inputs = given();
  before(async () => {
    const script = (await bundled("build/test/live/numbers-page.js")).replaceAll("</script", "<\\/script");
    wasm = text(wasmBinary());
    writeFileSync(page, `<!doctype html><meta charset="utf-8"><script>${script}</script>`);
    native = await numbersOf(inputs);
    browser = await launcher.launch({ executablePath: chromium(), args: chromiumFlags });
  });
  after(() => browser?.close());

  for (const backend of ["wasm", "webgl", "cpu"])
    it(`agree with Node's on ${backend}`, async () => {
      const tab = await browser.newPage();
      const requests: string[] = [];
      tab.on("request", (request) => requests.push(request.url()));
      await tab.goto(pathToFileURL(page).href);
      const found = await tab.evaluate(
        ([backend, wasm, given]) =>
          (globalThis as unknown as { run(...given: string[]): Promise<Numbers> }).run(backend, wasm, given),
        [backend, wasm, text(pack(inputs))],
      );
      await tab.close();
      for (const [name, expected] of Object.entries(native)) {
        const apart = difference(found[name], expected);
        // A gradient within rounding of zero may turn its sign: one of a small model's is 2 of its some 20,000.
        const most = FORMULAS.some((formula) => formula === name && takesSigns(formula)) ? 1e-3 : 1e-4;
        assert.ok(apart < most, `${name}: ${apart} of the largest number`);
      }
      assert.deepEqual(requests, [pathToFileURL(page).href]);
    });
});
