import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { program, root, temporaryFolder } from "../support/checkout";

// Each notebook with the parameters it declares, from an empty store, against the outputs that are committed with it.
// The start notebook is compared in start-here.test.ts, in the run that npm start makes.
const names = readdirSync(path.join(root, "notebooks")).filter((name) => name.endsWith(".ipynb") && name !== "00-start-here.ipynb");

for (const name of names.sort()) {
  test(`${name} shows what is committed`, async (t) => {
    const { checkOutputs, differenceLines } = await program("environment/outputs/check-outputs.mjs");
    const file = path.join(root, "notebooks", name);
    const store = temporaryFolder(t);
    const before = process.env.KERNEL_VIEW_CACHE;
    process.env.KERNEL_VIEW_CACHE = store;
    try {
      const result = await checkOutputs(file, { places: [[store, ".cache"]] });
      t.diagnostic(`${result.seconds.toFixed(0)} s, ${result.numbers} numbers in ${result.cells} cells`);
      assert.ok(result.numbers > 0, "the cells tagged results show numbers");
      assert.deepEqual(differenceLines(file, result), []);
    } finally {
      if (before === undefined) delete process.env.KERNEL_VIEW_CACHE;
      else process.env.KERNEL_VIEW_CACHE = before;
    }
  });
}
