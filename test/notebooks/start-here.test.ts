import assert from "node:assert/strict";
import { existsSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { compareWithCommitted, differenceLines } from "../../environment/tools/outputs/check-outputs";
import { pngSize } from "../../environment/tools/outputs/small-png";
import { root, runNode, temporaryFolder } from "../support/checkout";

test("npm start runs the start notebook through the real kernel, prints its table, writes its report, draws the README's picture, and shows what is committed", async (t) => {
  const folder = temporaryFolder(t);
  const executed = path.join(folder, "executed.ipynb");
  const picture = path.join(folder, "start.png");
  const store = path.join(folder, "store");
  const report = path.join(root, "reports", "00-start-here.html");
  rmSync(report, { force: true });
  const result = runNode(["build/environment/tools/start.js", "--executed", executed, "--picture", picture], {
    env: { KERNEL_VIEW_CACHE: store },
  });
  assert.equal(result.status, 0, result.stderr);
  t.diagnostic(result.stderr.trim().split("\n").at(-1)!);
  for (const line of result.stdout.trimEnd().split("\n")) t.diagnostic(line);
  for (const method of ["zero-shot", "fine-tuning", "kernel"])
    assert.match(result.stdout, new RegExp(`${method}.*\\d`));
  assert.ok(result.stdout.includes(report));
  assert.match(result.stdout, /npm run lab\n$/);
  assert.ok(existsSync(report));
  const html = readFileSync(report, "utf8");
  assert.ok(html.match(/<figure class="chart">/g)!.length >= 4);
  assert.match(html, /<th scope="row">Model hash<\/th><td>[0-9a-f]{16,}/);
  assert.doesNotMatch(html, /printed warning/, "no cell writes to standard error");

  // What the training sentences add is the whole prediction.
  const { cells } = JSON.parse(readFileSync(executed, "utf8")) as {
    cells: { id: string; outputs: { text?: string | string[] }[] }[];
  };
  const printed = [cells.find(({ id }) => id === "decided-sum")!.outputs[0].text!].flat().join("");
  const [, sum, prediction] = /add up to (-?[\d.]+); the solver predicts (-?[\d.]+)\.\n/.exec(printed)!.map(Number);
  assert.ok(Math.abs(sum - prediction) < 2e-6, printed);
  assert.match(
    printed,
    /Missed most: .*moves by [+−][\d.e-]+\.\nLeaving out a single sentence turns the answer for \d+ of the 32 sentences\.\n$/,
  );
  const { width, height } = pngSize(readFileSync(picture));
  assert.ok(width > 2 * height && height > 500, `${width} × ${height}`);

  // The same run: executing it a second time would show nothing more.
  const file = path.join(root, "notebooks", "00-start-here.ipynb");
  const compared = compareWithCommitted(file, JSON.parse(readFileSync(executed, "utf8")), [[store, ".cache"]]);
  t.diagnostic(`${compared.numbers} numbers compared`);
  assert.ok(compared.numbers > 0);
  assert.deepEqual(differenceLines(file, compared), []);
});
