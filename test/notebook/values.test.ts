import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { computeKernel, type KernelResult } from "../../src/kernels/kernel";
import type { SplitKernels } from "../../src/experiment/split-kernels";
import type { FineTuningRun } from "../../src/experiment/fine-tuning-run";
import type { FineTuned } from "../../src/finetune/fine-tune";
import { logitOutputs, marginOutput } from "../../src/kernels/outputs";
import { labelWordHead } from "../../src/model/head";
import { disposeModel, type Model } from "../../src/model/model";
import { loadTokenizer } from "../../src/model/tokenizer";
import { bundleOf } from "../../src/notebook/show-value";
import { knownBundle } from "../../src/notebook/values/known-value";
import { taskByName, taskNames } from "../../src/tasks/task";
import { fixturePath, tinyRoberta } from "../support/tiny-roberta";

/** The text of a value as the last line of a cell; a table has its HTML, too. */
async function textOf(value: object): Promise<string> {
  const bundle = (await bundleOf(value))!;
  assert.deepEqual(Object.keys(bundle), ["text/html", "text/plain"]);
  assert.match(String(bundle["text/html"]), /^<table>/);
  return String(bundle["text/plain"]);
}

let model: Model;
before(() => (model = tinyRoberta()));
after(() => disposeModel(model));

const prompt = (...ids: number[]) => ({ ids: [0, ...ids, 2], maskPosition: 1 });

describe("the library's values as the last line of a cell", () => {
  test("a model: architecture, sizes, parameters", async () => {
    const text = await textOf(model);
    for (const line of [
      /^Model\n/,
      /architecture +RoBERTa/,
      /layers +\d+, with \d+ attention heads each/,
      /vocabulary +[\d,]+ tokens/,
      /parameters +[\d,]+ in \d+ tensors/,
      new RegExp(`hash +${model.hash.slice(0, 16)}`),
    ])
      assert.match(text, line);
    assert.doesNotMatch(text, /LoRA/);
    assert.match(await textOf({ ...model, loraScale: 2 }), /LoRA +with factors, scaled by 2/);
  });

  test("a tokenizer, and a model with its tokenizer, without a path of this machine", async () => {
    const tokenizer = loadTokenizer(fixturePath("tiny-roberta"));
    const text = await textOf(tokenizer);
    assert.match(text, /tokens +[\d,]+, byte-level BPE/);
    assert.match(text, /start <s> \(\d+\), end <\/s> \(\d+\), mask <mask> \(\d+\), padding <pad> \(\d+\)/);
    assert.match(
      await textOf({ model, tokenizer, directory: fixturePath("tiny-roberta") }),
      /folder +test\/fixtures\/tiny-roberta\n/,
    );
    assert.match(await textOf({ model, tokenizer, directory: "/somewhere/else" }), /folder +else\n/);
  });

  test("every task: template, words, metric", async () => {
    for (const name of taskNames) {
      const text = await textOf(taskByName(name));
      assert.match(text, new RegExp(`name +${name.replace(/[-/]/g, ".")}`));
      assert.match(text, /template +\*cls/);
    }
    assert.match(await textOf({ ...taskByName("sst-2"), labelWords: ["bad", "good"] }), /0 → bad, 1 → good/);
  });

  describe("kernels", () => {
    let result: KernelResult;
    const train = [prompt(4, 5), prompt(6, 7)];
    const evaluate = Array.from({ length: 8 }, (_, i) => prompt(4 + i, 5));
    before(
      async () =>
        (result = await computeKernel({
          model,
          outputs: marginOutput(labelWordHead([5, 6])),
          train,
          evaluate,
          formulas: ["sgd", "signgd"],
        })),
    );

    test("a kernel matrix: sizes and first entries", async () => {
      const kernel = result.kernels.get("sgd")!;
      const lines = (await textOf(kernel)).split("\n");
      assert.equal(lines[0], "Kernel of 2 training examples with 8 examples, 1 output");
      assert.match(lines[1], /x₁ +x₂ +x₃ +x₄ +x₅ +x₆ +…$/);
      assert.equal(lines.length, 5);
      assert.ok(lines[3].includes(String(Number(kernel.values[0].toPrecision(4)))));
    });

    test("what computeKernel gives back: each formula", async () => {
      const text = await textOf(result);
      assert.match(text, /^Kernel of 2 training examples with 8 examples, 1 output\n/);
      assert.match(text, /\nsgd +\S+ +\S+ +\S+\nsigngd/);
      assert.match(text, /\n\nFirst entries, sgd\n/);
    });

    test("what splitKernels gives back: each split", async () => {
      const split: SplitKernels = {
        kernels: result.kernels,
        labels: [0, 1, 0, 1, 0, 1, 1, 1],
        logits: result.evaluateLogits,
      };
      const text = await textOf({ dev: split, test: split });
      assert.match(text, /^Kernels of 2 training examples with those of each split, 1 output\n/);
      assert.match(text, /dev +8 +3 \+ 5 +sgd/);
      assert.match(await textOf(split), /First entries, sgd/);
    });

    test("several outputs are averaged, and said so", async () => {
      const { kernels } = await computeKernel({
        model,
        outputs: logitOutputs(labelWordHead([5, 6, 7]), 3),
        train,
        evaluate: train,
      });
      assert.match(
        await textOf(kernels.get("sgd")!),
        /^Kernel of 2 training examples with 2 examples, 3 outputs, mean over outputs\n/,
      );
    });
  });

  test("fine-tuning: the best step and the records, without logits", async () => {
    const history = [5, 10].map((step) => ({
      step,
      loss: 1 / step,
      learningRate: 0.01,
      devAccuracy: step / 20,
      devScore: step / 20,
      distance: step / 7,
      logits: [1, 2, 3],
    }));
    const tuned: FineTuned = { model, best: history[1], history, trained: ["a", "b"], dispose: () => {} };
    const text = await textOf(tuned);
    assert.match(
      text,
      /^Fine-tuned, 10 steps of 2 parameter tensors: best on development at step 10, accuracy 50\.0 %\n/,
    );
    assert.match(text, / 5 +0\.2 +25\.0 % +0\.01 +0\.7143\n/);
    const run: FineTuningRun = {
      learningRate: 0.01,
      devAccuracy: 0.5,
      testAccuracy: 0.625,
      devScore: 0.5,
      testScore: 0.6,
      bestStep: 10,
      history: history.map((record) => ({ ...record, devScore: 0.1 })),
    };
    const other = await textOf(run);
    assert.match(
      other,
      /^Fine-tuning, learning rate 0\.01: best on development at step 10, accuracy 50\.0 %; test accuracy 62\.5 %\n/,
    );
    assert.match(other, /development score/);
  });
});

test("values stay plain data, and look-alikes are left alone", () => {
  const task = taskByName("sst-2");
  assert.deepEqual(
    Reflect.ownKeys(task).filter((key) => typeof key === "symbol"),
    [],
  );
  const others = [
    {},
    { values: new Float64Array(3), shape: [3] },
    { values: [1], shape: [1, 1, 1, 1] },
    { values: new Float64Array(3), shape: [1, 1, 2, 1] },
    { kernels: new Map() },
    { kernels: new Map([["sgd", 1]]) },
    { history: [] },
    { history: [{ step: 1 }] },
    { name: "a", template: "b", metric: "c" },
    new Map(),
    [1],
  ];
  for (const value of others) assert.equal(knownBundle(value), undefined);
});
