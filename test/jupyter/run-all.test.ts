import assert from "node:assert/strict";
import { test } from "node:test";
import { stress } from "../support/run-all";

// Two hundred times, beside a process that keeps all cores busy: bench/kernel-stress.ts.
test("Run All of thirty cells, as JupyterLab, nbclient and VS Code do it: nothing hangs, nothing is lost", async () => {
  const { runs, hangs, wrong } = await stress(6, 6);
  assert.deepEqual([runs, hangs, wrong.slice(0, 5)], [6, [], []]);
});
