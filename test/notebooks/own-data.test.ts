/** The notebooks about data and prompts, and about one's own task and model, executed with small parameters. */
import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { temporaryFolder } from "../support/checkout";
import { executedNotebook, type CellOutputs } from "../support/executed-notebook";
import { smallEnglishModel } from "../support/small-english-model";

function quiet(cells: ReadonlyMap<string, CellOutputs>): void {
  for (const [id, { warnings }] of cells) assert.equal(warnings, "", `cell ${id} writes to standard error`);
}

const charts = (cells: ReadonlyMap<string, CellOutputs>): number =>
  [...cells.values()].reduce((sum, own) => sum + own.charts.length, 0);

test("data and prompts: splits are drawn again to the byte, prompts are what the model is given, orders average to chance", async (t) => {
  const { cells, seconds } = await executedNotebook(t, "A-data-and-prompts", [
    `model=${smallEnglishModel(t)}`,
    'tasks=["imdb","movies-5","inference"]',
    "seeds=[13]",
    "testExamples=30",
    "learningRates=[0.02]",
    "batchSizes=[8]",
    "steps=4",
  ]);
  t.diagnostic(`${seconds.toFixed(0)} s`);
  quiet(cells);
  assert.equal(charts(cells), 7);
  const printed = (id: string): string => cells.get(id)!.printed;

  assert.match(printed("tasks"), /^2 tasks on single texts, 1 on pairs; from 2 to 5 classes\.\n$/);
  assert.match(cells.get("tasks")!.tables[0], /movies-5 +1 +5 .*⟨sentence⟩ It was ⟨mask⟩\. .*20\.0/);
  assert.match(
    printed("files"),
    /^imdb\/train\.tsv:\n {2}sentence ⇥ label\n {2}.+ ⇥ [01]\n[^]*0 of 3 tasks take their test examples from a published development file\.\n$/,
  );

  const [, equal, compared] = /^(\d+) of (\d+) files are equal to the last byte\.\n$/.exec(printed("draw-check"))!;
  // train, dev and test of three tasks.
  assert.ok(Number(compared) === 9 && equal === compared, `${equal} of ${compared}`);
  assert.match(printed("overlap"), /imdb: 0 of 1 draws use a row twice\./);

  assert.match(
    printed("prompt"),
    /\d+ tokens with the mask at position \d+, counted from 0\. The ids of the figure and those given to the model are the same\.\n$/,
  );
  const [, cut, all, from, to] =
    /^(\d+) of (\d+) tokens of the first text are cut off; the mask moves from position (\d+) to (\d+)\.\n/
      .exec(printed("cut"))!
      .map(Number);
  assert.equal(all - cut, 6);
  assert.equal(from - to, cut, "the mask stands behind the first text");
  assert.match(
    printed("cut"),
    /there is no mask left: task inference: the mask is at token \d+ of the prompt, beyond the longest length/,
  );
  assert.match(printed("words"), /^10 label words of 3 tasks, \d+ different ones, each one token\.\n$/);

  // Sums of shares in floating point.
  assert.ok(Number(/over all orders is 1\/2, up to ([\d.e+-]+)\./.exec(printed("compare"))![1]) < 1e-12);
  assert.match(printed("orders"), /The task's own order is the best one on [0-3] of 3 tasks; another is better on: /);

  assert.match(
    printed("grid-runs"),
    /25 settings of the kernel, 1 of fine-tuning, on 1 draw: 1 kernel and 1 training runs\./,
  );
  for (const method of ["kernel", "fine-tuning"])
    assert.match(
      printed("choice"),
      new RegExp(
        `${method}: the chosen setting has [\\d.]+ % on development and [\\d.]+ % on test; against the grid's mean [+−]\\d`,
      ),
    );
  // One setting is its own mean, its own best, and has no luck.
  assert.match(printed("choice"), /fine-tuning: .* mean \+0\.0 points, against the best in hindsight \+0\.0\./);
  const [, settings, alone, lucky] = cells
    .get("luck")!
    .tables[0].split("\n")
    .find((line) => line.startsWith("fine-tuning"))!
    .split(/ {2,}/);
  assert.deepEqual([settings, alone], ["1", lucky]);
});

test("own task and model: files are read back, mistakes are refused, and saved models give the same logits", async (t) => {
  const folder = temporaryFolder(t);
  const { cells, seconds } = await executedNotebook(t, "B-your-own-task-and-model", [
    `model=${smallEnglishModel(t)}`,
    `folder=${folder}`,
    "seeds=[13]",
    "k=4",
    "learningRates=[0.02]",
    "steps=4",
  ]);
  t.diagnostic(`${seconds.toFixed(0)} s`);
  quiet(cells);
  assert.equal(charts(cells), 2);
  const printed = (id: string): string => cells.get(id)!.printed;

  assert.match(printed("rows"), /^84 rows for training and development, 84 for testing\.\n$/);
  assert.match(
    printed("files"),
    /train\.csv begins:\n {2}text,label\n {2}They talked about soup for hours\.,m\n[^]*Read back: 84 rows, the same texts and labels\.\n$/,
  );
  assert.match(
    printed("splits"),
    /^0 of the 14 words that test sentences are about occur in training or development\.\n$/,
  );
  assert.match(printed("errors"), /^7 of 7 mistakes were refused\.\n$/);
  const [answers] = cells.get("errors")!.tables;
  for (const said of [
    '"ball-game" is ',
    "are the same token",
    "has no *mask*",
    "it asks for text 1",
    'unknown field "labelwords"',
    'line 2: label "x" is not one of m, g',
    "at least 40 examples per class",
  ]) {
    assert.ok(answers.includes(said), `${said} is not among:\n${answers}`);
  }
  const [refusals] = cells.get("models")!.tables.slice(-1);
  for (const said of [
    'model_type "gpt2" is not supported',
    'hidden_act "gelu_new" is not supported',
    "has no weights",
    "downloads are switched off",
  ])
    assert.ok(refusals.includes(said), `${said} is not among:\n${refusals}`);
  assert.equal(refusals.includes(folder), false, "no local path is shown");

  for (const method of ["kernel", "fine-tuning"])
    assert.match(
      printed("compare"),
      new RegExp(`${method}: pretraining is worth -?[\\d.]+ points on known words and -?[\\d.]+ on new ones`),
    );
  assert.match(
    printed("save"),
    /config\.json.*model\.safetensors.*tokenizer\.json.* MB\.\nLargest difference of 168 logits after saving and loading: 0; fine-tuning itself moved them by up to [\d.]+\.\n$/,
  );
  // A and B for the queries and values of two layers.
  assert.match(
    printed("lora"),
    /8 factors in \d+ kB\. Largest difference of logits after saving and loading: 0; training moved them by up to [\d.]+\.\n$/,
  );
  const [run] = readdirSync(folder);
  for (const file of ["task.json", "4-13/train.csv", "tuned/model.safetensors", "adapter/adapter_model.safetensors"])
    assert.ok(existsSync(path.join(folder, run, file)), file);
});
