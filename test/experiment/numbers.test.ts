/** Tasks whose labels are numbers between two label words, from files to correlations. */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { readKernels } from "../../src/archives/kernel-files";
import { writeAuthorsKernels } from "../../src/archives/authors-kernels";
import { InputError } from "../../src/errors";
import { encodeExamples, readFewShot } from "../../src/experiment/inputs";
import { promptHead } from "../../src/experiment/outputs";
import { gridSearch, predictClasses, solveKernels, type Scores } from "../../src/experiment/solve-kernels";
import { wordOrders } from "../../src/experiment/zero-shot";
import { gridPoints } from "../../src/charts/solver-grid";
import { fineTune } from "../../src/finetune/fine-tune";
import { linearProbe } from "../../src/finetune/linear-probe";
import type { TrainingSettings } from "../../src/finetune/training-config";
import { predictLogits } from "../../src/model/predict";
import { loadTokenizer } from "../../src/model/tokenizer";
import { bestThreshold } from "../../src/solvers/best-threshold";
import { parseSweep } from "../../src/sweep/sweep-file";
import { parseSweepCsv } from "../../src/sweep/sweep-table";
import { formatExamples } from "../../src/tasks/format-examples";
import { readSplit } from "../../src/tasks/split";
import { readTaskFile } from "../../src/tasks/task-file";
import { assertAllclose } from "../support/allclose";
import { LETTERS } from "../support/few-shot";
import { runCli } from "../support/run-cli";
import { fixturePath, tinyRoberta } from "../support/tiny-roberta";

const folder = mkdtempSync(join(tmpdir(), "kernel-view-numbers-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const fields = {
  name: "similarity",
  format: "tsv",
  header: true,
  columns: { texts: [0], label: 1 },
  labels: ["1", "5"],
  target: "number",
  labelWords: ["terrible", "great"],
  template: "*cls**sent_0*_It_was*mask*.*sep+*",
};
const file = join(folder, "task.json");
const written = (change: object): string => {
  writeFileSync(file, JSON.stringify({ ...fields, ...change }));
  return file;
};
const task = readTaskFile(written({}));

const words = ["great", "ham", "film", "the", "end", "okay", "it", "was"];
/** The number of a text is what share of its words is "great", noised by its place. */
const rows = Array.from({ length: 24 }, (_, i) => {
  const text = [0, 1, 2].map((place) => ((i >> place) & 1 ? "great" : words[(i * 3 + place) % 8])).join(" ");
  return {
    text: `${text} ${LETTERS[i % 12]}${i < 12 ? "" : " !"}`,
    score: (1 + text.split("great").length - 1 + (i % 5) / 5).toFixed(2),
  };
});
const table = (own: typeof rows): string =>
  `text\tscore\n${own.map(({ text, score }) => `${text}\t${score}\n`).join("")}`;
mkdirSync(join(folder, "full"));
writeFileSync(join(folder, "full", "train.tsv"), table(rows));
writeFileSync(join(folder, "full", "test.tsv"), table(rows.slice(6, 18)));

const run = async (...args: string[]): Promise<string> => {
  const { status, stdout, stderr } = await runCli(folder, args);
  assert.equal(status, 0, stderr);
  return stdout;
};
const own = ["--task-file", "task.json"];
const model = fixturePath("tiny-roberta");

/** In float64 and by the definition, as nothing in the library computes it. */
function correlation(a: readonly number[], b: readonly number[]): number {
  const n = a.length;
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
  const products = (p: readonly number[], q: readonly number[]): number =>
    n * sum(p.map((value, i) => value * q[i])) - sum(p) * sum(q);
  return products(a, b) / Math.sqrt(products(a, a) * products(b, b));
}

describe("a task of numbers", () => {
  it("goes from the command line's splits to kernels and correlations, and fine-tuning in a sweep", async () => {
    await run("splits", ...own, "--original", "full", "--k", "3", "--seed", "13", "--out", "data");
    const draw = join(folder, "data", "similarity", "3-13");
    const train = readSplit(draw, "train", task);
    // k of each side of the middle, 3.
    const scores = readFileSync(join(draw, "train.tsv"), "utf8").trim().split("\n").slice(1);
    const sides = scores.map((line) => Number(line.split("\t")[1]) >= 3);
    assert.deepEqual([sides.length, sides.filter(Boolean).length], [6, 3]);
    train.forEach(({ label }, i) => assert.ok(Math.abs(1 + 4 * label - Number(scores[i].split("\t")[1])) < 1e-12));

    await run("compute", "--model", model, ...own, "--data", draw, "--outputs", "margin", "--out", "kernels");
    const splits = {
      train: readKernels(join(folder, "kernels"), "train"),
      dev: readKernels(join(folder, "kernels"), "dev"),
      test: readKernels(join(folder, "kernels"), "test"),
    };
    assert.deepEqual([splits.train.target, splits.train.labels], ["number", train.map(({ label }) => label)]);
    const printed = await run("solve", "--kernels", "kernels", "--regularization", "0.1");
    assert.match(printed, /^sgd kernel, lstsq: pearson in percent/);
    const json = JSON.parse(await run("solve", "--kernels", "kernels", "--regularization", "0.1", "--json")) as {
      metric: string;
      zeroShot: Record<string, number>;
      results: { test: Scores }[];
    };
    const setting = { regularization: 0.1 };
    const numbers = predictClasses<"dev" | "test">(splits, setting).test;
    assert.equal(json.metric, "pearson");
    assertAllclose([json.results[0].test.pearson!], [correlation(numbers, splits.test.labels)], { absolute: 1e-9 });
    const high = [...splits.test.logits.values].map((f) => 1 / (1 + Math.exp(-f)));
    assertAllclose([json.zeroShot.test], [correlation(high, splits.test.labels)], { absolute: 1e-9 });
    // With no regularization the training numbers come back, whatever the outputs.
    assertAllclose(predictClasses<"dev" | "test">(splits, { regularization: 0 }).train, splits.train.labels, {
      absolute: 1e-3,
    });

    const tuning = { kind: "fine-tuning", optimizer: "sgd", learningRate: 0.01, steps: 2, batchSize: 3 };
    const kernel = { kind: "kernel", regularization: 0.1 };
    const methods = { start: { kind: "zero-shot" }, SGD: tuning, kernel };
    const sweep = { model, data: "data", tasks: [{ file: "task.json" }], k: [3], seeds: [13], methods };
    writeFileSync(join(folder, "sweep.json"), JSON.stringify(sweep));
    await run("sweep", "sweep.json", "--out", "out");
    const results = parseSweepCsv(readFileSync(join(folder, "out", "results.csv"), "utf8"));
    assert.deepEqual(
      results.map(({ method, metric }) => [method, metric]),
      [
        ["start", "pearson"],
        ["SGD", "pearson"],
        ["kernel", "pearson"],
      ],
    );
    assertAllclose([results[0].test!, results[2].test!], [json.zeroShot.test, json.results[0].test.pearson!], {
      absolute: 1e-5,
    });
    for (const method of [
      { kind: "best-threshold" },
      { kind: "linear-probe" },
      { kind: "bag-of-words" },
      { ...tuning, kind: "behavior" },
      { ...tuning, input: "text", fromProbe: true },
      { ...tuning, metric: "accuracy" },
      { ...kernel, solver: "logistic" },
    ])
      assert.throws(
        () =>
          parseSweep({
            ...sweep,
            data: join(folder, "data"),
            tasks: [{ file }],
            methods: { wrong: method },
          }),
        /methods\.wrong\.(kind|fromProbe|metric|solver): .* is not for task similarity, whose labels are numbers/,
      );
  });

  it("is fine-tuned on [1 − y, y]: as on classes in these shares, which have the same mean cross-entropy", async () => {
    const tokenizer = loadTokenizer(model);
    const texts = ["it is a great film", "the film is ham"].map((text) => ({ texts: [text], label: 0 }));
    const { sequences } = encodeExamples(texts, task, tokenizer);
    const head = promptHead(task, tokenizer);
    const settings = { optimizer: "sgd", learningRate: 0.05, steps: 3, batchSize: 8, seed: 1 } as const;
    const four = <T>(a: T, b: T): T[] => [a, a, a, a, b, b, b, b];
    const tune = async (labels: number[], more: Partial<TrainingSettings>, target?: "number") => {
      const prompts = { sequences: four(sequences[0], sequences[1]), labels, ...(target ? { target } : {}) };
      const start = tinyRoberta();
      const { model: tuned, history } = await fineTune({
        ...settings,
        ...more,
        keep: "last",
        model: start,
        head,
        train: prompts,
        dev: prompts,
      });
      return { logits: predictLogits(tuned, head, sequences), losses: history.map(({ loss }) => loss), history };
    };
    const classes = await tune([0, 0, 0, 1, 1, 1, 0, 1], {});
    const numbers = await tune(four(0.25, 0.75), { metric: "pearson" }, "number");
    assertAllclose(numbers.logits, classes.logits, { absolute: 1e-5 });
    assertAllclose(numbers.losses, classes.losses, { absolute: 1e-5 });
    const [first, , , , last] = [...numbers.logits];
    assert.ok(Number.isFinite(first) && last === undefined);
    assert.equal(Math.abs(Number(numbers.history[0].devScore.toFixed(6))), 1);
    await assert.rejects(
      tune(four(0.25, 0.75), {}, "number"),
      /train: the metric accuracy is not for labels that are numbers/,
    );
    await assert.rejects(
      tune([0, 0, 0, 1, 1, 1, 0, 1], { metric: "pearson" }),
      /the metric pearson is not for labels that are classes/,
    );
    await assert.rejects(tune(four(0.25, 0.75), {}), /train: label 0.25 is no class/);
  });

  it("has its draws from readFewShot by the side of the middle, and is written and read back", () => {
    const { train } = readFewShot(join(folder, "data", "similarity"), task, { k: 2, seed: 13 });
    assert.deepEqual(
      train.map(({ label }) => label >= 0.5),
      [false, false, true, true],
    );
    writeFileSync(join(folder, "dev.tsv"), formatExamples(train, task));
    const again = readSplit(folder, "dev", task);
    assertAllclose(
      again.map(({ label }) => label),
      train.map(({ label }) => label),
      { absolute: 1e-12 },
    );
  });

  it("is refused where only classes go", () => {
    const splits = {
      train: readKernels(join(folder, "kernels"), "train"),
      dev: readKernels(join(folder, "kernels"), "dev"),
    };
    const refused = (what: () => unknown, message: RegExp): void =>
      assert.throws(what, (error: Error) => error instanceof InputError && message.test(error.message));
    for (const solver of ["logistic", "svc"] as const)
      refused(
        () => solveKernels(splits, [{ regularization: 0.1 }], "sgd", { solver }),
        /is for classes, and the labels are numbers/,
      );
    const grid = gridSearch(splits, { regularizations: [0.1, 1] });
    refused(
      () => gridSearch(splits, { regularizations: [0.1] }, { metric: "f1" }),
      /metric f1 is not for labels that are numbers/,
    );
    refused(() => gridPoints(grid.grid, 1), /draw accuracies/);
    refused(() => solveKernels({ ...splits, dev: { ...splits.dev, target: undefined } }, []), /not both/);
    refused(
      () => writeAuthorsKernels(folder, "train", splits.train, { task: "similarity", formula: "sgd" }),
      /are numbers/,
    );
    const { labels, logits } = splits.train;
    const pair = { values: new Float64Array(2 * labels.length), shape: [labels.length, 2] as [number, number] };
    refused(() => wordOrders(pair, labels), /target/);
    refused(() => bestThreshold(logits.values, labels), /target/);
    refused(
      () =>
        linearProbe(tinyRoberta(), promptHead(task, loadTokenizer(model)), { sequences: [], labels, target: "number" }),
      /target/,
    );
  });

  it("is read from its file with clear refusals", () => {
    const wrong: [change: object, message: RegExp][] = [
      [{ labels: ["5", "1"] }, /labels: with the target "number" they are the lowest and the highest/],
      [{ labels: ["low", "high"] }, /labels: with the target "number" they are/],
      [{ labels: ["0", "1", "2"], labelWords: ["a", "b", "c"] }, /labels: with the target "number" they are/],
      [{ metric: "accuracy" }, /metric: with the target "number" it is pearson or spearman/],
      [{ target: undefined, metric: "spearman" }, /metric: spearman needs the target "number"/],
      [{ target: "numbers" }, /target/],
    ];
    for (const [change, message] of wrong) assert.throws(() => readTaskFile(written(change)), message);
    for (const label of ["0.9", "5.1", "", "NaN", "0x2", "two"]) {
      writeFileSync(join(folder, "dev.tsv"), `text\tscore\na film\t3\nham\t${label}\n`);
      assert.throws(
        () => readSplit(folder, "dev", task),
        /line 3: label ".*" is no number from 1 to 5 \(task similarity\)/,
      );
    }
    writeFileSync(join(folder, "dev.tsv"), "a film\t3\nham\t2\n");
    assert.throws(() => readSplit(folder, "dev", task), /line 1: a line of column names was expected/);
  });
});
