import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { runNode, temporaryFolder } from "../support/checkout";
import { smallEnglishModel } from "../support/small-english-model";

/** Executes a notebook with small parameters from an empty cache, and returns its report. */
function report(t: { after(clean: () => void): void }, notebook: string, settings: Record<string, unknown>): string {
  const folder = temporaryFolder(t);
  const out = path.join(folder, "report.html");
  const sets = Object.entries(settings).flatMap(([name, value]) => [
    "--set",
    `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`,
  ]);
  const result = runNode(
    ["build/environment/tools/report.js", path.join("notebooks", `${notebook}.ipynb`), ...sets, "--out", out],
    { env: { KERNEL_VIEW_CACHE: path.join(folder, "cache") } },
  );
  assert.equal(result.status, 0, result.stderr);
  const html = readFileSync(out, "utf8");
  assert.doesNotMatch(html, /printed warning/, "no cell writes to standard error");
  return html.replaceAll("&#39;", "'");
}

const figures = (html: string): number => html.match(/<figure class="chart">/g)!.length;

test("the notebook about failures runs, and finds the kernel of swapped label words unchanged", (t) => {
  const html = report(t, "06c-when-it-fails", {
    model: smallEnglishModel(t),
    seeds: [13],
    testExamples: 30,
    learningRates: [0.03],
    steps: 8,
    regularizations: [0.01, 1],
    f0s: [10],
  });
  assert.equal(figures(html), 7);
  const [, difference] = /kernel entries: ([\d.e+-]+) of the largest entry/.exec(html)!;
  assert.ok(Number(difference) < 1e-5, `${difference}: float32 sums, taken in the same order or nearly`);
  assert.match(html, /Swapping costs -?\d+\.\d points at f0 = 10, and -?0\.0 at f0 = ∞\./);
  for (const method of ["kernel", "fine-tuning"])
    assert.match(
      html,
      new RegExp(
        `${method}: \\d+\\.\\d % with the natural prompt; against that, in points: swapped label words [−+]\\d`,
      ),
    );
});
