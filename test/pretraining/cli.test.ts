import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { trainingStateFile } from "../../src/finetune/training-state";
import { loadCheckpoint } from "../../src/model/checkpoint";
import { loadTokenizer } from "../../src/model/tokenizer";
import { encodeDocuments } from "../../src/pretraining/documents";
import { pretrain, type LossPoint } from "../../src/pretraining/pretrain";
import { DEFAULT_SETTINGS } from "../../src/pretraining/settings";
import { runNode } from "../support/checkout";
import { SHORT_PRETRAINING, smallText, untrainedModel } from "../support/tiny-pretraining";

const folder = mkdtempSync(join(tmpdir(), "pretraining-cli-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const [model, text, state, out] = [
  untrainedModel(folder),
  smallText(folder),
  join(folder, "state"),
  join(folder, "trained"),
];

const run = (...change: string[]) =>
  runNode([
    "environment/run.mjs",
    "build/src/pretraining/cli.js",
    "--from",
    model,
    "--text",
    text,
    "--out",
    out,
    "--state",
    state,
    ...SHORT_PRETRAINING,
    ...change,
  ]);

test("npm run pretrain goes on with an interrupted run and writes a model that loads, and what it is made from", async () => {
  const from = await loadCheckpoint(model);
  const documents = encodeDocuments([text], loadTokenizer(model), state);
  const settings = { ...DEFAULT_SETTINGS, steps: 6, headSteps: 2, warmupSteps: 1, rows: 4, length: 40, reads: 8 };
  await pretrain({
    from,
    tokenizer: loadTokenizer(model),
    documents,
    settings,
    stateDirectory: state,
    stopAt: 3,
    recordEvery: 3,
  });

  const { status, stdout, stderr } = run();
  assert.equal(status, 0, stderr);
  assert.match(
    stdout,
    /^400 documents, \d+ tokens\nstep 6\/6 {2}loss \d\.\d{3} {2}held out \d\.\d{3} {2}[\d.]+k tokens\/s {2}0\.0 min left\nThe model is in .*trained after \d\.\d min of training on \d+ tokens\.\n$/,
  );
  const trained = await loadCheckpoint(out);
  const record = JSON.parse(readFileSync(join(out, "training.json"), "utf8")) as {
    settings: object;
    from: string;
    hash: string;
    text: object[];
    tokens: number;
    curve: LossPoint[];
  };
  assert.deepEqual([record.from, record.hash, record.settings], [from.hash, trained.hash, settings]);
  assert.notEqual(trained.hash, from.hash);
  assert.deepEqual(
    record.curve.map(({ step }) => step),
    [3, 6],
  );
  assert.deepEqual(record.text, documents.sources);
  assert.deepEqual(
    loadTokenizer(out).encode("The film was great."),
    loadTokenizer(model).encode("The film was great."),
  );
  assert.ok(!existsSync(trainingStateFile(state)), "a finished run keeps no state");
});

test("mistakes are one line that names the value and the remedy", () => {
  writeFileSync(join(folder, "notes.md"), "");
  const wrong: [string[], RegExp][] = [
    [["--text", join(folder, "nowhere")], /^pretrain: there is no file or folder .*nowhere: give \.txt files/],
    [["--from", text], /^pretrain: .*text is not a model folder: it has no config\.json\n$/],
    [["--steps", "many"], /^pretrain: --steps many: expected a number of at least 0\n$/],
    [["--rows", "0"], /^pretrain: rows 0: expected a whole number of at least 1\n$/],
    [
      ["--rows", "500"],
      /^pretrain: the text \(sentences\) does not fill a batch of 500 rows of 40 tokens: give more text or fewer rows\n$/,
    ],
  ];
  for (const [change, message] of wrong) {
    const { status, stderr } = run(...change);
    assert.deepEqual([status, message.test(stderr)], [1, true], stderr);
  }
});
