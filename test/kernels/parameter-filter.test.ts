import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { PARAMETER_GROUPS, selectParameters, type ParameterFilter } from "../../src/kernels/parameter-filter";
import { loraNames } from "../../src/model/affine";
import { parseModelConfig, parameterShapes } from "../../src/model/model-config";

const sizes = { vocab_size: 20, hidden_size: 8, num_hidden_layers: 12, num_attention_heads: 2, intermediate_size: 16 };
const roberta = [...parameterShapes(parseModelConfig({ model_type: "roberta", ...sizes }, "test")).keys()];
const lora = ["query", "value"].flatMap((part) =>
  Object.values(loraNames(`roberta.encoder.layer.3.attention.self.${part}`)),
);
const names = [...roberta, "classifier.weight", "classifier.bias", ...lora];

const taken = (filter: ParameterFilter): string[] => [...selectParameters(names, filter)];
const where = (test: (name: string) => boolean): string[] => names.filter(test);

describe("selectParameters", () => {
  it("takes everything without a filter, in the model's order", () => {
    assert.deepEqual(taken([]), names);
  });

  it('embeddings: what the authors\' exclude_embeddings names, every name with "embed"', () => {
    assert.equal(taken(["embeddings"]).length, 5);
    assert.deepEqual(
      taken(["embeddings"]),
      where((name) => name.includes("embed")),
    );
    assert.deepEqual(
      taken(["!embeddings"]),
      where((name) => !name.includes("embed")),
    );
  });

  it('head: every name with "head", as in the authors\' exclude_head, and a classifier, which that test on names misses', () => {
    assert.deepEqual(
      taken(["head"]),
      where((name) => name.includes("head") || name.startsWith("classifier.")),
    );
    assert.deepEqual(
      taken(["!head"]),
      where((name) => !name.includes("head") && !name.startsWith("classifier.")),
    );
  });

  it("biases: what the authors' only_biases names, layer norms' too", () => {
    assert.deepEqual(
      taken(["biases"]),
      where((name) => name.includes("bias")),
    );
    assert.ok(taken(["biases"]).includes("roberta.embeddings.LayerNorm.bias"));
  });

  it("lora: the factors alone; with the head, what the authors train with LoRA", () => {
    assert.deepEqual(taken(["lora"]), lora);
    assert.deepEqual(
      taken(["lora", "head"]),
      where((name) => !name.startsWith("roberta") || name.includes("lora")),
    );
  });

  it("patterns: * is anything, ? one character, a dot a dot, and the whole name must fit", () => {
    assert.deepEqual(
      taken(["*.layer.1.*"]),
      where((name) => name.includes(".layer.1.")),
    );
    assert.deepEqual(
      taken(["*.layer.1?.*"]),
      where((name) => /\.layer\.1[01]\./.test(name)),
    );
    assert.deepEqual(taken(["lm_head.bias"]), ["lm_head.bias"]);
    assert.deepEqual(
      taken(["lm_head.*"]),
      where((name) => name.startsWith("lm_head.")),
    );
    assert.throws(() => taken(["lm_head"]), /"lm_head" fits no parameter/);
    assert.throws(() => taken(["lm_head?dense"]), /"lm_head\?dense" fits no parameter/);
    assert.throws(() => taken(["lm.head.*"]), /"lm\.head\.\*" fits no parameter/);
  });

  it("several parts take what any of them takes; ! leaves out whatever takes it, in any order", () => {
    const expected = where(
      (name) => (name.includes(".layer.11.") || /^(lm_head|classifier)\./.test(name)) && !name.endsWith(".bias"),
    );
    assert.deepEqual(taken(["*.layer.11.*", "head", "!biases"]), expected);
    assert.deepEqual(taken(["!biases", "head", "*.layer.11.*"]), expected);
    assert.deepEqual(
      taken(["!embeddings", "!head", "!lora"]),
      where((name) => name.startsWith("roberta.encoder.") && !name.includes("lora")),
    );
  });

  it("names a pattern that fits nothing, with the groups and some of the model's names", () => {
    for (const filter of [["*.layer.12.*"], ["head", "*.layer.12.*"], ["!*.layer.12.*"]]) {
      assert.throws(
        () => taken(filter),
        (error: Error) => {
          assert.match(error.message, /"\*\.layer\.12\.\*" fits no parameter/);
          for (const group of Object.keys(PARAMETER_GROUPS)) assert.ok(error.message.includes(group), group);
          assert.ok(error.message.includes(names[0]));
          return true;
        },
      );
    }
    assert.throws(() => selectParameters(roberta, ["lora"]), /"lora" fits no parameter/);
    assert.throws(() => taken([""]), /"" fits no parameter/);
    assert.throws(() => taken(["toString"]), /"toString" fits no parameter/);
  });

  it("refuses a filter that leaves nothing", () => {
    assert.throws(() => taken(["biases", "!*"]), /\["biases","!\*"\] leaves no parameter/);
    assert.throws(() => taken(["lora", "!lora"]), /leaves no parameter/);
  });
});
