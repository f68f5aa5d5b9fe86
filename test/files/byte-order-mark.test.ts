import { test } from "node:test";
import assert from "node:assert/strict";
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { prepareNotebook } from "../../environment/tools/report/execute-notebook";
import { readJson } from "../../src/files/json";
import { readCheckpoint } from "../../src/model/checkpoint";
import { loadTokenizer } from "../../src/model/tokenizer";
import { encodeDocuments } from "../../src/pretraining/documents";
import { root, temporaryFolder } from "../support/checkout";

const tiny = join(__dirname, "../../../test/fixtures/tiny-roberta");
const MARK = "\ufeff";
const addMark = (path: string): void => writeFileSync(path, MARK + readFileSync(path, "utf8"));

test("a byte-order mark before JSON, and before the files of a model, changes nothing", (t) => {
  const file = join(temporaryFolder(t), "some.json");
  writeFileSync(file, `${MARK}{"a": "${MARK}b"}`);
  assert.deepEqual(readJson(file), { a: `${MARK}b` });
  const folder = temporaryFolder(t);
  cpSync(tiny, folder, { recursive: true });
  for (const name of ["config.json", "tokenizer.json"]) addMark(join(folder, name));
  assert.equal(readCheckpoint(folder).hash, readCheckpoint(tiny).hash);
  assert.deepEqual(loadTokenizer(folder).encode(" great"), loadTokenizer(tiny).encode(" great"));
});

test("a byte-order mark before a vocabulary belongs to no token", (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, "vocab.txt"), `${MARK}[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\ngreat\n`);
  const { padId, encode } = loadTokenizer(folder);
  assert.deepEqual([padId, ...encode("great")], [0, 5]);
});

test("a byte-order mark before a text to train on, or a notebook, changes nothing", async (t) => {
  const folder = temporaryFolder(t);
  const [plain, marked] = ["plain.txt", "marked.txt"].map((name) => join(folder, name));
  for (const file of [plain, marked]) writeFileSync(file, "a great text\n");
  addMark(marked);
  const tokenizer = loadTokenizer(tiny);
  assert.deepEqual(encodeDocuments([marked], tokenizer).ids, encodeDocuments([plain], tokenizer).ids);
  const notebook = join(folder, "some.ipynb");
  cpSync(join(root, "notebooks", "00-start-here.ipynb"), notebook);
  addMark(notebook);
  assert.ok(prepareNotebook({ file: notebook }).parameters.length > 0);
});
