import assert from "node:assert/strict";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { after, describe, it } from "node:test";
import { parseBehaviorCsv } from "../../src/sweep/behavior-rows";
import { parseSweepCsv, type SweepRow } from "../../src/sweep/sweep-table";
import { changedModel } from "../support/changed-model";
import { runCli } from "../support/run-cli";
import { fixturePath } from "../support/tiny-roberta";

const folder = mkdtempSync(join(tmpdir(), "kernel-view-sweep-cli-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const draw = join(folder, "data", "sst-2", "2-1");
mkdirSync(draw, { recursive: true });
for (const split of ["train", "dev", "test"])
  writeFileSync(
    join(draw, `${split}.tsv`),
    "sentence\tlabel\nthe end\t0\na film\t0\na great film\t1\nit was great\t1\n",
  );
const write = (change: object = {}): void => {
  const methods = {
    "zero-shot": { kind: "zero-shot" },
    SGD: { kind: "fine-tuning", optimizer: "sgd", learningRate: [0.01, 0.02], steps: 2, batchSize: 2 },
  };
  const sweep = {
    model: fixturePath("tiny-roberta"),
    data: "data",
    tasks: ["sst-2"],
    k: [2],
    seeds: [1],
    methods,
    ...change,
  };
  writeFileSync(join(folder, "sweep.json"), JSON.stringify(sweep));
};

describe("kernel-view sweep", () => {
  it("runs a file's grid and prints the means; again, it takes them from disk", async () => {
    write();
    const { status, stdout, stderr } = await runCli(folder, ["sweep", "sweep.json", "--out", "out"]);
    assert.equal(status, 0, stderr);
    assert.match(stdout, /^Model `tiny-roberta` [^]*\n## k = 2\n[^]*\n\| method \| sst-2 \|/);
    assert.match(stdout, /\| SGD \| \d+\.\d \|/);
    assert.match(stdout, /3 rows in out.results\.csv/);
    const table = (name: string): SweepRow[] => parseSweepCsv(readFileSync(join(folder, "out", name), "utf8"));
    assert.deepEqual([table("results.csv").length, table("chosen.csv").length], [3, 2]);
    assert.ok(stdout.startsWith(readFileSync(join(folder, "out", "results.md"), "utf8")));
    const again = await runCli(folder, ["sweep", "sweep.json", "--out", "out"]);
    assert.equal(again.stdout, stdout);
    assert.match(again.stderr, /Sweep: 3 of 3 runs from disk in/);
  });

  it("runs a file with several models on each, and writes their measurements of kernel behaviour into one table", async () => {
    const behavior = {
      kind: "behavior",
      optimizer: "sgd",
      learningRate: 0.01,
      steps: 2,
      batchSize: 2,
      featureExamples: 2,
      kernel: { regularization: 0.1, f0: "inf" },
    };
    const other = changedModel(fixturePath("tiny-roberta"), folder, (tensors) => {
      const bias = tensors.get("lm_head.layer_norm.bias")!;
      tensors.set("lm_head.layer_norm.bias", {
        dtype: "F32",
        shape: bias.shape,
        data: new Float32Array(bias.shape[0]).fill(0.5),
      });
    });
    for (const file of ["tokenizer.json", "tokenizer_config.json"])
      copyFileSync(join(fixturePath("tiny-roberta"), file), join(other, file));
    write({ model: [fixturePath("tiny-roberta"), other], methods: { SGD: behavior } });
    const { status, stdout, stderr } = await runCli(folder, [
      "sweep",
      "sweep.json",
      "--out",
      "models",
      "--store",
      "store",
      "--behavior",
      "all.csv",
    ]);
    assert.equal(status, 0, stderr);
    assert.match(
      stdout,
      /^Model `tiny-roberta` [^]*\nModel `model-\w+` [^]*\n2 measurements of kernel behaviour in all\.csv\n$/,
    );
    const rows = parseBehaviorCsv(readFileSync(join(folder, "all.csv"), "utf8"));
    assert.deepEqual(
      rows.map(({ model }) => model),
      ["tiny-roberta", basename(other)],
    );
    assert.notEqual(rows[0].modelHash, rows[1].modelHash);
    for (const model of ["tiny-roberta", basename(other)])
      assert.ok(existsSync(join(folder, "models", model, "behavior.csv")));
  });

  it("says in one line what is wrong with the file", async () => {
    write({ k: [64] });
    const { status, stderr } = await runCli(folder, ["sweep", "sweep.json", "--out", "none"]);
    assert.equal(status, 1);
    assert.match(stderr, /kernel-view: .*no folder with at least 64 examples per class for seed 1/);
    assert.ok(!existsSync(join(folder, "none")));
  });
});
