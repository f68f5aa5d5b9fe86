import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { encodeSplits, readFewShot, type Inputs } from "../../src/experiment/inputs";
import { loadLanguageModel, type LanguageModel } from "../../src/experiment/language-model";
import { promptOutputs } from "../../src/experiment/outputs";
import { runSweep, type SweepOutcome } from "../../src/sweep/sweep";
import { readSweep } from "../../src/sweep/sweep-file";
import { sweepPlan, type SweepRun } from "../../src/sweep/sweep-plan";
import { chosenRows, parseSweepCsv, type SweepRow } from "../../src/sweep/sweep-table";
import { evaluateAccuracy, fineTune } from "../../src/finetune/fine-tune";
import { computeKernel } from "../../src/kernels/kernel";
import type { KernelTensor } from "../../src/kernels/kernel-tensor";
import { logitOutputs, marginOutput } from "../../src/kernels/outputs";
import { tf } from "../../src/model/backend";
import { classifierHead, withClassifier } from "../../src/model/head";
import { disposeModel } from "../../src/model/model";
import { predictLogits } from "../../src/model/predict";
import { solveLeastSquares } from "../../src/solvers/least-squares";
import { accuracy } from "../../src/solvers/metrics";
import type { Split, Task } from "../../src/tasks/task";
import { readTaskFile } from "../../src/tasks/task-file";
import { LETTERS, PHRASES, writeDraw, writeSweep } from "../support/few-shot";
import { fixturePath } from "../support/tiny-roberta";

const folder = mkdtempSync(join(tmpdir(), "kernel-view-sweep-methods-"));
/** A task of so many classes with k = 4, whose sentences differ between splits. */
function makeTask(labelWords: string[]): string {
  const name = `opinions-${labelWords.length}`;
  const task = {
    name,
    format: "tsv",
    header: true,
    columns: { texts: [0], label: 1 },
    labels: labelWords.map((_, i) => String(i)),
    labelWords,
    template: "*cls**sent_0*_It_was*mask*.*sep+*",
    maxLength: 64,
    metric: "accuracy",
  };
  writeFileSync(join(folder, `${name}.json`), JSON.stringify(task));
  writeDraw(
    join(folder, "data", name, "4-1"),
    4 * labelWords.length,
    (i, place) => `${PHRASES[(i * 5 + place) % 12]} ${LETTERS[i]}\t${Math.floor(i / 4)}`,
  );
  return `${name}.json`;
}
const files = [makeTask(["terrible", "great"]), makeTask(["terrible", "okay", "great"])];

const grid = { regularization: [0.01, 0.1], f0: [100, "inf"] };
const tuning = { kind: "fine-tuning", input: "text", steps: 3, batchSize: 4, evaluateEvery: 3 };
const methods = {
  "zero-shot": { kind: "zero-shot" },
  threshold: { kind: "best-threshold" },
  words: { kind: "bag-of-words", inversePenalty: [0.01, 1] },
  pooled: { kind: "linear-probe", input: "text", pooled: true },
  "K (SGD)": { kind: "kernel", ...grid },
  "K (SignGD)": { kind: "kernel", formula: "signgd", ...grid },
  "K (A-SignGD)": { kind: "kernel", formula: "asymmetric_signgd", solver: "asym", gamma: 1, lambda: [0, 1], ...grid },
  "K (SGD), no prompt": { kind: "kernel", input: "text", ...grid },
  "SGD, no prompt": { ...tuning, optimizer: "sgd", learningRate: 0.01 },
  "AdamW, no prompt": { ...tuning, optimizer: "adamw", learningRate: 0.001 },
};
const sweepOf = (own: object, tasks = files): ReturnType<typeof readSweep> =>
  readSweep(writeSweep(folder, { tasks: tasks.map((file) => ({ file })), k: [4], seeds: [1], methods: own }));

describe("a sweep's methods", () => {
  let lm: LanguageModel;
  let whole: SweepOutcome;
  before(async () => {
    lm = await loadLanguageModel(fixturePath("tiny-roberta"));
    const tensors = tf.memory().numTensors;
    whole = await runSweep({ sweep: sweepOf(methods), lm, out: join(folder, "out"), store: join(folder, "store") });
    assert.equal(tf.memory().numTensors, tensors, "no tensor is left behind");
  });
  after(() => {
    disposeModel(lm.model);
    rmSync(folder, { recursive: true, force: true });
  });
  const taskOf = (file: string): Task => readTaskFile(join(folder, file));
  const rowsOf = (task: Task, method: string): SweepRow[] =>
    whole.rows.filter((row) => row.task === task.name && row.method === method);
  const inputsOf = (task: Task, prompted: boolean): Record<Split, Inputs> => {
    const examples = readFewShot(join(folder, "data", task.name), task, { k: 4, seed: 1 });
    return encodeSplits(examples, task, lm.tokenizer, { prompted });
  };

  it("say what they are and what they read", () => {
    const told = whole.rows
      .filter(({ task }) => task === "opinions-2")
      .map(({ method, kind, input, testExamples }) => [method, kind, input, testExamples].join(", "));
    assert.deepEqual(
      [...new Set(told)],
      [
        "zero-shot, zero-shot, prompt, 8",
        "threshold, best-threshold, prompt, 8",
        "words, bag-of-words, text, 8",
        "pooled, linear-probe, text, 8",
        "K (SGD), kernel, prompt, 8",
        "K (SignGD), kernel, prompt, 8",
        "K (A-SignGD), kernel, prompt, 8",
        "K (SGD), no prompt, kernel, text, 8",
        "SGD, no prompt, fine-tuning, text, 8",
        "AdamW, no prompt, fine-tuning, text, 8",
      ],
    );
    assert.ok(whole.rows.every(({ modelHash, error }) => modelHash === lm.model.hash && error === undefined));
    assert.deepEqual(parseSweepCsv(readFileSync(join(folder, "out", "results.csv"), "utf8")), whole.rows);
    assert.deepEqual(parseSweepCsv(readFileSync(join(folder, "out", "chosen.csv"), "utf8")), chosenRows(whole.rows));
  });

  it("best threshold: no cut of the zero-shot margin is right more often on test, and dev has the same cut", () => {
    const task = taskOf(files[0]);
    const { dev, test } = inputsOf(task, true);
    const { head } = promptOutputs(task, lm.tokenizer);
    const margins = ({ sequences }: Inputs): number[] =>
      sequences.map((sequence) => predictLogits(lm.model, head, [sequence])).map(([no, yes]) => yes - no);
    const right = ({ labels }: Inputs, own: readonly number[], cut: number): number =>
      labels.filter((label, i) => (own[i] > cut ? 1 : 0) === label).length / labels.length;
    const [onDev, onTest] = [margins(dev), margins(test)];
    const [row] = rowsOf(task, "threshold");
    assert.equal(row.test, Math.max(right(test, onTest, -Infinity), ...onTest.map((cut) => right(test, onTest, cut))));
    const cut = -Number(String(row.setting.biases).split(" ")[1]);
    assert.equal(row.test, right(test, onTest, cut));
    assert.equal(row.dev, right(dev, onDev, cut));
    for (const file of files)
      assert.ok(rowsOf(taskOf(file), "threshold")[0].test! >= rowsOf(taskOf(file), "zero-shot")[0].test!);
  });

  it("bag of words and pooled probe: a row for every penalty, of which dev chooses the first best", () => {
    for (const task of files.map(taskOf)) {
      assert.deepEqual(
        rowsOf(task, "words").map(({ setting }) => setting),
        [{ inversePenalty: 0.01 }, { inversePenalty: 1 }],
      );
      const pooled = rowsOf(task, "pooled");
      assert.equal(pooled.length, 10);
      const best = Math.max(...pooled.map(({ dev }) => dev!));
      assert.deepEqual(chosenRows(pooled), [pooled.find(({ dev }) => dev === best)]);
      assert.ok(pooled.every(({ testAccuracy, test }) => test === testAccuracy && test! >= 0 && test! <= 1));
    }
  });

  it("kernel: the margin's for two classes and the joint one of all logits for three, with the prompt and without", async () => {
    for (const task of files.map(taskOf)) {
      for (const prompted of [true, false]) {
        const classes = task.labels.length;
        const { train, test } = inputsOf(task, prompted);
        const model = prompted ? lm.model : withClassifier(lm.model, classes, 1);
        const head = prompted ? promptOutputs(task, lm.tokenizer).head : classifierHead;
        const outputs = classes === 2 ? marginOutput(head) : logitOutputs(head, classes);
        const kernelOn = async ({ sequences }: Inputs): Promise<KernelTensor> =>
          (await computeKernel({ model, outputs, train: train.sequences, evaluate: sequences })).kernels.get("sgd")!;
        const predictions = solveLeastSquares({
          train: await kernelOn(train),
          evaluate: await kernelOn(test),
          trainLabels: train.labels,
          regularization: 0.1,
        });
        const row = rowsOf(task, prompted ? "K (SGD)" : "K (SGD), no prompt").find(
          ({ setting }) => setting.regularization === 0.1 && setting.f0 === "inf",
        )!;
        assert.equal(row.test, accuracy(predictions, test.labels), `${task.name}, ${prompted ? "prompt" : "text"}`);
        assert.ok(!prompted || classes === 2 || predictions.shape[1] === 3);
        if (!prompted)
          tf.dispose([model.parameters.get("classifier.weight")!, model.parameters.get("classifier.bias")!]);
      }
    }
  });

  it("kernels of one input come from one pass, and are those that each has alone", async () => {
    const [file] = files;
    const kept = readdirSync(join(folder, "store")).length;
    // Three splits with the prompt and three without, of two tasks; a kernel has one block for each split.
    assert.equal(kept, 2 * 2 * 3);
    const sweep = sweepOf({ "K (SignGD)": methods["K (SignGD)"], "K (A-SignGD)": methods["K (A-SignGD)"] }, [file]);
    const { rows } = await runSweep({ sweep, lm, out: join(folder, "alone") });
    const scores = (all: readonly SweepRow[], method: string): unknown[] =>
      all
        .filter((row) => row.task === "opinions-2" && row.method === method)
        .map(({ setting, dev, test }) => [setting, dev, test]);
    for (const method of ["K (SignGD)", "K (A-SignGD)"])
      assert.deepEqual(scores(rows, method), scores(whole.rows, method));
    assert.equal(scores(whole.rows, "K (A-SignGD)").length, 8);
  });

  it("fine-tuning without a prompt: a new head on the text alone, drawn by the seed", async () => {
    for (const [method, optimizer, learningRate] of [
      ["SGD, no prompt", "sgd", 0.01],
      ["AdamW, no prompt", "adamw", 0.001],
    ] as const) {
      for (const task of files.map(taskOf)) {
        const { train, dev, test } = inputsOf(task, false);
        const model = withClassifier(lm.model, task.labels.length, 1);
        const tuned = await fineTune({
          model,
          head: classifierHead,
          train,
          dev,
          optimizer,
          learningRate,
          steps: 3,
          batchSize: 4,
          evaluateEvery: 3,
          seed: 1,
        });
        const [row] = rowsOf(task, method);
        assert.deepEqual(
          [row.dev, row.test, row.distance],
          [tuned.best.devAccuracy, evaluateAccuracy(tuned.model, classifierHead, test), tuned.best.distance],
        );
        tuned.dispose();
        tf.dispose([model.parameters.get("classifier.weight")!, model.parameters.get("classifier.bias")!]);
      }
    }
  });

  it("may be for some of the tasks only, and then are the same runs", () => {
    const only = {
      ...methods,
      "K (SignGD)": { ...methods["K (SignGD)"], tasks: ["opinions-2"] },
      words: { ...methods.words, tasks: ["opinions-3"] },
    };
    const runsOf = (own: object): SweepRun[] => sweepPlan(sweepOf(own), lm);
    const named = (runs: readonly SweepRun[]): string[] =>
      runs.map(({ task, method, name }) => `${task.name} ${method} ${name}`);
    const left = named(runsOf(methods)).filter(
      (name) => !name.startsWith("opinions-3 K (SignGD)") && !name.startsWith("opinions-2 words"),
    );
    assert.deepEqual(named(runsOf(only)), left);
    const formulas = runsOf(only)
      .filter(({ method }) => method === "K (SGD)")
      .map((run) => run.formulas);
    assert.deepEqual(formulas, [
      ["sgd", "signgd", "asymmetric_signgd", "asymmetric_signgd_flipped"],
      ["sgd", "asymmetric_signgd", "asymmetric_signgd_flipped"],
    ]);
    assert.throws(
      () => sweepOf({ a: { kind: "zero-shot", tasks: ["mr"] } }),
      /methods.a.tasks: mr is none of the sweep's tasks, opinions-2, opinions-3/,
    );
  });

  it("are refused when the file is read where settings do not fit the method or the task", () => {
    const wrong: [object, RegExp][] = [
      [{ a: { kind: "bag-of-words", inversePenalty: 0 } }, /sweep.json: methods.a.inversePenalty: /],
      [
        { a: { kind: "linear-probe", inversePenalty: 1 } },
        /sweep.json: methods.a.inversePenalty: a head's probe chooses it by cross-validation/,
      ],
      [{ a: { kind: "zero-shot", input: "text" } }, /sweep.json: methods.a: .*input/],
      [
        { a: { kind: "kernel", outputs: "margin" } },
        /sweep.json: methods.a.outputs: the margin is for two classes, and task opinions-3 has 3/,
      ],
    ];
    for (const [own, message] of wrong) assert.throws(() => sweepOf(own), message);
    sweepOf({ a: { kind: "kernel", outputs: "margin", tasks: ["opinions-2"] } });
  });
});
