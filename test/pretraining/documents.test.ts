import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { loadTokenizer, type Tokenizer } from "../../src/model/tokenizer";
import { documentCount, documentIds, encodeDocuments } from "../../src/pretraining/documents";
import { fixturePath } from "../support/tiny-roberta";

const folder = mkdtempSync(join(tmpdir(), "pretraining-documents-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const tokenizer = loadTokenizer(fixturePath("tiny-bert"));

const text = join(folder, "text");
mkdirSync(text);
writeFileSync(join(text, "reviews.txt"), "The film was great.\r\n\nIt was terrible!\n");
writeFileSync(join(text, "facts.txt"), "This is a story");
writeFileSync(join(text, "notes.md"), "not to be read\n");
const lines = ["This is a story", "The film was great.", "It was terrible!"];

/** A tokenizer that keeps what it is asked. */
function listening(): { tokenizer: Tokenizer; asked: string[] } {
  const asked: string[] = [];
  return { asked, tokenizer: { ...tokenizer, encodeText: (line) => (asked.push(line), tokenizer.encodeText(line)) } };
}

test("every line that is not empty is a document, the files of a folder in the order of their names", () => {
  const documents = encodeDocuments([text], tokenizer);
  assert.equal(documentCount(documents), 3);
  lines.forEach((line, i) => assert.deepEqual([...documentIds(documents, i)], tokenizer.encode(line), line));
  assert.deepEqual(documents.sources, [
    { name: "facts", documents: 1, tokens: tokenizer.encode(lines[0]).length },
    { name: "reviews", documents: 2, tokens: tokenizer.encode(lines[1]).length + tokenizer.encode(lines[2]).length },
  ]);
});

test("files are taken as they are named, whatever their ending", () => {
  const documents = encodeDocuments([join(text, "notes.md"), join(text, "facts.txt")], tokenizer);
  assert.deepEqual([...documentIds(documents, 0)], tokenizer.encode("not to be read"));
  assert.equal(documentCount(documents), 2);
});

test("the same text is encoded once where a folder keeps it; another text, or a damaged file, anew", () => {
  const cache = join(folder, "cache");
  const [first, second, third, fourth] = [listening(), listening(), listening(), listening()];
  const documents = encodeDocuments([text], first.tokenizer, cache);
  for (const line of lines) assert.ok(first.asked.includes(line));
  assert.deepEqual(encodeDocuments([text], second.tokenizer, cache), documents);
  assert.ok(!lines.some((line) => second.asked.includes(line)), "taken from disk");

  const other = encodeDocuments([join(text, "facts.txt")], third.tokenizer, cache);
  assert.notEqual(other.hash, documents.hash);
  assert.ok(third.asked.includes(lines[0]));

  for (const name of readdirSync(cache)) writeFileSync(join(cache, name), "damaged");
  assert.deepEqual(encodeDocuments([text], fourth.tokenizer, cache), documents);
  assert.ok(fourth.asked.includes(lines[0]));
});

test("a tokenizer with another word in its vocabulary does not get these ids", () => {
  const great = tokenizer.tokenToId("great")!;
  const renamed = { ...tokenizer, idToToken: (id: number) => (id === great ? "grand" : tokenizer.idToToken(id)) };
  assert.notEqual(encodeDocuments([text], renamed).hash, encodeDocuments([text], tokenizer).hash);
});

test("where there is no text, the path and what to give are named", () => {
  const [none, empty, blank] = [join(folder, "none"), join(folder, "empty"), join(folder, "blank.txt")];
  mkdirSync(empty);
  writeFileSync(join(empty, "readme.md"), "text\n");
  writeFileSync(blank, "\n\n  \n");
  assert.throws(() => encodeDocuments([text, none], tokenizer), {
    message: `there is no file or folder ${none}: give .txt files, or folders of them, with one document a line`,
  });
  assert.throws(() => encodeDocuments([empty], tokenizer), {
    message: `${empty} has no .txt file: give a folder of text, one document a line`,
  });
  assert.throws(() => encodeDocuments([blank], tokenizer), {
    message: `${blank}: there is no text to train on; give one document a line`,
  });
});
