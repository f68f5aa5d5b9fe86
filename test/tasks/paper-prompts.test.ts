import { describe, test } from "node:test";
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { loadTokenizer, type Tokenizer } from "../../src/model/tokenizer";
import { encodePrompt, labelWordIds, type EncodedPrompt } from "../../src/tasks/prompt";
import { taskByName, taskNames, type Example, type Task } from "../../src/tasks/task";
import { readSplit } from "../../src/tasks/split";
import { root } from "../support/checkout";
import { readJson } from "../support/tiny-roberta";

interface Oracle {
  task: string;
  labelWordIds: number[];
  file: string;
  rows: { label: number; prompt: EncodedPrompt | null }[];
  real: { path: string; count: number; blocks: string }[];
}
const oracles = readJson<Oracle[]>("tasks", "prompts.json");

const shared = join(root, "..", "shared");
const robertaFolder = join(shared, "tokenizer", "roberta");
const noTokenizer = existsSync(robertaFolder) ? false : "../shared/tokenizer is not there";
const noData = noTokenizer === false && existsSync(join(shared, "data")) ? false : "../shared is not there";
let loaded: Tokenizer | undefined;
const roberta = (): Tokenizer => (loaded ??= loadTokenizer(robertaFolder));

const folder = mkdtempSync(join(tmpdir(), "prompts-"));
test.after(() => rmSync(folder, { recursive: true, force: true }));

/** The prompt, or null where the mask is cut off. */
function promptOf(example: Example, task: Task): EncodedPrompt | null {
  try {
    return encodePrompt(example, task, roberta());
  } catch (error) {
    assert.match((error as Error).message, /the mask is at token \d+ of the prompt, beyond the longest length/);
    return null;
  }
}

/** What the oracle script hashes of a row. */
function lineOf(example: Example, task: Task): string {
  const prompt = promptOf(example, task);
  return prompt === null ? `${example.label} cut off` : [example.label, prompt.maskPosition, ...prompt.ids].join(" ");
}

const BLOCK = 100;
const digest = (lines: string[]): string => createHash("sha256").update(lines.join("\n")).digest("hex").slice(0, 12);

function readReal(path: string, task: Task): Example[] {
  const name = path.slice(path.lastIndexOf("/") + 1).replace(/\.[a-z]+$/, "");
  return readSplit(dirname(join(shared, "data", path)), "train", { ...task, files: { train: name } });
}

test("the oracle has all fourteen tasks", () => {
  assert.deepEqual(
    oracles.map(({ task }) => task),
    taskNames,
  );
});

for (const { task: name, labelWordIds: words, file, rows, real } of oracles) {
  describe(`prompts of ${name}`, () => {
    const task = taskByName(name);

    test("label words and invented rows: ids of Hugging Face's tokenizers", { skip: noTokenizer }, () => {
      assert.deepEqual(labelWordIds(task, roberta()), words);
      mkdirSync(join(folder, name));
      writeFileSync(join(folder, name, `${task.files?.dev ?? "dev"}.${task.format}`), file);
      const examples = readSplit(join(folder, name), "dev", task);
      assert.equal(examples.length, rows.length);
      examples.forEach((example, i) => {
        assert.deepEqual(
          { label: example.label, prompt: promptOf(example, task) },
          rows[i],
          JSON.stringify(example.texts),
        );
      });
      assert.ok(rows.length >= 20);
    });

    for (const { path, count, blocks } of real) {
      test(`${path}: ${count} real rows`, { skip: noData }, () => {
        const lines = readReal(path, task).map((example) => lineOf(example, task));
        assert.equal(lines.length, count);
        const wrong = Array.from({ length: Math.ceil(count / BLOCK) }, (_, i) => i).filter(
          (i) => digest(lines.slice(i * BLOCK, (i + 1) * BLOCK)) !== blocks.slice(12 * i, 12 * i + 12),
        );
        assert.deepEqual(
          wrong.map((i) => `rows ${i * BLOCK + 1} to ${Math.min((i + 1) * BLOCK, count)}`),
          [],
        );
      });
    }
  });
}
