import { test } from "node:test";
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { kShotSplit, readOriginal, type KShotOptions } from "../../src/tasks/k-shot";
import { numpyRandom, shuffle } from "../../src/tasks/numpy-random";
import { readSplit } from "../../src/tasks/split";
import { taskByName, type Task } from "../../src/tasks/task";
import { rowsOf } from "../support/split-rows";
import { root } from "../support/checkout";
import { readJson } from "../support/tiny-roberta";

type Digests = Record<string, string>;
const oracle = readJson<{
  invented: {
    task: string;
    originals: Record<string, string>;
    splits: { k: number; seed: number; cap: number; files: Digests }[];
  }[];
  real: { task: string; k: number; seed: number; files: Digests }[];
}>("tasks", "splits.json");

const folder = mkdtempSync(join(tmpdir(), "k-shot-"));
test.after(() => rmSync(folder, { recursive: true, force: true }));

function withFiles(files: Record<string, string | Uint8Array>): string {
  const directory = mkdtempSync(join(folder, "data-"));
  for (const [name, content] of Object.entries(files)) writeFileSync(join(directory, name), content);
  return directory;
}

const digest = (bytes: Buffer, kind = "sha256"): string => createHash(kind).update(bytes).digest("hex");
const digests = (files: Map<string, Buffer>): Digests =>
  Object.fromEntries([...files].map(([name, bytes]) => [name, digest(bytes)]));
const texts = (files: Map<string, Buffer>): Record<string, string> =>
  Object.fromEntries([...files].map(([name, bytes]) => [name, bytes.toString()]));
const split = (files: Record<string, string | Uint8Array>, task: Task, options: KShotOptions) =>
  kShotSplit(readOriginal(withFiles(files), task), task, options);

for (const { task: name, originals, splits } of oracle.invented) {
  test(`invented ${name}: bytes of the generator, with the cap and without`, () => {
    const task = taskByName(name);
    const original = readOriginal(withFiles(originals), task);
    for (const { k, seed, cap, files } of splits) {
      assert.deepEqual(
        digests(kShotSplit(original, task, { k, seed, testExamples: cap }).files),
        files,
        `k ${k}, seed ${seed}, cap ${cap}`,
      );
    }
  });
}

// A label in a middle column, which no task of the paper has.
const threeColumns: Task = {
  ...taskByName("sst-2"),
  name: "made",
  columns: { texts: [0], label: 1 },
  originalTests: ["test"],
};
const rows = (count: number): string =>
  Array.from({ length: count }, (_, i) => `text ${i}\t${i % 2}\tid ${i}\n`).join("");

test("grouped by label in order of first appearance; dev goes on where train ends", () => {
  const { files, shortages } = split(
    { "train.tsv": `a\tb\tc\n${rows(12)}`, "test.tsv": `a\tb\tc\n${rows(3)}` },
    threeColumns,
    { k: 2, seed: 13 },
  );
  // The shuffle itself is checked in numpy-random.test.ts.
  const order = readOrder(12, 13);
  const odd = order.filter((i) => i % 2 === 1);
  const even = order.filter((i) => i % 2 === 0);
  const [first, second] = order[0] % 2 === 1 ? [odd, even] : [even, odd];
  const lines = (numbers: number[]): string =>
    `a\tb\tc\n${numbers.map((i) => `text ${i}\t${i % 2}\tid ${i}\n`).join("")}`;
  assert.deepEqual(texts(files), {
    "train.tsv": lines([...first.slice(0, 2), ...second.slice(0, 2)]),
    "dev.tsv": lines([...first.slice(2, 4), ...second.slice(2, 4)]),
    "test.tsv": lines([0, 1, 2]),
  });
  assert.deepEqual(shortages, []);
});

/** The order of a shuffle, read off a split with one label and k = all. */
function readOrder(count: number, seed: number): number[] {
  const one: Task = { ...threeColumns, labels: ["x"] };
  const content = `a\tb\tc\n${Array.from({ length: count }, (_, i) => `${i}\tx\t-\n`).join("")}`;
  const { files } = split({ "train.tsv": content, "test.tsv": content }, one, { k: count, seed });
  const { "train.tsv": train } = texts(files);
  return train
    .trim()
    .split("\n")
    .slice(1)
    .map((line) => Number.parseInt(line, 10));
}

test("a label with fewer than 2k examples gets what there is, and is named", () => {
  const content = "text\tlabel\na\t0\nb\t1\nc\t1\nd\t1\ne\t1\nf\t0\ng\t0\n";
  const { files, shortages } = split({ "train.tsv": content, "dev.tsv": content }, taskByName("sst-2"), {
    k: 2,
    seed: 1,
  });
  assert.deepEqual(shortages, [{ label: "0", train: 2, dev: 1 }]);
  assert.equal(texts(files)["dev.tsv"].split("\n").length, 1 + 3 + 1);
  assert.throws(
    () => split({ "train.tsv": "text\tlabel\na\t0\n", "dev.tsv": content }, taskByName("sst-2"), { k: 1, seed: 1 }),
    /train\.tsv has 0 of 1 examples of label 1 \(task sst-2\)/,
  );
});

test("every end of line becomes \\n; a last line without one gets it where another line follows", () => {
  const content = "text\tlabel\r\na\t0\rb\t1\r\nc\t0\nd\t1";
  const { files } = split({ "train.tsv": content, "dev.tsv": content }, taskByName("sst-2"), { k: 2, seed: 3 });
  assert.equal(texts(files)["test.tsv"], "text\tlabel\na\t0\nb\t1\nc\t0\nd\t1");
  const train = texts(files)["train.tsv"];
  assert.deepEqual(train.trimEnd().split("\n").sort(), ["a\t0", "b\t1", "c\t0", "d\t1", "text\tlabel"]);
});

test("a byte-order mark stays in a header and is dropped where there is none", () => {
  const content = "\ufefftext\tlabel\na\t0\nb\t1\n";
  const sst2 = taskByName("sst-2");
  assert.ok(
    texts(split({ "train.tsv": content, "dev.tsv": content }, sst2, { k: 1, seed: 1 }).files)["train.tsv"].startsWith(
      "\ufefftext\tlabel\n",
    ),
  );
  const bare = texts(
    split(
      { "train.tsv": "\ufeffa\t0\nb\t1\n", "dev.tsv": "\ufeffa\t0\n" },
      { ...sst2, header: false },
      { k: 1, seed: 1 },
    ).files,
  );
  assert.deepEqual(
    Object.values(bare).filter((text) => text.includes("\ufeff")),
    [],
  );
});

test("short QQP rows make labels of their own, as the generator has it, and are skipped when read", () => {
  const qqp = taskByName("qqp");
  const head = "id\tqid1\tqid2\tquestion1\tquestion2\tis_duplicate\n";
  const { files } = split(
    {
      "train.tsv": `${head}1\t1\t2\tA?\tB?\t0\n2\t1\t2\tC?\n3\t1\t2\tD?\tE?\t1\n`,
      "dev.tsv": `${head}1\t1\t2\tF?\tG?\t0\n`,
    },
    qqp,
    { k: 1, seed: 0 },
  );
  assert.equal(texts(files)["train.tsv"].trimEnd().split("\n").length, 4);
  const directory = withFiles(texts(files));
  assert.deepEqual(
    readSplit(directory, "train", qqp)
      .map(({ texts: [first] }) => first)
      .sort(),
    ["A?", "D?"],
  );
});

test("a label is what Python's strip() leaves of the line's end", () => {
  const content = "text\tlabel\na\t0 \nb\t1\u00a0\x1f\n";
  const { files } = split({ "train.tsv": content, "dev.tsv": content }, taskByName("sst-2"), { k: 1, seed: 1 });
  assert.ok(texts(files)["train.tsv"].includes("b\t1\u00a0\x1f\n"));
  assert.throws(
    () =>
      split({ "train.tsv": "text\tlabel\na\t0\ufeff\n", "dev.tsv": content }, taskByName("sst-2"), { k: 1, seed: 1 }),
    /label "0\ufeff" is not one of/,
  );
});

test("missing texts of CSV are written empty, but a label may be called NA", () => {
  const task: Task = { ...taskByName("mr"), labels: ["NA", "some"] };
  const content = 'NA,null\nsome,"a, b"\n';
  const { files } = split({ "train.csv": content, "test.csv": content }, task, { k: 1, seed: 0 });
  assert.equal(texts(files)["test.csv"], 'NA,\nsome,"a, b"\n');
  const own = { ...task, missingValues: undefined };
  const kept = split({ "train.csv": content, "test.csv": content }, own, { k: 1, seed: 0 });
  assert.equal(texts(kept.files)["test.csv"], content, "a task of one's own keeps them");
  const directory = withFiles(texts(files));
  assert.deepEqual(rowsOf(directory, "test", task), [
    { texts: [""], label: 0 },
    { texts: ["a, b"], label: 1 },
  ]);
});

test("MNLI's mismatched half is taken along where it is there", () => {
  const mnli = oracle.invented.find(({ task }) => task === "MNLI")!.originals;
  const { "dev_mismatched.tsv": _, ...matchedOnly } = mnli;
  const names = (files: Record<string, string>): string[] =>
    [...split(files, taskByName("mnli"), { k: 1, seed: 1 }).files.keys()].sort();
  assert.deepEqual(names(mnli), ["dev_matched.tsv", "test_matched.tsv", "test_mismatched.tsv", "train.tsv"]);
  assert.deepEqual(names(matchedOnly), ["dev_matched.tsv", "test_matched.tsv", "train.tsv"]);
});

const refusals: [what: string, files: Record<string, string | Uint8Array>, task: string, message: RegExp][] = [
  ["no train file", { "dev.tsv": "x" }, "sst-2", /has no train\.tsv, which task sst-2 is read from/],
  ["no test file", { "train.tsv": "text\tlabel\na\t0\n" }, "sst-2", /has no dev\.tsv/],
  ["tsv where csv is expected", { "train.tsv": "x" }, "mr", /has no train\.csv, which task mr/],
  [
    "an unknown label",
    { "train.tsv": "text\tlabel\na\t0\nb\t2\n", "dev.tsv": "text\tlabel\na\t0\n" },
    "sst-2",
    /train\.tsv, row 3: label "2" is not one of 0, 1 \(task sst-2\)/,
  ],
  [
    "a missing label",
    { "train.csv": "0,a\n,b\n", "test.csv": "0,a\n" },
    "mr",
    /train\.csv, row 2: label "" is not one of 0, 1/,
  ],
  [
    "only a header",
    { "train.tsv": "text\tlabel\n", "dev.tsv": "text\tlabel\na\t0\n" },
    "sst-2",
    /train\.tsv has no examples/,
  ],
  [
    "what is not utf-8 (tsv)",
    { "train.tsv": Uint8Array.of(0x61, 10, 0xff, 9, 0x30, 10), "dev.tsv": "text\tlabel\na\t0\n" },
    "sst-2",
    /train\.tsv, line 2 is not utf-8/,
  ],
  [
    "what is not utf-8 (csv)",
    { "train.csv": Uint8Array.of(0x30, 0x2c, 0xff, 10), "test.csv": "0,a\n" },
    "mr",
    /train\.csv is not utf-8/,
  ],
  [
    "an open quote",
    { "train.csv": '0,a\n1,"b\n', "test.csv": "0,a\n" },
    "mr",
    /train\.csv, line 2: a quoted cell is not closed/,
  ],
];
for (const [what, files, name, message] of refusals) {
  test(`refuses ${what}`, () => assert.throws(() => readOriginal(withFiles(files), taskByName(name)), message));
}

// The real data sets, which are not part of the project.
const shared = join(root, "..", "shared");
const skip = existsSync(join(shared, "data", "original")) ? false : "../shared/data/original is not there";
const originals = new Map<string, ReturnType<typeof readOriginal>>();
const originalOf = (name: string): ReturnType<typeof readOriginal> => {
  const known = originals.get(name) ?? readOriginal(join(shared, "data", "original", name), taskByName(name));
  originals.set(name, known);
  return known;
};

test("real data: the paper's splits for k = 16, 64 and 512", { skip }, () => {
  for (const { task, k, seed, files } of oracle.real) {
    assert.deepEqual(
      digests(kShotSplit(originalOf(task), taskByName(task), { k, seed }).files),
      files,
      `${task} ${k}-${seed}`,
    );
  }
  assert.equal(oracle.real.length, 48);
});

test("real data: LM-BFF's published checksums of 16 shots", { skip }, () => {
  const checksums = published();
  let checked = 0;
  // SST-2 is GLUE's here and in the paper, another one in LM-BFF.
  for (const name of ["sst-5", "mr", "subj", "trec", "RTE"]) {
    for (const seed of [13, 21, 42, 87, 100]) {
      const { files } = kShotSplit(originalOf(name), taskByName(name), { k: 16, seed, testExamples: Infinity });
      for (const [file, bytes] of files) {
        assert.equal(digest(bytes, "md5"), checksums.get(`${name}/16-${seed}/${file}`), `${name} ${seed} ${file}`);
        checked++;
      }
    }
  }
  assert.equal(checked, 75);
});

const published = (): Map<string, string> =>
  new Map(
    readFileSync(join(shared, "facts", "lm-bff-k16-md5.txt"), "utf8")
      .trim()
      .split("\n")
      .map((line) => line.split(/\s+/).reverse() as [string, string]),
  );

const kShotFolder = join(shared, "data", "k-shot-1k-test");
test(
  "splits that others made: RTE's byte for byte; the others have every row, k examples a label and 1,000 for testing",
  { skip },
  () => {
    for (const name of readdirSync(kShotFolder)) {
      const task = taskByName(name);
      for (const setting of readdirSync(join(kShotFolder, name))) {
        const directory = join(kShotFolder, name, setting);
        for (const part of ["train", "dev"] as const) {
          const counts = task.labels.map(
            (_, label) => readSplit(directory, part, task).filter((example) => example.label === label).length,
          );
          assert.deepEqual(
            counts,
            task.labels.map(() => 16),
            `${directory} ${part}`,
          );
        }
        assert.equal(readSplit(directory, "test", task).length, name === "RTE" ? 277 : 1000, directory);
        if (name !== "RTE") continue;
        const { files } = kShotSplit(originalOf(name), task, { k: 16, seed: Number(setting.split("-")[1]) });
        for (const [file, bytes] of files)
          assert.ok(bytes.equals(readFileSync(join(directory, file))), `${directory} ${file}`);
      }
    }
  },
);

/** Lines of a file with their ends: the header, and the rest. */
function linesOf(path: string): { header: Buffer; rows: Buffer[] } {
  const [header, ...rows] = readFileSync(path, "utf8")
    .match(/[^\n]*\n/g)!
    .map((line) => Buffer.from(line));
  return { header, rows };
}

// Rows in GLUE's training files; in these three data sets a row's first cell is its place in the file.
const sizes: [name: string, train: number, test: number][] = [
  ["MNLI", 392702, 9815],
  ["QNLI", 104743, 5463],
  ["SNLI", 549367, 9842],
];
for (const [name, trainRows, testRowCount] of sizes) {
  test(`${name}: others' splits come back byte for byte from the places of their rows`, { skip }, () => {
    const task = taskByName(name);
    const checksums = published();
    const [devName, testName] = [task.files?.dev ?? "dev", task.files?.test ?? "test"];
    for (const seed of [13, 21, 42]) {
      const directory = join(kShotFolder, name, `16-${seed}`);
      const known = {
        train: linesOf(join(directory, "train.tsv")),
        dev: linesOf(join(directory, `${devName}.tsv`)),
        test: linesOf(join(directory, `${testName}.tsv`)),
      };
      const placeOf = (row: Buffer): number => Number.parseInt(row.toString(), 10);
      const labelOf = (row: Buffer): string => row.toString().trim().split("\t").at(-1)!;

      // Rows that are in no file of the split are unknown. They can only have the label whose 32 rows are found first:
      // a row of another label would have been taken. A different shuffle would take unknown rows, or others.
      const order = Uint32Array.from({ length: trainRows }, (_, i) => i);
      shuffle(order, numpyRandom(seed));
      const rank = new Map([...order.subarray(0, 1000)].map((place, i) => [place, i]));
      const lastRank = new Map<string, number>();
      for (const row of known.dev.rows) lastRank.set(labelOf(row), rank.get(placeOf(row)) ?? NaN);
      const [firstFull] = [...lastRank].sort(([, a], [, b]) => a - b)[0];

      const unknown = Buffer.from("unknown\n");
      const rows = Array<Buffer>(trainRows).fill(unknown);
      const labels = Array<string>(trainRows).fill(firstFull);
      for (const row of [...known.train.rows, ...known.dev.rows])
        [rows[placeOf(row)], labels[placeOf(row)]] = [row, labelOf(row)];
      const testRows = Array<Buffer>(testRowCount).fill(unknown);
      for (const row of known.test.rows) testRows[placeOf(row)] = row;

      const train = { path: "train.tsv", header: known.train.header, rows, labels };
      const table = { path: "dev.tsv", header: known.test.header, rows: testRows };
      const { files } = kShotSplit({ train, tests: [{ name: testName, table }] }, task, { k: 16, seed });
      assert.deepEqual([...files.keys()].sort(), [`${devName}.tsv`, `${testName}.tsv`, "train.tsv"].sort());
      for (const [file, bytes] of files) {
        assert.ok(bytes.equals(readFileSync(join(directory, file))), `${directory} ${file}`);
        // The published test files are longer: they have no cap.
        if (!file.startsWith("test"))
          assert.equal(digest(bytes, "md5"), checksums.get(`${name}/16-${seed}/${file}`), `${directory} ${file}`);
      }
    }
  });
}
