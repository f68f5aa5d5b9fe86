import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { fineTune, type FineTuned, type FineTuneOptions } from "../../src/finetune/fine-tune";
import { trainingStateFile } from "../../src/finetune/training-state";
import { tf } from "../../src/model/backend";
import { labelWordHead } from "../../src/model/head";
import { parameter } from "../../src/model/model";
import { readJson, tinyRoberta, type Prompt } from "../support/tiny-roberta";

const {
  train: sequences,
  labels,
  labelWordIds,
} = readJson<{ train: Prompt[]; labels: number[]; labelWordIds: number[] }>("tiny-roberta", "oracle-training.json");
const data = { sequences, labels };
const model = tinyRoberta();
const folder = mkdtempSync(join(tmpdir(), "kernel-view-resume-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const options = (change: Partial<FineTuneOptions> = {}): FineTuneOptions => ({
  model,
  head: labelWordHead(labelWordIds),
  train: data,
  dev: data,
  probe: sequences.slice(0, 2),
  optimizer: "adamw",
  learningRate: 5e-3,
  weightDecay: 0.01,
  steps: 9,
  batchSize: 3,
  evaluateEvery: 4,
  dropout: true,
  seed: 3,
  ...change,
});

/** Everything that a run gives, its tensors as numbers. */
function numbersOf({ model: tuned, best, history, initialLogits, trained }: FineTuned): unknown {
  const numbers = {
    hash: tuned.hash,
    best,
    history,
    initialLogits,
    parameters: trained.map((name) => [...parameter(tuned, name).dataSync()]),
  };
  return numbers;
}

describe("an interrupted run", () => {
  for (const parameters of ["all", { lora: { rank: 2, alpha: 4 } }] as const) {
    const name = typeof parameters === "string" ? parameters : "LoRA";
    // 4 is right after an evaluation, 6 between two, 9 the end.
    for (const stop of [1, 4, 6, 9]) {
      it(`goes on to the same bits (${name}, stopped after step ${stop})`, async () => {
        const stateDirectory = join(folder, `${name}-${stop}`);
        const whole = await fineTune(options({ parameters }));
        const controller = new AbortController();
        const before = tf.memory().numTensors;
        const onProgress = ({ done }: { done: number }): void =>
          void (done === stop && controller.abort(new Error("enough")));
        const stopped = fineTune(options({ parameters, stateDirectory, signal: controller.signal, onProgress }));
        if (stop < 9) await assert.rejects(stopped, /enough/);
        else (await stopped).dispose();
        assert.equal(tf.memory().numTensors, before, "no tensor is left behind");
        const seen: number[] = [];
        const resumed = await fineTune(
          options({ parameters, stateDirectory, onProgress: ({ done }) => void seen.push(done) }),
        );
        assert.deepEqual(
          seen,
          Array.from({ length: 10 - stop }, (_, i) => stop + i),
        );
        assert.deepEqual(numbersOf(resumed), numbersOf(whole));
        assert.deepEqual(readdirSync(stateDirectory), ["training-state.safetensors"]);
        [whole, resumed].forEach((tuned) => tuned.dispose());
      });
    }
  }

  it("saves its state now and then without being asked to stop", async () => {
    const stateDirectory = join(folder, "killed");
    const onEvaluate = ({ record }: { record: { step: number } }): void => {
      if (record.step === 8) throw new Error("the power fails");
    };
    await assert.rejects(fineTune(options({ stateDirectory, onEvaluate })), /the power fails/);
    const seen: number[] = [];
    (await fineTune(options({ stateDirectory, onProgress: ({ done }) => void seen.push(done) }))).dispose();
    assert.equal(seen[0], 4, "the last evaluation before");
    const often = join(folder, "often");
    await assert.rejects(fineTune(options({ stateDirectory: often, saveEvery: 3, onEvaluate })), /the power fails/);
    seen.length = 0;
    (await fineTune(options({ stateDirectory: often, onProgress: ({ done }) => void seen.push(done) }))).dispose();
    assert.equal(seen[0], 6);
  });

  it("refuses the state of another run, or none at all", async () => {
    const stateDirectory = join(folder, "other");
    (await fineTune(options({ stateDirectory }))).dispose();
    for (const change of [
      { seed: 4 },
      { learningRate: 1e-3 },
      { steps: 10 },
      { train: { sequences: sequences.slice(1), labels: labels.slice(1) } },
      { dropout: false },
    ]) {
      await assert.rejects(
        fineTune(options({ stateDirectory, ...change })),
        /is the state of a run with other settings, model or examples: remove it/,
      );
    }
    writeFileSync(trainingStateFile(stateDirectory), "nonsense");
    await assert.rejects(fineTune(options({ stateDirectory })), /training-state.safetensors/);
  });
});

describe("a run's history", () => {
  it("has the model at every evaluation, and the logits that it gives on the probe set", async () => {
    const distances: number[] = [];
    const tuned = await fineTune(
      options({
        onEvaluate({ model: current, record }) {
          const squares = [...current.parameters].map(([name, tensor]) =>
            tf.tidy(() => tf.sum(tf.square(tf.sub(tensor, parameter(model, name)))).dataSync()[0]),
          );
          distances.push(Math.sqrt(squares.reduce((a, b) => a + b, 0)));
          assert.equal(record.logits?.length, 4);
        },
      }),
    );
    assert.deepEqual(
      tuned.history.map(({ step }) => step),
      [4, 8, 9],
    );
    tuned.history.forEach(({ distance }, i) =>
      assert.ok(Math.abs(distance - distances[i]) < 1e-4 * distance, `${distance} and ${distances[i]}`),
    );
    assert.notDeepEqual(tuned.history[0].logits, tuned.initialLogits);
    tuned.dispose();
  });

  it("ends in the returned parameters when the last are kept", async () => {
    const tuned = await fineTune(options({ keep: "last" }));
    assert.equal(tuned.best, tuned.history.at(-1));
    tuned.dispose();
  });

  it("scores dev by F1 where that is the metric", async () => {
    const tuned = await fineTune(options({ metric: "f1", learningRate: 1e-9 }));
    const [first] = tuned.history;
    const logits = (await fineTune(options({ probe: sequences, learningRate: 1e-9 }))).initialLogits!;
    const predicted = labels.map((_, i) => (logits[2 * i + 1] > logits[2 * i] ? 1 : 0));
    const both = predicted.filter((value, i) => value === 1 && labels[i] === 1).length;
    const either = predicted.filter((value) => value === 1).length + labels.filter((label) => label === 1).length;
    assert.equal(first.devScore, (2 * both) / either);
    tuned.dispose();
  });
});
