import { test } from "node:test";
import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync, existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadCheckpoint, readCheckpoint, saveCheckpoint } from "../../src/model/checkpoint";
import {
  readSafetensors,
  readSafetensorsHeader,
  writeSafetensors,
  type StoredTensor,
} from "../../src/files/safetensors";
import { fixturePath } from "../support/tiny-roberta";
import { modelFromCheckpoint, parameterCount } from "../../src/model/model";
import { changedModel, type ModelChange } from "../support/changed-model";

const fixtures = join(__dirname, "../../../test/fixtures");
const untied = join(fixtures, "tiny-roberta");
const tied = join(fixtures, "tiny-roberta-tied");
const folder = mkdtempSync(join(tmpdir(), "checkpoint-"));
test.after(() => rmSync(folder, { recursive: true, force: true }));

const EMBEDDINGS = "roberta.embeddings.word_embeddings.weight";
const DECODER = "lm_head.decoder.weight";

/** A copy of the small model with its tensors and config changed. */
const changed = (change: ModelChange, source = untied): string => changedModel(source, folder, change);

const renamed = (tensors: Map<string, StoredTensor>, rename: (name: string) => string): void => {
  const entries = [...tensors];
  tensors.clear();
  for (const [name, tensor] of entries) tensors.set(rename(name), tensor);
};

const floats = (tensor: StoredTensor | undefined) => (tensor as StoredTensor).data as Float32Array;

test("loads the small model: config, every weight, its own decoder", async () => {
  const { config, weights, directory, hash } = await loadCheckpoint(untied);
  assert.equal(directory, untied);
  assert.match(hash, /^[0-9a-f]{64}$/);
  const { raw, ...fields } = config;
  assert.deepEqual(fields, {
    modelType: "roberta",
    vocabSize: 120,
    hiddenSize: 32,
    layers: 2,
    heads: 4,
    intermediateSize: 64,
    maxPositions: 40,
    typeVocabSize: 1,
    layerNormEps: 1e-5,
    padTokenId: 1,
    hiddenAct: "gelu",
    tieWordEmbeddings: false,
    hiddenDropout: 0.1,
    attentionDropout: 0.1,
  });
  assert.equal(raw.model_type, "roberta");
  const stored = readSafetensors(join(untied, "model.safetensors")).tensors;
  stored.delete("lm_head.decoder.bias");
  assert.deepEqual([...weights.keys()].sort(), [...stored.keys()].sort());
  for (const [name, { shape, data }] of weights) {
    assert.deepEqual(shape, stored.get(name)?.shape, name);
    assert.deepEqual(data, stored.get(name)?.data, name);
  }
  assert.notDeepEqual(weights.get(DECODER)?.data, weights.get(EMBEDDINGS)?.data);
});

test("a decoder that is not stored is a copy of the word embeddings, not the same array", () => {
  const { weights, config } = readCheckpoint(tied);
  assert.equal(config.tieWordEmbeddings, true);
  assert.deepEqual(weights.get(DECODER), weights.get(EMBEDDINGS));
  assert.notEqual(weights.get(DECODER)?.data.buffer, weights.get(EMBEDDINGS)?.data.buffer);
});

test("the hash sees weights and sizes, not file names, extra tensors or remarks in the config", () => {
  const reference = readCheckpoint(untied).hash;
  const extra = changed((tensors, config) => {
    config.transformers_version = "0";
    tensors.set("roberta.pooler.dense.weight", { dtype: "F32", shape: [32, 32], data: new Float32Array(1024) });
    tensors.set("roberta.embeddings.position_ids", { dtype: "I64", shape: [1, 40], data: new BigInt64Array(40) });
  });
  assert.equal(readCheckpoint(extra).hash, reference);
  assert.notEqual(
    readCheckpoint(changed((tensors) => (floats(tensors.get("lm_head.dense.bias"))[3] += 1e-6))).hash,
    reference,
  );
  assert.notEqual(readCheckpoint(changed((_, config) => (config.layer_norm_eps = 1e-6))).hash, reference);
  assert.notEqual(readCheckpoint(changed((_, config) => (config.num_attention_heads = 2))).hash, reference);
});

test("the roberta prefix may be absent, and LayerNorm may say gamma and beta", () => {
  const other = changed((tensors) =>
    renamed(tensors, (name) =>
      name
        .replace(/^roberta\./, "")
        .replace("LayerNorm.weight", "LayerNorm.gamma")
        .replace("LayerNorm.bias", "LayerNorm.beta"),
    ),
  );
  assert.equal(readCheckpoint(other).hash, readCheckpoint(untied).hash);
});

test("the decoder's bias and lm_head.bias are one parameter, under either name", () => {
  const bias = floats(readSafetensors(join(untied, "model.safetensors")).tensors.get("lm_head.bias"));
  const only = changed((tensors) => tensors.delete("lm_head.bias"));
  assert.deepEqual(readCheckpoint(only).weights.get("lm_head.bias")?.data, bias);
  assert.ok(!readCheckpoint(only).weights.has("lm_head.decoder.bias"));
  // What transformers adds to the logits is the decoder's.
  const both = changed((tensors) => floats(tensors.get("lm_head.bias")).fill(7));
  assert.deepEqual(readCheckpoint(both).weights.get("lm_head.bias")?.data, bias);
});

test("float16 and bfloat16 weights become float32", () => {
  const half = changed((tensors, config) => {
    config.torch_dtype = "float16";
    tensors.set("lm_head.dense.bias", { dtype: "F16", shape: [32], data: new Uint16Array(32).fill(0x3555) });
    tensors.set("lm_head.layer_norm.bias", { dtype: "BF16", shape: [32], data: new Uint16Array(32).fill(0xbeab) });
  });
  const { weights } = readCheckpoint(half);
  assert.equal(weights.get("lm_head.dense.bias")?.data[31], 0.333251953125);
  assert.equal(weights.get("lm_head.layer_norm.bias")?.data[0], -0.333984375);
  const target = mkdtempSync(join(folder, "saved-"));
  saveCheckpoint(target, readCheckpoint(half));
  assert.equal(JSON.parse(readFileSync(join(target, "config.json"), "utf8")).torch_dtype, "float32");
});

test("reads a model in shards", () => {
  const target = mkdtempSync(join(folder, "shards-"));
  cpSync(join(untied, "config.json"), join(target, "config.json"));
  const { tensors } = readSafetensors(join(untied, "model.safetensors"));
  const names = [...tensors.keys()];
  const weightMap: Record<string, string> = {};
  for (const part of [0, 1]) {
    const file = `model-0000${part + 1}-of-00002.safetensors`;
    const own = names.filter((_, i) => i % 2 === part);
    for (const name of own) weightMap[name] = file;
    writeSafetensors(join(target, file), new Map(own.map((name) => [name, tensors.get(name) as StoredTensor])));
  }
  const index = join(target, "model.safetensors.index.json");
  writeFileSync(index, JSON.stringify({ metadata: { total_size: 1 }, weight_map: weightMap }));
  assert.equal(readCheckpoint(target).hash, readCheckpoint(untied).hash);

  writeFileSync(
    index,
    JSON.stringify({
      weight_map: {
        ...weightMap,
        "lm_head.bias":
          weightMap[EMBEDDINGS] === "model-00001-of-00002.safetensors"
            ? "model-00002-of-00002.safetensors"
            : "model-00001-of-00002.safetensors",
        extra: "model-00001-of-00002.safetensors",
      },
    }),
  );
  assert.throws(
    () => readCheckpoint(target),
    /index\.json places \S+ in model-0000\d-of-00002\.safetensors, which does not have it/,
  );
  writeFileSync(index, JSON.stringify({ weight_map: { w: "../outside.safetensors" } }));
  assert.throws(() => readCheckpoint(target), /weight_map of w is "\.\.\/outside\.safetensors"/);
  writeFileSync(index, JSON.stringify({ weight_map: { w: "absent.safetensors" } }));
  assert.throws(() => readCheckpoint(target), /names absent\.safetensors, which is not in the folder/);
  writeFileSync(index, "{}");
  assert.throws(() => readCheckpoint(target), /has no weight_map/);
});

test("what is saved loads as the same model", () => {
  for (const source of [untied, tied]) {
    const checkpoint = readCheckpoint(source);
    const target = join(mkdtempSync(join(folder, "saved-")), "deep", "model");
    saveCheckpoint(target, checkpoint);
    const again = readCheckpoint(target);
    assert.equal(again.hash, checkpoint.hash);
    assert.equal(again.config.tieWordEmbeddings, checkpoint.config.tieWordEmbeddings);
    assert.ok(readFileSync(join(target, "model.safetensors")).equals(readFileSync(join(source, "model.safetensors"))));
    assert.equal(existsSync(join(target, "tokenizer.json")), existsSync(join(source, "tokenizer.json")));
  }
});

test("a tied model whose decoder went its own way is saved with it, and says so", () => {
  const checkpoint = readCheckpoint(tied);
  (checkpoint.weights.get(DECODER)?.data as Float32Array)[5] += 1;
  const target = mkdtempSync(join(folder, "saved-"));
  saveCheckpoint(target, checkpoint);
  assert.equal(readCheckpoint(target).config.tieWordEmbeddings, false);
  assert.deepEqual(readCheckpoint(target).weights.get(DECODER), checkpoint.weights.get(DECODER));
  const names = readSafetensorsHeader(join(target, "model.safetensors")).entries;
  assert.ok(names.has("lm_head.decoder.bias"));
});

test("an incomplete or damaged model is not saved", () => {
  const { config, weights } = readCheckpoint(untied);
  const target = join(folder, "not-saved");
  const without = new Map([...weights].filter(([name]) => name !== "lm_head.dense.bias"));
  assert.throws(
    () => saveCheckpoint(target, { config, weights: without }),
    /parameter lm_head\.dense\.bias is missing/,
  );
  const damaged = new Map(weights).set("lm_head.dense.bias", { shape: [32], data: new Float32Array(32).fill(NaN) });
  assert.throws(() => saveCheckpoint(target, { config, weights: damaged }), /lm_head\.dense\.bias has NaN/);
  assert.ok(!existsSync(target));
});

const refusals: [what: string, directory: () => string, message: RegExp][] = [
  [
    "a folder without config.json",
    () => mkdtempSync(join(folder, "none-")),
    /is not a model folder: it has no config\.json/,
  ],
  [
    "a missing parameter",
    () => changed((tensors) => tensors.delete("roberta.encoder.layer.1.output.dense.bias")),
    /no parameter roberta\.encoder\.layer\.1\.output\.dense\.bias, which its config/,
  ],
  [
    "another shape",
    () => changed((_, config) => (config.intermediate_size = 65)),
    /model\.safetensors: tensor roberta\.encoder\.layer\.0\.intermediate\.dense\.weight has shape \[64, 32\], but by the config it has \[65, 32\]/,
  ],
  [
    "another number of axes",
    () =>
      changed((tensors) =>
        tensors
          .set("lm_head.bias", { ...(tensors.get("lm_head.bias") as StoredTensor), shape: [120, 1] })
          .delete("lm_head.decoder.bias"),
      ),
    /lm_head\.bias has shape \[120, 1\]/,
  ],
  [
    "NaN",
    () => changed((tensors) => (floats(tensors.get(EMBEDDINGS))[40] = NaN)),
    /word_embeddings\.weight has NaN at element 40/,
  ],
  [
    "infinity",
    () => changed((tensors) => (floats(tensors.get("lm_head.dense.weight"))[1023] = -Infinity)),
    /lm_head\.dense\.weight has -Infinity at element 1023/,
  ],
  [
    "whole-number weights",
    () =>
      changed((tensors) => tensors.set("lm_head.dense.bias", { dtype: "I32", shape: [32], data: new Int32Array(32) })),
    /lm_head\.dense\.bias: a I32 tensor is not floating-point/,
  ],
  [
    "another architecture",
    () => changed((_, config) => (config.model_type = "albert")),
    /config\.json: model_type "albert" is not supported: only roberta, bert, /,
  ],
  ["a missing size", () => changed((_, config) => delete config.hidden_size), /config\.json: hidden_size is missing/],
  [
    "a size that is text",
    () => changed((_, config) => (config.vocab_size = "120")),
    /vocab_size is "120", not a positive whole number/,
  ],
  [
    "heads that do not divide the width",
    () => changed((_, config) => (config.num_attention_heads = 5)),
    /hidden_size 32 is not a multiple of num_attention_heads 5/,
  ],
  [
    "relative positions",
    () => changed((_, config) => (config.position_embedding_type = "relative_key")),
    /position_embedding_type "relative_key" is not supported/,
  ],
  [
    "another activation",
    () => changed((_, config) => (config.hidden_act = "gelu_new")),
    /config\.json: hidden_act "gelu_new" is not supported, only "gelu"/,
  ],
  ["a decoder", () => changed((_, config) => (config.is_decoder = true)), /is_decoder is true/],
  ["no room for positions", () => changed((_, config) => (config.max_position_embeddings = 2)), /leaves no position/],
];
for (const [what, directory, message] of refusals) {
  test(`refuses ${what}`, async () => assert.rejects(loadCheckpoint(directory()), message));
}

test("reads pytorch_model.bin, as torch.save writes a state_dict, and takes model.safetensors where there are both", () => {
  const target = mkdtempSync(join(folder, "torch-"));
  for (const name of ["config.json", "tokenizer.json"]) cpSync(join(untied, name), join(target, name));
  cpSync(fixturePath("torch", "state-dict.bin"), join(target, "pytorch_model.bin"));
  const [expected, found] = [readCheckpoint(untied), readCheckpoint(target)];
  assert.equal(found.hash, expected.hash);
  assert.deepEqual(found.weights, expected.weights);
  cpSync(join(untied, "model.safetensors"), join(target, "model.safetensors"));
  writeFileSync(join(target, "pytorch_model.bin"), "damaged");
  assert.equal(readCheckpoint(target).hash, expected.hash);
});

test("reads the shards of pytorch_model.bin by their index", () => {
  const target = mkdtempSync(join(folder, "shards-"));
  cpSync(join(untied, "config.json"), join(target, "config.json"));
  const shards = ["pytorch_model-00001-of-00002.bin", "pytorch_model-00002-of-00002.bin"];
  for (const name of shards) cpSync(fixturePath("torch", "state-dict.bin"), join(target, name));
  const expected = readCheckpoint(untied);
  const index = (of: (name: string, place: number) => string): void => {
    const names = [...readSafetensorsHeader(join(untied, "model.safetensors")).entries.keys()];
    const map = Object.fromEntries(names.map((name, place) => [name, of(name, place)]));
    writeFileSync(join(target, "pytorch_model.bin.index.json"), JSON.stringify({ weight_map: map }));
  };
  index((_, place) => shards[place % 2]);
  assert.equal(readCheckpoint(target).hash, expected.hash);
  index(() => "other.bin");
  assert.throws(() => readCheckpoint(target), /names other\.bin, which is not in the folder/);
  for (const outside of ["../pytorch_model.bin", "model.safetensors", "C:\\x.bin"]) {
    index(() => outside);
    assert.throws(() => readCheckpoint(target), /index\.json: weight_map of .* not the name of a \.bin file/);
  }
});

test("refuses a config that is not JSON, a folder without weights, and a pytorch_model.bin that is no model", () => {
  const target = mkdtempSync(join(folder, "bad-"));
  writeFileSync(join(target, "config.json"), "{,");
  assert.throws(() => readCheckpoint(target), /config\.json is not valid JSON/);
  cpSync(join(untied, "config.json"), join(target, "config.json"));
  assert.throws(
    () => readCheckpoint(target),
    /has no weights: it has none of model\.safetensors, .*pytorch_model\.bin\.index\.json/,
  );
  writeFileSync(join(target, "pytorch_model.bin.index.json"), "{}");
  assert.throws(() => readCheckpoint(target), /pytorch_model\.bin\.index\.json has no weight_map/);
  cpSync(fixturePath("torch", "list-labels.pt"), join(target, "pytorch_model.bin"));
  assert.throws(() => readCheckpoint(target), /pytorch_model\.bin has no tensors by name: it is not the state_dict/);
  writeFileSync(join(target, "pytorch_model.bin"), "");
  assert.throws(() => readCheckpoint(target), /pytorch_model\.bin/);
});

test("parameters are counted as transformers counts them, a tied decoder once", async () => {
  const counts = await Promise.all(
    [untied, tied].map(async (path) => parameterCount(modelFromCheckpoint(await loadCheckpoint(path)))),
  );
  // RobertaForMaskedLM.from_pretrained(…).num_parameters(), which counts an untied decoder's 120 biases twice: 27,504 and 23,544.
  assert.deepEqual(counts, [27504 - 120, 23544]);
});
