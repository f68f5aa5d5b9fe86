import assert from "node:assert/strict";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { loadLoraAdapter, saveLoraAdapter } from "../../src/finetune/lora-adapter";
import { copyTokenizer, saveModel, withSavedClassifier } from "../../src/finetune/save-model";
import { tf } from "../../src/model/backend";
import { readCheckpoint } from "../../src/model/checkpoint";
import { classifierHead, labelWordHead, tanhClassifierHead } from "../../src/model/head";
import { withLora } from "../../src/model/lora";
import { modelFromCheckpoint } from "../../src/model/model";
import { predictLogits } from "../../src/model/predict";
import { readSafetensorsHeader } from "../../src/files/safetensors";
import { loadTokenizer } from "../../src/model/tokenizer";
import { assertAllclose } from "../support/allclose";
import { fixturePath, readJson, tinyRoberta, type Prompt } from "../support/tiny-roberta";
import { CASES, saveTrainedModels, type SavedModel } from "./saved-models";

const folder = mkdtempSync(join(tmpdir(), "kernel-view-saved-"));
before(() => saveTrainedModels(folder));
after(() => rmSync(folder, { recursive: true, force: true }));
const json = (...path: string[]): Record<string, unknown> =>
  JSON.parse(readFileSync(join(folder, ...path), "utf8")) as Record<string, unknown>;
const stored = (path: string): string[] =>
  [...readSafetensorsHeader(path).entries].map(([name, { shape }]) => `${name} [${shape.join(",")}]`).sort();

describe("trained models on disk", () => {
  for (const [name, { kind, tied, model: make = tinyRoberta }] of Object.entries(CASES)) {
    it(`give the same logits when they are read back (${name})`, () => {
      const directory = join(folder, name);
      const { head: headName, labelWordIds, sequences, logits } = json(name, "expected.json") as unknown as SavedModel;
      const head =
        headName === "classifier"
          ? classifierHead
          : headName === "tanh classifier"
            ? tanhClassifierHead
            : labelWordHead(labelWordIds, { tied });
      const model =
        kind === "model"
          ? withSavedClassifier(directory, modelFromCheckpoint(readCheckpoint(directory)))
          : loadLoraAdapter(directory, make()).model;
      // Merged factors round differently.
      assertAllclose(predictLogits(model, head, sequences), logits, { absolute: name === "merged" ? 1e-5 : 1e-7 });
    });
  }

  it("have their tokenizer's files", () => {
    assert.equal(loadTokenizer(join(folder, "whole")).maskId, tinyRoberta().config.vocabSize - 1);
    assert.deepEqual(
      readFileSync(join(folder, "whole", "tokenizer_config.json")),
      readFileSync(fixturePath("tiny-roberta", "tokenizer_config.json")),
    );
    assert.throws(
      () => copyTokenizer(join(folder, "nowhere"), folder),
      /nowhere, whose tokenizer was to be copied, does not exist/,
    );
  });

  it("say in their config whether the decoder is tied", () => {
    assert.equal(json("tied", "config.json").tie_word_embeddings, true);
    assert.equal(json("whole", "config.json").tie_word_embeddings, false);
  });

  it("lose an earlier classifier that they have not", () => {
    const directory = join(folder, "again");
    cpSync(join(folder, "classifier"), directory, { recursive: true });
    assert.ok(existsSync(join(directory, "classifier.safetensors")));
    saveModel(directory, tinyRoberta());
    assert.ok(!existsSync(join(directory, "classifier.safetensors")));
  });
});

describe("LoRA adapters", () => {
  const oracle = readJson<{ sequences: Prompt[]; labelWordIds: number[] }>("tiny-roberta", "oracle.json");
  const logitsWith = (directory: string): Float32Array => {
    const { model, dispose } = loadLoraAdapter(directory, base);
    const logits = predictLogits(model, labelWordHead(oracle.labelWordIds), oracle.sequences);
    dispose();
    return logits;
  };
  const base = tinyRoberta();
  const { logits } = readJson<{ logits: number[] }>("peft", "logits.json");

  it("that PEFT wrote are read, with PyTorch's logits", () => {
    const tensors = tf.memory().numTensors;
    assertAllclose(logitsWith(fixturePath("peft")), logits, { absolute: 1e-5 });
    assert.equal(tf.memory().numTensors, tensors);
  });

  it("are written as PEFT writes them: the same names and shapes, the same numbers", () => {
    const { model } = loadLoraAdapter(fixturePath("peft"), base);
    const directory = join(folder, "rewritten");
    saveLoraAdapter(directory, model, { baseModel: "tiny-roberta", trained: ["lm_head.bias"] });
    assert.deepEqual(
      stored(join(directory, "adapter_model.safetensors")),
      stored(fixturePath("peft", "adapter_model.safetensors")),
    );
    assertAllclose(logitsWith(directory), logits, { absolute: 1e-5 });
    const ours = json("rewritten", "adapter_config.json");
    const theirs = readJson<Record<string, unknown>>("peft", "adapter_config.json");
    for (const field of Object.keys(ours)) {
      // Theirs names ends, ours whole layers: PEFT takes both.
      if (field !== "target_modules") assert.deepEqual(ours[field], theirs[field], field);
    }
  });

  it("hold nothing but factors and head", () => {
    const model = withLora(base, { rank: 2, alpha: 2, seed: 1 });
    assert.throws(() => saveLoraAdapter(join(folder, "x"), base, { baseModel: "x" }), /no LoRA factors to save/);
    const trained = ["roberta.encoder.layer.0.output.dense.bias"];
    assert.throws(
      () => saveLoraAdapter(join(folder, "x"), model, { baseModel: "x", trained }),
      /output.dense.bias was trained too.*saveModel/,
    );
  });

  it("that do not fit are refused by name", () => {
    const broken = (change: object): string => {
      const directory = join(folder, "broken");
      cpSync(fixturePath("peft"), directory, { recursive: true });
      const config = readJson<object>("peft", "adapter_config.json");
      writeFileSync(join(directory, "adapter_config.json"), JSON.stringify({ ...config, ...change }));
      return directory;
    };
    assert.throws(
      () => loadLoraAdapter(join(folder, "whole"), base),
      /whole is not a LoRA adapter in PEFT's layout: it has no adapter_config.json/,
    );
    assert.throws(() => loadLoraAdapter(broken({ use_dora: true }), base), /adapter_config.json: use_dora/);
    assert.throws(
      () => loadLoraAdapter(broken({ r: 3 }), base),
      /lora_A.weight has shape \[2, 32\], but with the base model and r = 3 it has \[3, 32\]/,
    );
    assert.throws(() => loadLoraAdapter(broken({ peft_type: "IA3" }), base), /peft_type/);
  });
});
