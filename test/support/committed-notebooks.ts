import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import path from "node:path";
import { after, test } from "node:test";
import { checkOutputs, differenceLines } from "../../environment/tools/outputs/check-outputs";
import { root, temporaryFolder } from "./checkout";

/**
 * Every second notebook, with the parameters it declares, against the outputs that are committed with it. Together they
 * begin with an empty store, so that a training run or kernel that two of them have in common is computed once. The
 * start notebook is compared in start-here.test.ts, in the run that npm start makes.
 *
 * @param half two files take a half each, because files run side by side
 */
export function compareWithCommitted(half: 0 | 1): void {
  const store = temporaryFolder({ after });
  process.env.KERNEL_VIEW_CACHE = store;
  const names = readdirSync(path.join(root, "notebooks")).filter(
    (name) => name.endsWith(".ipynb") && name !== "00-start-here.ipynb",
  );
  for (const name of names.sort().filter((_, i) => i % 2 === half)) {
    test(`${name} shows what is committed`, async (t) => {
      const file = path.join(root, "notebooks", name);
      const result = await checkOutputs(file, { places: [[store, ".cache"]] });
      t.diagnostic(`${result.seconds.toFixed(0)} s, ${result.numbers} numbers in ${result.cells} cells`);
      assert.ok(result.numbers > 0, "the cells tagged results show numbers");
      assert.deepEqual(differenceLines(file, result), []);
    });
  }
}
