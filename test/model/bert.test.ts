import assert from "node:assert/strict";
import { describe, it, test } from "node:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { tf } from "../../src/model/backend";
import { collate } from "../../src/model/batch";
import { readCheckpoint, saveCheckpoint } from "../../src/model/checkpoint";
import { classifierHead, labelWordHead, withClassifier } from "../../src/model/head";
import { layerNorm, layerNormBackward } from "../../src/model/layers";
import { withLora } from "../../src/model/lora";
import { modelFromCheckpoint } from "../../src/model/model";
import { longestText } from "../../src/model/model-config";
import { predictLogits } from "../../src/model/predict";
import { readSafetensors, readSafetensorsHeader, type StoredTensor } from "../../src/files/safetensors";
import { loadTokenizer } from "../../src/model/tokenizer";
import { encodePrompt, labelWordIds } from "../../src/tasks/prompt";
import { taskByName } from "../../src/tasks/task";
import { assertAllclose } from "../support/allclose";
import { changedModel, type ModelChange } from "../support/changed-model";
import { onEveryBackend } from "../support/backends";
import { bertOracle, tinyBert } from "../support/tiny-bert";
import { fixturePath, readJson } from "../support/tiny-roberta";

const source = fixturePath("tiny-bert");
const folder = mkdtempSync(join(tmpdir(), "bert-"));
test.after(() => rmSync(folder, { recursive: true, force: true }));

const { sequences } = bertOracle;
const vocabulary = Array.from({ length: bertOracle.vocabulary }, (_, id) => id);
const EMBEDDINGS = "bert.embeddings.word_embeddings.weight";
const DECODER = "cls.predictions.decoder.weight";
const BIAS = "cls.predictions.bias";
const DECODER_BIAS = "cls.predictions.decoder.bias";

/** A copy of the small model with its tensors and config changed. */
const changed = (change: ModelChange): string => changedModel(source, folder, change);

function rename(tensors: Map<string, StoredTensor>, nameOf: (name: string) => string): void {
  const entries = [...tensors];
  tensors.clear();
  for (const [name, tensor] of entries) tensors.set(nameOf(name), tensor);
}

const zeros = (...shape: number[]): StoredTensor => ({
  dtype: "F32",
  shape,
  data: new Float32Array(shape.reduce((a, b) => a * b)),
});

/** As the oldest published checkpoints: gamma and beta, no decoder, and heads that nobody asks for. */
const old = (): string =>
  changed((tensors, config) => {
    for (const name of [DECODER, DECODER_BIAS]) tensors.delete(name);
    rename(tensors, (name) =>
      name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta"),
    );
    tensors.set("bert.pooler.dense.weight", zeros(32, 32)).set("cls.seq_relationship.weight", zeros(2, 32));
    tensors.set("bert.embeddings.position_ids", { dtype: "I64", shape: [1, 40], data: new BigInt64Array(40) });
    for (const name of ["tie_word_embeddings", "pad_token_id", "type_vocab_size", "layer_norm_eps"])
      delete config[name];
  });

/** No sequence is padded. */
const ONE_BY_ONE = { examples: 1, tokens: Infinity };

onEveryBackend("BERT's logits at the mask", () => {
  // float32 with about 10 layers of operations on values of order 1: differences of about 1e-6.
  const TOLERANCE = { absolute: 1e-5 };

  it("equal transformers' in a padded batch", () => {
    assertAllclose(predictLogits(tinyBert(), labelWordHead(vocabulary), sequences), bertOracle.padded, TOLERANCE);
  });

  it("equal transformers' one by one, up to the last position", () => {
    assert.equal(Math.max(...sequences.map(({ ids }) => ids.length)), longestText(tinyBert().config));
    assertAllclose(
      predictLogits(tinyBert(), labelWordHead(vocabulary), sequences, ONE_BY_ONE),
      bertOracle.unpadded,
      TOLERANCE,
    );
  });

  it("equal transformers' with the decoder tied to the word embeddings", () => {
    assertAllclose(
      predictLogits(tinyBert(), labelWordHead(vocabulary, { tied: true }), sequences),
      bertOracle.tied,
      TOLERANCE,
    );
  });

  it("equal transformers' from a checkpoint under the old names, without a decoder", () => {
    const model = modelFromCheckpoint(readCheckpoint(old()));
    for (const tied of [false, true]) {
      assertAllclose(predictLogits(model, labelWordHead(vocabulary, { tied }), sequences), bertOracle.tied, TOLERANCE);
    }
  });

  it("do not change with LoRA factors that have just begun; a new classifier reads the first position", () => {
    const model = tinyBert();
    const lora = withLora(model, { rank: 2, alpha: 2, seed: 1 });
    assert.equal([...lora.parameters.keys()].filter((name) => name.includes("lora")).length, 8);
    assert.deepEqual(
      predictLogits(lora, labelWordHead(vocabulary), sequences),
      predictLogits(model, labelWordHead(vocabulary), sequences),
    );
    assert.equal(predictLogits(withClassifier(model, 3, 1), classifierHead, sequences).length, 3 * sequences.length);
  });

  it("survive a layer norm over equal values, where 1e-12 is all that is under the root", () => {
    const x = tf.fill([1, 2, 8], 0.7);
    const norm = layerNorm(x, tf.ones([8]), tf.fill([8], 0.25), 1e-12);
    // √1e-12 is 1e-6: differences of single precision's last bit, 6e-8, stay below one.
    for (const value of norm.output.dataSync()) assert.ok(Math.abs(value - 0.25) < 0.1, `${value}`);
    const delta = layerNormBackward(tf.randomNormal([1, 1, 2, 8], 0, 1, "float32", 1), tf.ones([8]), norm).dataSync();
    assert.ok(delta.every((value) => Number.isFinite(value) && Math.abs(value) < 1e7));
  });
});

describe("positions", () => {
  const positionsOf = (modelType: "bert" | "roberta", padTokenId: number): number[] => {
    const batch = collate([{ ids: [5, 6, 7], maskPosition: 1 }], { modelType, padTokenId, maxPositions: 10 });
    return [...batch.positions.dataSync()];
  };

  it("begin at 0 in BERT, whatever the padding token, and after the padding token's in RoBERTa", () => {
    assert.deepEqual(positionsOf("bert", 0), [0, 1, 2]);
    assert.deepEqual(positionsOf("bert", 4), [0, 1, 2]);
    assert.deepEqual(positionsOf("roberta", 1), [2, 3, 4]);
    assert.deepEqual(positionsOf("roberta", 0), [1, 2, 3]);
  });

  it("end with the position table: a longer text is refused", () => {
    const text = (length: number) => [{ ids: Array.from({ length }, () => 5), maskPosition: 0 }];
    const limits = { bert: 512, roberta: 510 } as const;
    for (const [modelType, padTokenId] of [
      ["bert", 0],
      ["roberta", 1],
    ] as const) {
      const config = { modelType, padTokenId, maxPositions: 512 };
      const longest = limits[modelType];
      assert.equal(collate(text(longest), config).length, longest);
      assert.throws(
        () => collate(text(longest + 1), config),
        new RegExp(
          `a text has ${longest + 1} tokens, but the model reads at most ${longest} \\(max_position_embeddings 512`,
        ),
      );
    }
  });
});

describe("a BERT checkpoint", () => {
  it("has its config, and every parameter of BertForMaskedLM under its name", () => {
    const { config, weights } = readCheckpoint(source);
    const { raw: _raw, ...fields } = config;
    assert.deepEqual(fields, {
      modelType: "bert",
      vocabSize: 112,
      hiddenSize: 32,
      layers: 2,
      heads: 4,
      intermediateSize: 64,
      maxPositions: 40,
      typeVocabSize: 2,
      layerNormEps: 1e-12,
      padTokenId: 0,
      hiddenAct: "gelu",
      tieWordEmbeddings: false,
      hiddenDropout: 0.1,
      attentionDropout: 0.1,
    });
    const stored = readSafetensors(join(source, "model.safetensors")).tensors;
    stored.delete(DECODER_BIAS);
    assert.deepEqual([...weights.keys()].sort(), [...stored.keys()].sort());
    for (const [name, { shape, data }] of weights) {
      assert.deepEqual(shape, stored.get(name)?.shape, name);
      assert.deepEqual(data, stored.get(name)?.data, name);
    }
  });

  it("under the old names is the same model, with BERT's defaults", () => {
    const { config, weights } = readCheckpoint(old());
    const { padTokenId, typeVocabSize, layerNormEps, tieWordEmbeddings } = config;
    assert.deepEqual(
      { padTokenId, typeVocabSize, layerNormEps, tieWordEmbeddings },
      { padTokenId: 0, typeVocabSize: 2, layerNormEps: 1e-12, tieWordEmbeddings: true },
    );
    assert.deepEqual(weights.get(DECODER), weights.get(EMBEDDINGS));
    for (const [name, weight] of readCheckpoint(source).weights)
      if (name !== DECODER) assert.deepEqual(weights.get(name), weight, name);
  });

  it("may have no prefix on the encoder's names, and the decoder's bias under either name", () => {
    const reference = readCheckpoint(source).hash;
    assert.equal(
      readCheckpoint(changed((tensors) => rename(tensors, (name) => name.replace(/^bert\./, "")))).hash,
      reference,
    );
    for (const name of [BIAS, DECODER_BIAS])
      assert.equal(readCheckpoint(changed((tensors) => tensors.delete(name))).hash, reference, name);
    const differ = changed((tensors) => ((tensors.get(BIAS) as StoredTensor).data as Float32Array).fill(7));
    assert.equal(readCheckpoint(differ).hash, reference);
  });

  it("is saved byte for byte as transformers saves it, tokenizer included", () => {
    const target = join(folder, "saved");
    const checkpoint = readCheckpoint(source);
    saveCheckpoint(target, checkpoint);
    for (const name of ["model.safetensors", "tokenizer.json", "tokenizer_config.json"]) {
      assert.ok(readFileSync(join(target, name)).equals(readFileSync(join(source, name))), name);
    }
    assert.deepEqual(JSON.parse(readFileSync(join(target, "config.json"), "utf8")), checkpoint.config.raw);
    assert.equal(readCheckpoint(target).hash, checkpoint.hash);
  });

  it("with a tied decoder is saved without it; one that went its own way is saved with it", () => {
    const [tied, apart] = [join(folder, "tied"), join(folder, "apart")];
    const checkpoint = readCheckpoint(old());
    saveCheckpoint(tied, checkpoint);
    const names = [...readSafetensorsHeader(join(tied, "model.safetensors")).entries.keys()];
    assert.ok(
      !names.includes(DECODER) &&
        !names.includes(DECODER_BIAS) &&
        names.includes(BIAS) &&
        names.includes("bert.embeddings.LayerNorm.weight"),
    );
    assert.equal(readCheckpoint(tied).hash, checkpoint.hash);
    assert.equal(readCheckpoint(tied).config.tieWordEmbeddings, true);
    (checkpoint.weights.get(DECODER)?.data as Float32Array)[5] += 1;
    saveCheckpoint(apart, checkpoint);
    assert.equal(readCheckpoint(apart).config.tieWordEmbeddings, false);
    assert.deepEqual(readCheckpoint(apart).weights.get(DECODER), checkpoint.weights.get(DECODER));
  });

  const refusals: [what: string, change: ModelChange, message: RegExp][] = [
    [
      "relative positions",
      (_, config) => (config.position_embedding_type = "relative_key_query"),
      /position_embedding_type "relative_key_query" is not supported/,
    ],
    ["a decoder", (_, config) => (config.is_decoder = true), /is_decoder is true/],
    ["cross-attention", (_, config) => (config.add_cross_attention = true), /add_cross_attention is true/],
    [
      "an approximate activation",
      (_, config) => (config.hidden_act = "gelu_pytorch_tanh"),
      /hidden_act "gelu_pytorch_tanh" is not supported/,
    ],
    ["ALBERT", (_, config) => (config.model_type = "albert"), /model_type "albert" is not supported/],
    [
      "a name that objects have by birth",
      (_, config) => (config.model_type = "toString"),
      /model_type "toString" is not supported/,
    ],
    [
      "RoBERTa's type on BERT's weights",
      (_, config) => (config.model_type = "roberta"),
      /no parameter roberta\.embeddings\.word_embeddings\.weight/,
    ],
    [
      "a missing parameter",
      (tensors) => tensors.delete("cls.predictions.transform.LayerNorm.bias"),
      /no parameter cls\.predictions\.transform\.LayerNorm\.bias/,
    ],
    [
      "another number of token types",
      (_, config) => (config.type_vocab_size = 3),
      /token_type_embeddings\.weight has shape \[2, 32\], but by the config it has \[3, 32\]/,
    ],
  ];
  for (const [what, change, message] of refusals)
    it(`is refused with ${what}`, () => assert.throws(() => readCheckpoint(changed(change)), message));
});

interface TokenizerOracle {
  odd: { text: string; ids: number[] }[];
  decoded: { ids: number[]; text: string }[];
  prompts: { template: string; texts: string[]; ids: number[] }[];
  labelWords: Record<string, number>;
}

describe("a WordPiece tokenizer", () => {
  const oracle = readJson<TokenizerOracle>("tiny-bert", "tokenizer-oracle.json");
  const tokenizer = loadTokenizer(source);

  it("has BERT's special tokens", () => {
    const { clsId, padId, sepId, maskId, unkId, vocabSize } = tokenizer;
    assert.deepEqual(
      { clsId, padId, sepId, maskId, unkId, vocabSize },
      { clsId: 2, padId: 0, sepId: 3, maskId: 4, unkId: 1, vocabSize: 112 },
    );
    assert.equal(tokenizer.idToToken(maskId), "[MASK]");
  });

  it("gives Hugging Face's ids for odd texts", () => {
    for (const { text, ids } of oracle.odd) assert.deepEqual(tokenizer.encode(text), ids, JSON.stringify(text));
    assert.ok(oracle.odd.length > 40);
  });

  it("decodes as Hugging Face's", () => {
    for (const { ids, text } of oracle.decoded) assert.equal(tokenizer.decode(ids), text);
  });

  it("gives the authors' prompts", () => {
    for (const { template, texts, ids } of oracle.prompts) {
      const found = encodePrompt({ texts, label: 0 }, { name: "made", template, maxLength: 128 }, tokenizer);
      assert.deepEqual(found, { ids, maskPosition: ids.indexOf(4) }, `${template} ${texts.join(" / ")}`);
    }
    assert.equal(oracle.prompts.length, 12);
  });

  it("gives the authors' label words, the word itself after a space", () => {
    for (const [word, id] of Object.entries(oracle.labelWords)) {
      assert.deepEqual(labelWordIds({ name: "made", labels: ["0"], labelWords: [word] }, tokenizer), [id], word);
    }
    assert.deepEqual(labelWordIds(taskByName("sst-2"), tokenizer), bertOracle.labelWordIds.slice(0, 2));
  });

  it("refuses a label word that is unknown, in pieces, or the same but for its case", () => {
    const words =
      (...labelWords: string[]) =>
      () =>
        labelWordIds({ name: "made", labels: labelWords, labelWords }, tokenizer);
    assert.throws(words("映画は"), /label word "映画は" is 3 tokens/);
    assert.throws(words("は"), /label word "は" is unknown to this vocabulary/);
    assert.throws(words("greatest"), /label word "greatest" is 2 tokens/);
    assert.throws(words("Great", "great"), /"Great" and "great" are the same token/);
  });
});
