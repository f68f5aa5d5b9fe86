import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { kernelBehavior, recoveredGain } from "../../src/behavior/verdicts";
import { linearizationTest } from "../../src/behavior/linearization-test";
import { linearize } from "../../src/behavior/linearization";
import { selectParameters } from "../../src/kernels/parameter-filter";
import { computeOutputs, logitOutputs, marginOutput, type Outputs } from "../../src/kernels/outputs";
import { tf } from "../../src/model/backend";
import { labelWordHead, withClassifier, classifierHead } from "../../src/model/head";
import { withLora } from "../../src/model/lora";
import { disposeModel, type Model } from "../../src/model/model";
import { assertAllclose } from "../support/allclose";
import { onEveryBackend } from "../support/backends";
import { behaviorOracle, movedModel, type LinearizationCase } from "../support/behavior-oracle";
import { kernelOracle, withOracleLora } from "../support/kernel-oracle";
import { naiveGradients } from "../support/naive-kernel";
import { randomModel, randomSequence, seededRandom } from "../support/random-model";
import { tinyRoberta, tinyRobertaTied } from "../support/tiny-roberta";

const { evaluate } = kernelOracle;
const { moves } = behaviorOracle;

function caseOf({ tied, margin, lora, labelWordIds, filter }: LinearizationCase): {
  model: Model;
  outputs: Outputs;
  tuned: Model[];
} {
  const plain = tied ? tinyRobertaTied() : tinyRoberta();
  const model = lora ? withOracleLora(plain, "all") : plain;
  const head = labelWordHead(labelWordIds, { tied });
  const taken = selectParameters(model.parameters.keys(), filter);
  // PyTorch's tied model has one parameter where ours has two (the decoder's then is not used): it is not counted.
  const counted = tied
    ? { ...model, parameters: new Map([...model.parameters].filter(([name]) => name !== "lm_head.decoder.weight")) }
    : model;
  const tuned = moves.map((move) => {
    const there = movedModel(counted, move, (name) => taken.has(name));
    return { ...there, parameters: new Map([...model.parameters, ...there.parameters]) };
  });
  return { model, outputs: margin ? marginOutput(head) : logitOutputs(head, labelWordIds.length), tuned };
}

// float32 against float64: shares of the largest change. Sums over up to 30,000 parameters of either sign stay near 1e-6.
const RELATIVE = 1e-5;

onEveryBackend("f_lin equals torch.func.jvp", () => {
  for (const [name, expected] of Object.entries(behaviorOracle.linearizations)) {
    it(name, async () => {
      const { model, outputs, tuned } = caseOf(expected);
      // Batches of two: the examples' places in the result are not those in a batch.
      const { start, linearized } = await linearize({ model, outputs, sequences: evaluate, tuned, batchSize: 2 });
      assertAllclose(start.values, expected.start.flat(), { absolute: 5e-6 }, "f_0");
      linearized.forEach(({ values, shape }, k) => {
        assert.deepEqual(shape, [evaluate.length, outputs.combine.length]);
        // f_0 itself is rounded to float32 (about 1e-7 of its size, below 2).
        assertAllclose(
          values.map((value, i) => value - start.values[i]),
          expected.changes[k].flat(),
          { relative: RELATIVE, absolute: 1e-12 },
          `change ${k}`,
        );
        assertAllclose(
          computeOutputs(tuned[k], outputs, evaluate).values,
          expected.tuned[k].flat(),
          { absolute: 5e-6 },
          `f_t ${k}`,
        );
      });
      [model, ...tuned].forEach(disposeModel);
    });
  }

  it("leaves out what a filter leaves out, where everything moved", async () => {
    const expected = behaviorOracle.linearizations.biases;
    const model = tinyRoberta();
    const tuned = moves.map((move) => movedModel(model, move));
    const outputs = logitOutputs(labelWordHead(expected.labelWordIds), 3);
    const { start, linearized } = await linearize({
      model,
      outputs,
      sequences: evaluate,
      tuned,
      parameters: ["biases"],
    });
    linearized.forEach(({ values }, k) =>
      assertAllclose(
        values.map((value, i) => value - start.values[i]),
        expected.changes[k].flat(),
        { relative: RELATIVE },
      ),
    );
    [model, ...tuned].forEach(disposeModel);
  });
});

describe("linearize", () => {
  const sizes = { layers: 2, headSize: 4, heads: 2, intermediate: 12, vocabulary: 30, longest: 14, padId: 1 };

  for (const seed of [1, 2, 3]) {
    it(`equals whole gradients times whole displacements on a random ${seed === 3 ? "BERT" : "RoBERTa"} (${seed})`, async () => {
      const model = randomModel({ ...sizes, modelType: seed === 3 ? "bert" : "roberta" }, seed);
      const random = seededRandom(seed);
      const sequences = [3, 14, 5, 8].map((length) => randomSequence(random, sizes, length));
      const outputs: Outputs = {
        head: labelWordHead([4, 9, 11], { tied: seed === 2 }),
        combine: [
          [1, -2, 0.5],
          [0, 1, 0],
        ],
      };
      const tuned = [movedModel(model, { scale: 0.01, phase: seed })];
      const { start, linearized } = await linearize({ model, outputs, sequences, tuned, batchSize: 3 });
      const expected = sequences.flatMap((example) =>
        naiveGradients(model, outputs, example).map((gradient) => {
          let sum = 0;
          for (const [name, values] of gradient) {
            const [from, to] = [model.parameters.get(name)!.dataSync(), tuned[0].parameters.get(name)!.dataSync()];
            values.forEach((value, i) => (sum += value * (to[i] - from[i])));
          }
          return sum;
        }),
      );
      assertAllclose(
        linearized[0].values.map((value, i) => value - start.values[i]),
        expected,
        { relative: RELATIVE },
      );
      [model, ...tuned].forEach(disposeModel);
    });
  }

  it("is what small steps approach: the error of a step h falls like h²", async () => {
    const model = tinyRoberta();
    const outputs = marginOutput(labelWordHead([98, 86]));
    const errors: number[] = [];
    for (const scale of [0.02, 0.01, 0.005]) {
      const tuned = movedModel(model, { scale, phase: 1 });
      const { linearized } = await linearize({ model, outputs, sequences: evaluate, tuned: [tuned] });
      const actual = computeOutputs(tuned, outputs, evaluate).values;
      errors.push(Math.max(...linearized[0].values.map((value, i) => Math.abs(value - actual[i]))));
      disposeModel(tuned);
    }
    // 4 in the limit; the cubic term is still there at these sizes, and below them float32 rounding is.
    for (const k of [0, 1])
      assert.ok(errors[k] / errors[k + 1] > 3 && errors[k] / errors[k + 1] < 5, `errors ${errors.join(", ")}`);
    disposeModel(model);
  });

  it("gives exact changes for a new head alone, in which the model is linear", async () => {
    const encoder = tinyRoberta();
    const model = withClassifier(encoder, 3, 1);
    const tuned = movedModel(model, { scale: 0.5, phase: 0 }, (name) => name.startsWith("classifier"));
    const outputs = logitOutputs(classifierHead, 3);
    const { linearized } = await linearize({ model, outputs, sequences: evaluate, tuned: [tuned] });
    assertAllclose(linearized[0].values, computeOutputs(tuned, outputs, evaluate).values, { relative: 2e-6 });
    [model, tuned].forEach(disposeModel);
  });

  it("does not run the backward pass for models that share every tensor, and leaves no tensor behind", async () => {
    const model = tinyRoberta();
    const before = tf.memory().numTensors;
    const { start, linearized } = await linearize({
      model,
      outputs: marginOutput(labelWordHead([98, 86])),
      sequences: evaluate,
      tuned: [{ ...model }],
    });
    assert.deepEqual(linearized[0].values, start.values);
    assert.equal(tf.memory().numTensors, before);
    disposeModel(model);
  });

  it("names what does not fit", async () => {
    const model = tinyRoberta();
    const outputs = marginOutput(labelWordHead([98, 86]));
    const lora = withLora(model, { rank: 2, alpha: 2, seed: 1 });
    const run = (start: Model, tuned: Model): Promise<unknown> =>
      linearize({ model: start, outputs, sequences: evaluate, tuned: [tuned] });
    await assert.rejects(run(model, lora), /parameter roberta\..*lora_A\.weight, which the starting model lacks/);
    await assert.rejects(run(lora, model), /tuned model lacks the parameter roberta\..*lora_A\.weight/);
    await assert.rejects(run(lora, { ...lora, loraScale: 7 }), /LoRA scales differ: 1 .* 7/);
    const other = new Map(model.parameters).set("lm_head.bias", tf.zeros([3]));
    await assert.rejects(run(model, { ...model, parameters: other }), /lm_head\.bias has shape \[\d+\] .* \[3\]/);
    await assert.rejects(
      linearize({ model, outputs, sequences: evaluate, tuned: [], batchSize: 0 }),
      /a whole number of examples, at least 1, not 0/,
    );
  });

  it("stops when asked to", async () => {
    const model = tinyRoberta();
    const before = tf.memory().numTensors;
    await assert.rejects(
      linearize(
        { model, outputs: marginOutput(labelWordHead([98, 86])), sequences: evaluate, tuned: [] },
        AbortSignal.abort(new Error("enough")),
      ),
      /enough/,
    );
    assert.equal(tf.memory().numTensors, before);
  });
});

describe("linearizationTest", () => {
  const {
    start,
    changes,
    tuned: tunedOutputs,
    labelWordIds,
  } = behaviorOracle.linearizations["all parameters, three logits"];
  const best = (row: number[]): number => row.indexOf(Math.max(...row));

  it("scores f_0, f_t and f_lin of every checkpoint", async () => {
    const model = tinyRoberta();
    const tuned = moves.map((move) => movedModel(model, move));
    const outputs = logitOutputs(labelWordHead(labelWordIds), 3);
    const labels = tunedOutputs[1].map(best);
    const share = (rows: number[][]): number => rows.filter((row, i) => best(row) === labels[i]).length / labels.length;
    const linear = changes.map((change) => change.map((row, i) => row.map((value, c) => start[i][c] + value)));
    const distance = (a: number[][], b: number[][]): number =>
      Math.hypot(...a.flatMap((row, i) => row.map((value, c) => value - b[i][c])));
    const results = await linearizationTest({ model, outputs, sequences: evaluate, tuned, labels });
    results.forEach((result, k) => {
      assert.deepEqual(
        [result.start, result.tuned, result.linearized],
        [share(start), share(tunedOutputs[k]), share(linear[k])],
      );
      assertAllclose([result.error], [distance(linear[k], tunedOutputs[k]) / distance(start, tunedOutputs[k])], {
        absolute: 1e-3,
      });
      assertAllclose(result.linearizedOutputs.values, linear[k].flat(), { absolute: 5e-6 });
    });
    [model, ...tuned].forEach(disposeModel);
  });

  it("takes another score, and the margin", async () => {
    const model = tinyRoberta();
    const tuned = movedModel(model, moves[1]);
    const seen: number[][] = [];
    const score = ({ shape }: { shape: number[] }): number => seen.push(shape) / 10;
    const [result] = await linearizationTest({
      model,
      outputs: marginOutput(labelWordHead([98, 86])),
      sequences: evaluate,
      tuned: [tuned],
      labels: [0, 1, 1],
      score,
    });
    assert.deepEqual(seen, Array(3).fill([3, 2]));
    assertAllclose([result.start, result.tuned, result.linearized, result.share!], [0.1, 0.2, 0.3, 2], {
      absolute: 1e-12,
    });
    [model, tuned].forEach(disposeModel);
  });
});

describe("kernelBehavior", () => {
  const all = { kernelScore: 0.72, tunedScore: 0.8, linearized: true, featureDistance: 1.9 };

  it("needs the kernel's score, linearization and fixed features", () => {
    assert.deepEqual(kernelBehavior(all), {
      solvesTask: true,
      linearized: true,
      fixedFeatures: true,
      kernelBehavior: true,
    });
    assert.equal(kernelBehavior({ ...all, kernelScore: 0.71 }).solvesTask, false);
    assert.equal(kernelBehavior({ ...all, featureDistance: 2 }).fixedFeatures, false);
    for (const change of [{ kernelScore: 0.71 }, { linearized: false }, { featureDistance: 2 }])
      assert.equal(kernelBehavior({ ...all, ...change }).kernelBehavior, false);
  });

  it("is undecided only if what is known speaks for it", () => {
    assert.equal(kernelBehavior({ ...all, linearized: undefined }).kernelBehavior, undefined);
    assert.equal(kernelBehavior({ ...all, linearized: undefined, featureDistance: 3 }).kernelBehavior, false);
    assert.equal(kernelBehavior({ ...all, featureDistance: NaN }).kernelBehavior, undefined);
  });
});

describe("recoveredGain", () => {
  it("is the share of the gain that the linearization has, linearized from one half on", () => {
    assert.deepEqual(recoveredGain({ start: 0.5, tuned: 0.75, linearized: 0.625 }), {
      gain: 0.25,
      share: 0.5,
      passed: true,
    });
    assert.deepEqual(recoveredGain({ start: 0.5, tuned: 0.75, linearized: 0.5625 }), {
      gain: 0.25,
      share: 0.25,
      passed: false,
    });
    assert.equal(recoveredGain({ start: 0.5, tuned: 0.75, linearized: 0.25 }).share, -1);
    assert.equal(recoveredGain({ start: 0.5, tuned: 0.75, linearized: 1 }).share, 2);
    // Half of the gain, but for rounding: (0.7 − 0.6) / (0.8 − 0.6) is 0.4999….
    assert.equal(recoveredGain({ start: 0.6, tuned: 0.8, linearized: 0.7 }).passed, true);
  });

  it("is undefined where nothing is gained", () => {
    for (const tuned of [0.505, 0.5, 0.4]) {
      const { share, passed } = recoveredGain({ start: 0.5, tuned, linearized: 0.6 });
      assert.deepEqual([share, passed], [undefined, undefined]);
    }
    assert.equal(
      recoveredGain({ start: 0.57, tuned: 0.58, linearized: 0.58 }).passed,
      true,
      "a gain of exactly the least counts",
    );
    assert.equal(recoveredGain({ start: 0.5, tuned: 0.6, linearized: 0.6 }, 0.2).share, undefined);
    assert.throws(() => recoveredGain({ start: NaN, tuned: 1, linearized: 1 }), /"start"/);
    assert.throws(() => recoveredGain({ start: 0, tuned: 1, linearized: 1 }, 0), /smallest gain/);
  });
});
