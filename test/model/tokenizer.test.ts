import { test } from "node:test";
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadTokenizer, type Tokenizer } from "../../src/model/tokenizer";
import { parseCsv, parseTsv } from "../../src/files/delimited";
import { encodePrompt, labelWordIds } from "../../src/tasks/prompt";
import { taskByName } from "../../src/tasks/task";

const fixtures = join(__dirname, "../../../test/fixtures");
const shared = join(__dirname, "../../../../shared");
const robertaFolder = join(shared, "tokenizer/roberta");
const skip = existsSync(robertaFolder) && existsSync(join(shared, "data")) ? false : "../shared is not there";
let loaded: Tokenizer | undefined;
const roberta = (): Tokenizer => (loaded ??= loadTokenizer(robertaFolder));
const folder = mkdtempSync(join(tmpdir(), "tokenizer-"));
test.after(() => rmSync(folder, { recursive: true, force: true }));

interface OddText {
  text: string;
  ids: number[];
}
interface Source {
  path: string;
  columns: number[];
  header: boolean;
  count: number;
  digests: string;
}
interface Prompts extends Source {
  template: string;
  maxLength: number;
  firstSentenceLimit: number | null;
  otherSentenceLimit: number | null;
  first: { ids: number[]; maskPosition: number };
}
interface RobertaOracle {
  labelWords: Record<string, number[]>;
  odd: OddText[];
  sources: Source[];
  prompts: Prompts[];
}

const read = <T>(name: string): T => JSON.parse(readFileSync(join(fixtures, "tokenizer", name), "utf8")) as T;
const tinyOracle = read<Record<"odd" | "decoded" | "asText" | "bertAsText", OddText[]>>("tiny.json");
const robertaOracle = read<RobertaOracle>("roberta.json");
const digest = (ids: number[]): string => createHash("sha256").update(ids.join(" ")).digest("hex").slice(0, 6);

function readRows({ path, columns, header }: Source): string[][] {
  const text = readFileSync(join(shared, "data", path), "utf8").replace(/^\ufeff/, "");
  const rows = path.endsWith(".csv") ? parseCsv(text) : parseTsv(text);
  return rows.slice(header ? 1 : 0).map(({ cells }) => columns.map((column) => cells[column]));
}

/** Fails with the first few texts whose digest is another. */
function checkDigests(source: Source, texts: string[], idsOf: (index: number) => number[]): void {
  assert.equal(texts.length, source.count, source.path);
  const wrong = texts.filter((_, i) => digest(idsOf(i)) !== source.digests.slice(6 * i, 6 * i + 6));
  assert.deepEqual(wrong.slice(0, 3), [], `${wrong.length} of ${texts.length} in ${source.path}`);
}

test("odd texts, small vocabulary without all bytes: ids of Hugging Face's tokenizers", () => {
  const tokenizer = loadTokenizer(join(fixtures, "tiny-roberta"));
  for (const { text, ids } of tinyOracle.odd) assert.deepEqual(tokenizer.encode(text), ids, JSON.stringify(text));
  assert.ok(tinyOracle.odd.length > 40);
});

test("what users write has no special tokens: ids of Hugging Face's tokenizers with encode_special_tokens", () => {
  for (const [folder, oracle] of [
    ["tiny-roberta", tinyOracle.asText],
    ["tiny-bert", tinyOracle.bertAsText],
  ] as const) {
    const tokenizer = loadTokenizer(join(fixtures, folder));
    for (const { text, ids } of oracle)
      assert.deepEqual(tokenizer.encodeText(text), ids, `${folder}: ${JSON.stringify(text)}`);
    assert.ok(oracle.length > 50);
    const special = [tokenizer.maskId, tokenizer.sepId, tokenizer.clsId, tokenizer.padId];
    const text = `${special.map((id) => tokenizer.idToToken(id)).join(" ")} great`;
    assert.ok(special.every((id) => tokenizer.encode(text).includes(id)));
    assert.ok(!special.some((id) => tokenizer.encodeText(text).includes(id)));
  }
});

test("decodes as Hugging Face's tokenizers do, special tokens and spaces kept", () => {
  const tokenizer = loadTokenizer(join(fixtures, "tiny-roberta"));
  for (const { text, ids } of tinyOracle.decoded) assert.equal(tokenizer.decode(ids), text);
});

test("special tokens, single tokens and the size of the vocabulary", () => {
  const tokenizer = loadTokenizer(join(fixtures, "tiny-roberta"));
  const { clsId, padId, sepId, maskId, vocabSize } = tokenizer;
  assert.deepEqual(
    { clsId, padId, sepId, maskId, vocabSize },
    { clsId: 0, padId: 1, sepId: 2, maskId: 119, vocabSize: 120 },
  );
  assert.equal(tokenizer.tokenToId("Ġgreat"), 86);
  assert.equal(tokenizer.idToToken(86), "Ġgreat");
  assert.equal(tokenizer.tokenToId(" great"), undefined);
  assert.equal(tokenizer.idToToken(120), undefined);
  assert.deepEqual(labelWordIds(taskByName("sst-2"), tokenizer), [98, 86]);
});

test("a missing, malformed or foreign tokenizer file is named", () => {
  assert.throws(
    () => loadTokenizer(folder),
    /there is no tokenizer: .*tokenizer\.json does not exist, nor vocab\.json/,
  );
  const path = join(folder, "tokenizer.json");
  writeFileSync(path, "{");
  assert.throws(() => loadTokenizer(folder), /tokenizer\.json is not valid JSON/);
  for (const content of ["null", "[]", "{}", '{"model":{}}', '{"added_tokens":[],"model":null}']) {
    writeFileSync(path, content);
    assert.throws(() => loadTokenizer(folder), /tokenizer\.json is not a tokenizer we can read/, content);
  }
  const tiny = JSON.parse(readFileSync(join(fixtures, "tiny-roberta/tokenizer.json"), "utf8")) as {
    added_tokens: { content: string }[];
  };
  tiny.added_tokens = tiny.added_tokens.filter(({ content }) => content !== "<mask>");
  writeFileSync(path, JSON.stringify(tiny));
  assert.throws(() => loadTokenizer(folder), /the vocabulary has no token <mask> or \[MASK\]/);
});

test("RoBERTa's tokenizer on real sentences, odd texts and label words", { skip }, () => {
  const tokenizer = roberta();
  for (const { text, ids } of robertaOracle.odd) assert.deepEqual(tokenizer.encode(text), ids, JSON.stringify(text));
  let total = 0;
  for (const source of robertaOracle.sources) {
    const sentences = readRows(source).flat();
    checkDigests(source, sentences, (i) => tokenizer.encode(sentences[i]));
    total += sentences.length;
  }
  assert.ok(total >= 2000, `${total} sentences`);
  for (const [word, ids] of Object.entries(robertaOracle.labelWords)) {
    assert.deepEqual(labelWordIds({ name: "made", labels: ["0"], labelWords: [word] }, tokenizer), ids, word);
  }
});

test("RoBERTa's decoder gives every real sentence back", { skip }, () => {
  const tokenizer = roberta();
  for (const text of readRows(robertaOracle.sources[2]).flat())
    assert.equal(tokenizer.decode(tokenizer.encode(text)), text);
});

for (const [index, oracle] of robertaOracle.prompts.entries()) {
  test(`whole prompts of ${oracle.path} (${index}): ${oracle.template}`, { skip }, () => {
    const tokenizer = roberta();
    const task = {
      name: "made",
      template: oracle.template,
      maxLength: oracle.maxLength,
      firstSentenceLimit: oracle.firstSentenceLimit ?? undefined,
      otherSentenceLimit: oracle.otherSentenceLimit ?? undefined,
    };
    const rows = readRows(oracle);
    const prompts = rows.map((texts) => encodePrompt({ texts, label: 0 }, task, tokenizer));
    assert.deepEqual(prompts[0], oracle.first);
    checkDigests(
      oracle,
      rows.map((texts) => texts.join(" / ")),
      (i) => [prompts[i].maskPosition, ...prompts[i].ids],
    );
    if (index === 0) assert.equal(task.template, taskByName("sst-2").template);
  });
}
