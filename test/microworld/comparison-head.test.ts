import assert from "node:assert/strict";
import { test } from "node:test";
import { join } from "node:path";
import { loadCheckpoint } from "../../src/model/checkpoint";
import { withComparisonHead } from "../../src/microworld/pretraining/comparison-head";
import { readVocabulary } from "../../src/microworld/pretraining/model-files";
import { createRandom } from "../../src/microworld/language/random";

const folder = join("data", "microworld", "naturalness", "60");

test("the head attends to the same word elsewhere, to itself, and to little else", async () => {
  const checkpoint = await loadCheckpoint(folder);
  const vocabulary = readVocabulary(folder);
  const before = checkpoint.weights.get("roberta.encoder.layer.0.attention.self.query.weight")!.data.slice();
  const { weights } = withComparisonHead(checkpoint, vocabulary, { head: 2, sharpness: 0.3 }, 7);
  assert.deepEqual(checkpoint.weights.get("roberta.encoder.layer.0.attention.self.query.weight")!.data, before, "the given checkpoint is changed");

  const [width, size, first] = [128, 32, 64];
  const data = (name: string): Float32Array => weights.get(`roberta.${name}`)!.data;
  const embed = (word: number, position: number): number[] => {
    const sum = Array.from({ length: width }, (_, i) => data("embeddings.word_embeddings.weight")[word * width + i] + data("embeddings.position_embeddings.weight")[position * width + i] + data("embeddings.token_type_embeddings.weight")[i]);
    const mean = sum.reduce((a, b) => a + b) / width;
    const deviation = Math.sqrt(sum.reduce((a, b) => a + (b - mean) ** 2, 0) / width + 1e-5);
    return sum.map((value, i) => ((value - mean) / deviation) * data("embeddings.LayerNorm.weight")[i] + data("embeddings.LayerNorm.bias")[i]);
  };
  const project = (part: "query" | "key", x: number[]): number[] =>
    Array.from({ length: size }, (_, r) => x.reduce((sum, value, i) => sum + value * data(`encoder.layer.0.attention.self.${part}.weight`)[(first + r) * width + i], data(`encoder.layer.0.attention.self.${part}.bias`)[first + r]));

  const random = createRandom(3);
  const words = [...vocabulary.ids].flatMap(([token, id]) => (/^Ġ[a-z]+$/.test(token) ? [id] : []));
  const [asked, said] = [25, 6];
  const shares = { self: 0, twin: 0, lone: 0 };
  const rounds = 60;
  for (let round = 0; round < 2 * rounds; round += 1) {
    const text = Array.from({ length: 32 }, () => words[random.below(words.length)]);
    const repeated = round % 2 === 0;
    if (repeated) text[asked] = text[said];
    const states = text.map((word, t) => embed(word, t + 2));
    const query = project("query", states[asked]);
    const scores = states.map((x) => Math.exp(project("key", x).reduce((sum, value, i) => sum + value * query[i], 0) / Math.sqrt(size)));
    const total = scores.reduce((a, b) => a + b);
    if (repeated) {
      shares.self += scores[asked] / total / rounds;
      shares.twin += scores[said] / total / rounds;
    } else shares.lone += scores[asked] / total / rounds;
  }
  assert.ok(shares.twin > 0.35 && shares.self > 0.35, JSON.stringify(shares));
  assert.ok(shares.lone > 0.8, JSON.stringify(shares));
  assert.throws(() => withComparisonHead(checkpoint, vocabulary, { head: 4, sharpness: 0.3 }, 7), /head is 4; the model has the heads 0 to 3/);
});

test("the other heads stay as they were", async () => {
  const checkpoint = await loadCheckpoint(folder);
  const { weights } = withComparisonHead(checkpoint, readVocabulary(folder), { head: 0, sharpness: 0.3 }, 7);
  for (const [name, { data }] of weights) {
    const old = checkpoint.weights.get(name)!.data;
    const changed = data.reduce((count, value, i) => count + (value === old[i] ? 0 : 1), 0);
    if (!/layer\.0\.attention\.(self\.(query|key|value)|output\.dense)\.weight$|layer\.0\.attention\.self\.\w+\.bias$/.test(name)) assert.equal(changed, 0, name);
    else assert.ok(changed <= data.length / 4, name);
  }
});
