import { test } from "node:test";
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { charsmap } from "../../src/model/charsmap";
import { loadTokenizer, type Tokenizer } from "../../src/model/tokenizer";
import { fixturePath, readJson } from "../support/tiny-roberta";

const folder = mkdtempSync(join(tmpdir(), "tokenizer-files-"));
test.after(() => rmSync(folder, { recursive: true, force: true }));

interface OddText {
  text: string;
  ids: number[];
}

/** A new folder with files. */
function folderWith(files: Record<string, string | object | undefined>): string {
  const path = mkdtempSync(join(folder, "model-"));
  for (const [name, content] of Object.entries(files))
    if (content !== undefined)
      writeFileSync(join(path, name), typeof content === "string" ? content : JSON.stringify(content));
  return path;
}

/** The older files of a small model's tokenizer, as make_tokenizer_oracle.py writes them. */
function olderFiles(source: string): Record<string, string | object> {
  const { model, added_tokens: added } = readJson<{
    model: { vocab: Record<string, number>; merges?: [string, string][] };
    added_tokens: { content: string; id: number }[];
  }>(source, "tokenizer.json");
  for (const { content, id } of added) model.vocab[content] = id;
  const tokens = Object.keys(model.vocab).sort((a, b) => model.vocab[a] - model.vocab[b]);
  return model.merges === undefined
    ? { "vocab.txt": tokens.map((token) => `${token}\n`).join("") }
    : {
        "vocab.json": model.vocab,
        "merges.txt": `#version: 0.2\n${model.merges.map((pair) => `${pair.join(" ")}\n`).join("")}`,
      };
}

function checkIds(tokenizer: Tokenizer, texts: OddText[]): void {
  for (const { text, ids } of texts) assert.deepEqual(tokenizer.encode(text), ids, JSON.stringify(text));
  assert.ok(texts.length > 40);
}

interface OlderCase {
  source: string;
  settings: object;
  added: string[];
  odd: OddText[];
}

for (const { source, settings, added, odd } of readJson<{ cases: OlderCase[] }>("tokenizer", "older.json").cases) {
  test(`older files of ${source}, ${JSON.stringify(settings)}, added ${added.length}: transformers' ids of odd texts`, () => {
    const files = olderFiles(source);
    const { vocabSize } = loadTokenizer(folderWith(files));
    const path = folderWith({
      ...files,
      "tokenizer_config.json": settings,
      "added_tokens.json":
        added.length > 0 ? Object.fromEntries(added.map((token, i) => [token, vocabSize + i])) : undefined,
    });
    checkIds(loadTokenizer(path), odd);
  });
}

test("older files give what tokenizer.json gives, special tokens in texts and Windows's line ends included", () => {
  const oracle = readJson<Record<"odd" | "asText" | "bertAsText", OddText[]>>("tokenizer", "tiny.json");
  const roberta = loadTokenizer(folderWith(olderFiles("tiny-roberta")));
  checkIds(roberta, oracle.odd);
  checkIds({ ...roberta, encode: roberta.encodeText }, oracle.asText);
  const files = olderFiles("tiny-bert");
  for (const ending of ["\n", "\r\n"]) {
    const bert = loadTokenizer(folderWith({ "vocab.txt": String(files["vocab.txt"]).replaceAll("\n", ending) }));
    checkIds({ ...bert, encode: bert.encodeText }, oracle.bertAsText);
    const { clsId, sepId, maskId, padId, unkId } = loadTokenizer(fixturePath("tiny-bert"));
    assert.deepEqual(
      [bert.clsId, bert.sepId, bert.maskId, bert.padId, bert.unkId],
      [clsId, sepId, maskId, padId, unkId],
    );
  }
});

test("tokens that tokenizer_config.json lists are found with the settings that it gives them", () => {
  const files = olderFiles("tiny-bert");
  const size = String(files["vocab.txt"]).split("\n").length - 1;
  const tokenizer = loadTokenizer(
    folderWith({
      ...files,
      "tokenizer_config.json": {
        added_tokens_decoder: {
          [size]: { content: "[NEW]", lstrip: true, rstrip: false, normalized: false, special: true },
        },
      },
    }),
  );
  assert.deepEqual(tokenizer.encode("great  [NEW]"), [...tokenizer.encode("great"), size]);
  assert.ok(!tokenizer.encodeText("great [NEW]").includes(size));
});

test("RoBERTa's vocab.json and merges.txt give the ids of its tokenizer.json", { skip: !existsSync(shared()) }, () => {
  const path = mkdtempSync(join(folder, "roberta-"));
  for (const name of ["vocab.json", "merges.txt"]) copyFileSync(join(shared(), name), join(path, name));
  const { odd, labelWords } = readJson<{ odd: OddText[]; labelWords: Record<string, number[]> }>(
    "tokenizer",
    "roberta.json",
  );
  const tokenizer = loadTokenizer(path);
  checkIds(tokenizer, odd);
  for (const [word, ids] of Object.entries(labelWords)) assert.deepEqual(tokenizer.encode(` ${word}`), ids);
});

/** RoBERTa's own tokenizer, where it lies beside the checkout. */
function shared(): string {
  return join(__dirname, "../../../../shared/tokenizer/roberta");
}

test("what is missing or malformed in older files is named", () => {
  const files = olderFiles("tiny-roberta");
  const load = (changed: Record<string, string | object | undefined>) => () =>
    loadTokenizer(folderWith({ ...files, ...changed }));
  assert.throws(load({ "merges.txt": undefined }), /tokenizer\.json does not exist, nor vocab\.json with merges\.txt/);
  assert.throws(load({ "vocab.json": "{" }), /vocab\.json is not valid JSON/);
  for (const vocabulary of ["[]", '{"a": "b"}', "null"])
    assert.throws(
      load({ "vocab.json": vocabulary }),
      /vocab\.json( is not a vocabulary|: the vocabulary has no token)/,
    );
  assert.throws(load({ "tokenizer_config.json": "[]" }), /tokenizer_config\.json is not a JSON object/);
  assert.throws(load({ "bpe.codes": "x" }), /bpe\.codes is not read\. Convert it with Python: .*save_pretrained/);
  assert.throws(() => loadTokenizer(folderWith({ "vocab.txt": "a\nb\n" })), /vocab\.txt: the vocabulary has no token/);
});

// ---- unigrams ----

interface UnigramOracle {
  published: OddText[];
  later: OddText[];
  laterLayout: { normalizer: { normalizers: unknown[] }; pre_tokenizer: object };
  decoded: OddText[];
}

const unigram = JSON.parse(
  gunzipSync(readFileSync(fixturePath("tokenizer", "unigram", "tokenizer.json.gz"))).toString("utf8"),
) as { normalizer: { precompiled_charsmap: string }; model: { vocab: [string, number][] } };
const unigramOracle = readJson<UnigramOracle>("tokenizer", "unigram", "oracle.json");

test("SentencePiece's unigrams: ids of Hugging Face's tokenizers, as published and as later converters write it", () => {
  const published = loadTokenizer(folderWith({ "tokenizer.json": unigram }));
  checkIds(published, unigramOracle.published);
  const { normalizer, pre_tokenizer } = unigramOracle.laterLayout;
  normalizer.normalizers[0] = unigram.normalizer;
  const later = loadTokenizer(folderWith({ "tokenizer.json": { ...unigram, normalizer, pre_tokenizer } }));
  checkIds(later, unigramOracle.later);
  for (const { ids, text } of unigramOracle.decoded) assert.equal(later.decode(ids), text);
  assert.deepEqual([later.clsId, later.padId, later.sepId, later.unkId, later.maskId], [0, 1, 2, 3, 78]);
});

test("no text reaches a special token of a unigram vocabulary, which has them among its pieces", () => {
  const tokenizer = loadTokenizer(folderWith({ "tokenizer.json": unigram }));
  const special = [tokenizer.clsId, tokenizer.padId, tokenizer.sepId, tokenizer.maskId];
  for (const text of ["<mask>", "great <mask> film</s>", "<s><pad>"]) {
    assert.ok(
      tokenizer.encode(text).some((id) => special.includes(id)),
      text,
    );
    assert.ok(!tokenizer.encodeText(text).some((id) => special.includes(id)), text);
  }
  // Where there is none, both are the same.
  assert.deepEqual(tokenizer.encodeText("great film"), tokenizer.encode("great film"));
});

test("a damaged charsmap is refused or ends, whatever its bytes", () => {
  for (const damaged of [
    "",
    "AAAA",
    Buffer.alloc(4).toString("base64"),
    Buffer.from([9, 0, 0, 0, 1]).toString("base64"),
  ])
    assert.throws(() => charsmap(damaged), /precompiled_charsmap is damaged/);
  const bytes = Buffer.from(unigram.normalizer.precompiled_charsmap, "base64");
  for (let round = 0; round < 20; round++) {
    const hash = createHash("sha256").update(String(round)).digest();
    const broken = Buffer.from(bytes);
    for (let i = 0; i < 32; i++) broken[4 + ((hash[i] * 7919 + i * 104729) % (broken.length - 4))] = hash[31 - i];
    assert.equal(typeof charsmap(broken.toString("base64"))("ﬁne ① a\u0301 film"), "string");
  }
});
