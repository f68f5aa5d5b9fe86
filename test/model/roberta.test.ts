import { it } from "node:test";
import { tf } from "../../src/model/backend";
import { collate, collatePacked } from "../../src/model/batch";
import { classifierHead, labelWordHead, vocabularyHead, withClassifier } from "../../src/model/head";
import { predictLogits } from "../../src/model/predict";
import { encoderForward } from "../../src/model/encoder";
import { assertAllclose } from "../support/allclose";
import { onEveryBackend } from "../support/backends";
import { readJson, tinyRoberta, tinyRobertaTied, type Prompt } from "../support/tiny-roberta";
import assert from "node:assert/strict";

/** No sequence is padded. */
const ONE_BY_ONE = { examples: 1, tokens: Infinity };

interface Oracle {
  vocabulary: number;
  sequences: Prompt[];
  padded64: number[];
  tied64: number[];
}

onEveryBackend("RoBERTa's logits at the mask", () => {
  const oracle = readJson<Oracle>("tiny-roberta", "oracle.json");
  const vocabulary = Array.from({ length: oracle.vocabulary }, (_, i) => i);

  // float32 with about 10 layers of operations on values of order 1: differences of about 1e-6.
  it("equal transformers' in a padded batch", () => {
    const logits = predictLogits(tinyRoberta(), labelWordHead(vocabulary), oracle.sequences);
    assertAllclose(logits, oracle.padded64, { absolute: 1e-5 });
  });

  it("equal transformers' one by one, without padding", () => {
    const logits = predictLogits(tinyRoberta(), labelWordHead(vocabulary), oracle.sequences, ONE_BY_ONE);
    assertAllclose(logits, oracle.padded64, { absolute: 1e-5 });
  });

  it("equal transformers' with the decoder tied to the word embeddings", () => {
    const logits = predictLogits(tinyRobertaTied(), labelWordHead(vocabulary, { tied: true }), oracle.sequences);
    assertAllclose(logits, oracle.tied64, { absolute: 1e-5 });
  });

  it("equal transformers' when several texts are packed into one row", () => {
    const model = tinyRobertaTied();
    const texts = oracle.sequences.slice(0, 3);
    const starts = [0, texts[0].ids.length, texts[0].ids.length + texts[1].ids.length];
    const reads = texts.map(({ maskPosition }, i) => starts[i] + maskPosition);
    const row = { ids: texts.flatMap(({ ids }) => ids), starts };
    const batch = collatePacked(
      [row, { ids: texts[1].ids, starts: [0] }],
      model.config,
      { length: row.ids.length + 5, reads: 4 },
      [reads, [texts[1].maskPosition]],
    );
    const { hidden } = encoderForward(model, batch);
    const { logits } = vocabularyHead.forward(model, hidden);
    const values = Array.from(logits.dataSync());
    const size = oracle.vocabulary;
    const alone = predictLogits(model, vocabularyHead, texts, ONE_BY_ONE);
    texts.forEach((_, i) =>
      assertAllclose(
        values.slice(i * size, (i + 1) * size),
        alone.slice(i * size, (i + 1) * size),
        { absolute: 1e-5 },
        `text ${i}`,
      ),
    );
    assertAllclose(values.slice(4 * size, 5 * size), alone.slice(size, 2 * size), { absolute: 1e-5 }, "second row");
  });

  it("give a zero row for a position that is not read", () => {
    const model = tinyRoberta();
    const batch = collate(oracle.sequences.slice(0, 1), model.config, [[0, -1]]);
    const { hidden } = encoderForward(model, batch);
    assert.deepEqual(hidden.shape, [1, 2, model.config.hiddenSize]);
  });

  it("depend on the seed of a new classifier, and on nothing else", () => {
    const model = tinyRoberta();
    const logits = (seed: number): Float32Array =>
      predictLogits(withClassifier(model, 2, seed), classifierHead, oracle.sequences);
    assertAllclose(logits(1), logits(1), {});
    assert.notDeepEqual(logits(1), logits(2));
    assert.equal(tf.tensor(logits(1)).size, 2 * oracle.sequences.length);
  });
});
