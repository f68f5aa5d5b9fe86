import assert from "node:assert/strict";
import { describe, it, test } from "node:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadLoraAdapter, saveLoraAdapter } from "../../src/finetune/lora-adapter";
import { saveModel } from "../../src/finetune/save-model";
import { readSafetensorsHeader, type StoredTensor } from "../../src/files/safetensors";
import { computeKernel } from "../../src/kernels/kernel";
import { logitOutputs, marginOutput } from "../../src/kernels/outputs";
import { ARCHITECTURES } from "../../src/model/architecture";
import type { Sequence } from "../../src/model/batch";
import { readCheckpoint, saveCheckpoint } from "../../src/model/checkpoint";
import { classifierHead, labelWordHead, withClassifier } from "../../src/model/head";
import { withLora } from "../../src/model/lora";
import { modelFromCheckpoint, parameterCount, type Model } from "../../src/model/model";
import { predictLogits } from "../../src/model/predict";
import { randomWeights } from "../../src/model/random-weights";
import { assertAllclose } from "../support/allclose";
import { onEveryBackend } from "../support/backends";
import { changedModel } from "../support/changed-model";
import { fixturePath, readJson } from "../support/tiny-roberta";

const folder = mkdtempSync(join(tmpdir(), "relatives-"));
test.after(() => rmSync(folder, { recursive: true, force: true }));

/** What make_relatives_fixture.py wrote. */
interface Oracle {
  words: number[];
  sequences: Sequence[];
  logits: number[];
  sgd: number[];
  signgd: number[];
  parameters: number;
}

const RELATIVES = ["xlm-roberta", "camembert", "distilbert", "electra"] as const;
const sourceOf = (name: string): string => fixturePath("relatives", name);
const oracleOf = (name: string): Oracle => readJson<Oracle>("relatives", name, "oracle.json");
const modelOf = (name: string): Model => modelFromCheckpoint(readCheckpoint(sourceOf(name)));
const vocabulary = Array.from({ length: 40 }, (_, id) => id);

for (const name of RELATIVES) {
  const oracle = oracleOf(name);
  // CamemBERT's is the model whose decoder differs from its word embeddings.
  const tied = name !== "camembert";

  onEveryBackend(`${ARCHITECTURES[name].title} is as in transformers`, () => {
    it("logits at the mask", () => {
      // float32 with about 10 layers of operations on values of order 1: differences of about 1e-6.
      const TOLERANCE = { absolute: 1e-5 };
      const head = labelWordHead(vocabulary, { tied });
      assertAllclose(predictLogits(modelOf(name), head, oracle.sequences), oracle.logits, TOLERANCE);
      assertAllclose(
        predictLogits(modelOf(name), head, oracle.sequences, { examples: 1, tokens: Infinity }),
        oracle.logits,
        TOLERANCE,
      );
    });

    it("kernels of a margin", async () => {
      const [terrible, great] = oracle.words;
      const { kernels } = await computeKernel({
        model: modelOf(name),
        outputs: marginOutput(labelWordHead([terrible, great], { tied })),
        train: oracle.sequences,
        evaluate: oracle.sequences,
        formulas: ["sgd", "signgd"],
      });
      // Sums of products of float32 gradients; of signs, whole numbers of which none hangs on rounding.
      assertAllclose(kernels.get("sgd")!.values, oracle.sgd, { relative: 1e-4, absolute: 1e-4 });
      assertAllclose(kernels.get("signgd")!.values, oracle.signgd, { absolute: 0 });
    });
  });

  describe(`${ARCHITECTURES[name].title} in files`, () => {
    it("is saved under transformers' names with equal values, and read back the same", () => {
      const target = join(folder, name);
      const checkpoint = readCheckpoint(sourceOf(name));
      saveCheckpoint(target, checkpoint);
      const [saved, source] = [target, sourceOf(name)].map((path) => join(path, "model.safetensors"));
      const names = (path: string): string[] => [...readSafetensorsHeader(path).entries.keys()].sort();
      assert.deepEqual(names(saved), names(source));
      assert.equal(readCheckpoint(target).hash, checkpoint.hash);
      assert.deepEqual(JSON.parse(readFileSync(join(target, "config.json"), "utf8")), {
        ...checkpoint.config.raw,
        tie_word_embeddings: tied,
      });
    });

    it("has transformers' number of parameters, and random ones where they are drawn", () => {
      // transformers counts an untied decoder's biases twice.
      assert.equal(parameterCount(modelOf(name)), oracle.parameters - (tied ? 0 : 40));
      const { config } = readCheckpoint(sourceOf(name));
      const random = randomWeights(config, 1);
      assert.deepEqual([...random.parameters.keys()].sort(), [...modelOf(name).parameters.keys()].sort());
    });

    it("is known by its class where the config does not say its type, and by no other", () => {
      const typeless = (architectures: unknown): string =>
        changedModel(sourceOf(name), folder, (_, config) => {
          delete config.model_type;
          config.architectures = architectures;
        });
      const { className } = ARCHITECTURES[name];
      for (const kind of ["ForMaskedLM", "Model", "ForSequenceClassification"]) {
        const { config } = readCheckpoint(typeless([`${className}${kind}`]));
        assert.equal(config.modelType, name);
      }
      for (const other of [undefined, [], ["GPT2LMHeadModel"], "text", [7]])
        assert.throws(
          () => readCheckpoint(typeless(other)),
          /model_type undefined is not supported: only roberta, bert/,
        );
    });

    it("without its language-model head works without a prompt, under names with and without a prefix", async () => {
      const whole = modelOf(name);
      const prefix = `${ARCHITECTURES[name].prefix}.`;
      for (const strip of [true, false]) {
        const path = changedModel(sourceOf(name), folder, (tensors) => {
          const entries = [...tensors].filter(([key]) => key.startsWith(prefix));
          tensors.clear();
          for (const [key, tensor] of entries) tensors.set(strip ? key.slice(prefix.length) : key, tensor);
          tensors.set("classifier.dense.weight", {
            dtype: "F32",
            shape: [1],
            data: new Float32Array(1),
          } as StoredTensor);
        });
        const checkpoint = readCheckpoint(path);
        const encoder = modelFromCheckpoint(checkpoint);
        const texts = oracle.sequences.map(({ ids }) => ({ ids, maskPosition: 0 }));
        const logits = (model: Model): Float32Array =>
          predictLogits(withClassifier(model, 2, 3), classifierHead, texts);
        assert.deepEqual(logits(encoder), logits(whole));
        const { kernels } = await computeKernel({
          model: withClassifier(encoder, 2, 3),
          outputs: logitOutputs(classifierHead, 2),
          train: texts,
          evaluate: texts,
        });
        assert.ok(kernels.get("sgd")!.values.every(Number.isFinite));
        assert.throws(
          () => predictLogits(encoder, labelWordHead([7, 11]), oracle.sequences),
          /no masked-language-model head \(no [\w.]+\), which a prompt reads: .* or work without a prompt/,
        );
        const saved = join(path, "saved");
        saveModel(saved, encoder);
        assert.equal(readCheckpoint(saved).hash, checkpoint.hash);
      }
    });

    it("keeps LoRA factors in PEFT's layout under transformers' names", () => {
      const path = join(folder, `${name}-lora`);
      const base = modelOf(name);
      const lora = withLora(base, { rank: 2, alpha: 4, seed: 1 });
      const head = [...lora.parameters.keys()].filter((key) => /^(lm_head|cls)\./.test(key));
      saveLoraAdapter(path, lora, { baseModel: sourceOf(name), trained: head });
      const source = new Set(readSafetensorsHeader(join(sourceOf(name), "model.safetensors")).entries.keys());
      const { entries } = readSafetensorsHeader(join(path, "adapter_model.safetensors"));
      for (const key of entries.keys()) {
        const plain = key.replace("base_model.model.", "").replace(/\.lora_[AB]\./, ".");
        assert.ok(source.has(plain) || /decoder|projector|lm_head/.test(plain), key);
      }
      const { target_modules: targets } = JSON.parse(readFileSync(join(path, "adapter_config.json"), "utf8")) as {
        target_modules: string[];
      };
      assert.ok(targets.length === 4 && targets.every((target) => source.has(`${target}.weight`)));
      const again = loadLoraAdapter(path, base).model;
      for (const [key, tensor] of lora.parameters)
        assert.deepEqual(again.parameters.get(key)!.dataSync(), tensor.dataSync(), key);
    });
  });
}

test("a head of which a part is missing is no model without a head", () => {
  const path = changedModel(sourceOf("distilbert"), folder, (tensors) => tensors.delete("vocab_layer_norm.bias"));
  assert.throws(() => readCheckpoint(path), /no parameter vocab_layer_norm\.bias, which its config\.json calls for/);
});

test("a wrong field is named as the config has it", () => {
  const path = changedModel(sourceOf("distilbert"), folder, () => undefined);
  const config = join(path, "config.json");
  const raw = JSON.parse(readFileSync(config, "utf8")) as object;
  for (const [change, message] of [
    [{ dim: "16" }, /config\.json: dim is "16", not a positive whole number/],
    [{ n_heads: 5 }, /dim 16 is not a multiple of n_heads 5/],
    [{ activation: "relu" }, /activation "relu" is not supported/],
    [{ n_layers: undefined }, /n_layers is missing/],
  ] as const) {
    writeFileSync(config, JSON.stringify({ ...raw, ...change }));
    assert.throws(() => readCheckpoint(path), message);
  }
});
