import assert from "node:assert/strict";
import path from "node:path";
import { test } from "node:test";
import { readFewShot } from "../../src/experiment/inputs";
import { loadLanguageModel } from "../../src/experiment/language-model";
import { answer, explorerMimeType, type ExplorerSpec, type SentenceAnswer } from "../../src/explore/answer";
import { makeScene } from "../../src/explore/make-scene";
import { tf } from "../../src/model/backend";
import { disposeModel } from "../../src/model/model";
import { predictLogits } from "../../src/model/predict";
import { withDisplaySink, type MimeBundle } from "../../src/notebook/display-sink";
import { explore, type ExploreOptions } from "../../src/notebook/explore";
import { mergedLora } from "../../src/finetune/save-model";
import { taskByName } from "../../src/tasks/task";
import { assertAllclose } from "../support/allclose";
import { root, temporaryFolder } from "../support/checkout";
import { smallEnglishModel } from "../support/small-english-model";

async function cell(t: { after(clean: () => void): void }): Promise<ExploreOptions> {
  process.env.KERNEL_VIEW_CACHE = temporaryFolder(t);
  const model = smallEnglishModel(t);
  const lm = await loadLanguageModel(model);
  t.after(() => disposeModel(lm.model));
  const task = { ...taskByName("movies-2"), labelWords: ["bad", "good"] };
  const data = path.join(root, "data", "english", "tasks", "movies-2");
  return { model, lm, task, draw: readFewShot(data, task, { k: 2, seed: 13 }), testExamples: 5, f0: Infinity };
}

async function shown(kind: Parameters<typeof explore>[0], options: ExploreOptions): Promise<MimeBundle> {
  const bundles: MimeBundle[] = [];
  const sink = { rich: true, show: (bundle: MimeBundle) => void bundles.push(bundle), update: () => undefined };
  await withDisplaySink(sink, () => explore(kind, options));
  assert.equal(bundles.length, 1);
  return bundles[0];
}

test("each explorer shows its specification, which is JSON, and a table of its first answer", async (t) => {
  const options = await cell(t);
  const before = tf.memory().numTensors;
  const texts = { sentence: /α K\(x_i, x\)/, entry: /the whole entry/, prompt: /alignment/, training: /linearized/ };
  for (const [kind, expected] of Object.entries(texts) as ["sentence", RegExp][]) {
    const bundle = await shown(kind, options);
    const spec = bundle[explorerMimeType] as ExplorerSpec;
    assert.deepEqual(JSON.parse(JSON.stringify(spec)), spec);
    assert.deepEqual([spec.kind, spec.draw.train.length, spec.draw.test.length, spec.f0], [kind, 4, 5, undefined]);
    assert.equal(spec.modelHash, options.lm.model.hash);
    assert.match(bundle["text/plain"] as string, expected);
    assert.match(bundle["text/html"] as string, /<code>npm run report -- NOTEBOOK --live<\/code>/);
  }
  assert.equal(tf.memory().numTensors, before);
  await assert.rejects(explore("picture" as "sentence", options), /there is no explorer "picture"; there are sentence/);
});

test("the table of an entry is the sum of its layers", async (t) => {
  const text = (await shown("entry", await cell(t)))["text/plain"] as string;
  const rows = text.split("\n").map((line) => line.trim().split(/ {2,}/));
  const values = rows
    .filter(([name]) => /^(embeddings|layer \d|head|the whole entry)$/.test(name))
    .map((row) => Number(row[1]));
  assert.equal(values.length, 5);
  const sum = values.slice(0, -1).reduce((a, b) => a + b);
  assert.ok(Math.abs(sum - values[4]) < 0.02 * Math.abs(values[4]), `${sum} is not ${values[4]}`);
});

test("a scene's fine-tuned answer is that of the model with the factors added to its weights", async (t) => {
  const options = await cell(t);
  const spec = (await shown("sentence", options))[explorerMimeType] as ExplorerSpec;
  const scene = await makeScene(spec, options.lm, { formulas: ["sgd", "signgd"], forPage: true });
  const { tuned, zeroShot } = (await answer(scene, {
    kind: "sentence",
    texts: spec.draw.test[0].texts,
    formula: "signgd",
  })) as SentenceAnswer;
  const { model } = mergedLora(scene.tuned!.model);
  const [a, b] = predictLogits(model, scene.outputs.head, scene.test.sequences.slice(0, 1));
  assertAllclose(tuned!.probabilities, [1 / (1 + Math.exp(b - a)), 1 / (1 + Math.exp(a - b))], { relative: 1e-4 });
  assert.ok(Math.abs(tuned!.probabilities[0] - zeroShot[0]) > 1e-3);
  assert.match(tuned!.method, /^LoRA of rank 8/);
  scene.dispose();
});
