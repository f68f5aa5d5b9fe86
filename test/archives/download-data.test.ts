import { afterEach, beforeEach, test, type TestContext } from "node:test";
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { agNewsCsv } from "../../src/archives/ag-news";
import { ARCHIVE_ADDRESS, downloadData, type DataDownloadOptions } from "../../src/archives/download-data";
import type { TaskSource } from "../../src/archives/install-task";
import { readOriginal } from "../../src/tasks/k-shot";
import { taskByName, taskNames } from "../../src/tasks/task";
import { fakeHub } from "../files/fake-hub";
import { fileServer, type FileServer } from "../support/file-server";
import { root } from "../support/checkout";
import { makeTar, type MadeTarEntry } from "../support/make-tar";
import { sampleArchive, sampleFile, sampleReviews } from "../support/sample-data";

const entries = sampleArchive();
const archive = makeTar(entries);
const news = {
  train: sampleFile(taskByName("ag_news"), 5, "news"),
  test: sampleFile(taskByName("ag_news"), 2, "later news"),
};

let folder = "";
let server: FileServer;
let notes: string[] = [];
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "download-data-"));
  notes = [];
  server = await fileServer({
    "/data/datasets.tar": archive,
    "/data/ag_news/train.csv": Buffer.from(news.train),
    "/data/ag_news/test.csv": Buffer.from(news.test),
  });
});
afterEach(async () => {
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});
const out = () => join(folder, "original");
const download = (names: readonly string[] = ["mr"], more: Partial<DataDownloadOptions> = {}) =>
  downloadData(names.map(taskByName), {
    out: out(),
    from: `${server.address}data/`,
    retryDelay: 1,
    note: (line) => notes.push(line),
    ...more,
  });
/** What lies in the folder, with the archive's version and the process left out of the names. */
const names = (): string[] =>
  (existsSync(out()) ? readdirSync(out()) : [])
    .map((name) => name.replace(/-[0-9a-f]{12}/, "-VERSION").replace(/\.\d+-[0-9a-f]{6}\./, ".ID."))
    .sort();
const text = (...parts: string[]): string => readFileSync(join(out(), ...parts), "utf8");
const contentOf = (name: string): string => String(entries.find((entry) => entry.name === name)?.content);
const sha256 = (bytes: Uint8Array | string): string => createHash("sha256").update(bytes).digest("hex");
/** The one message that every asked task failed with. */
async function failure(...given: Parameters<typeof download>): Promise<string> {
  const { installed, failed } = await download(...given);
  assert.deepEqual(installed, []);
  assert.ok(failed.length > 0);
  return failed[0].message;
}

test("all tasks: the archive's, with the authors' two changes, and AG News; each with its source", async () => {
  const { installed, failed } = await download(taskNames);
  assert.deepEqual(failed, []);
  assert.deepEqual(
    installed.map(({ task, reused }) => [task, reused]),
    taskNames.map((name) => [name, false]),
  );
  assert.deepEqual(
    names(),
    taskNames.map((name) => taskByName(name).folder ?? name).sort(),
    "no archive, no temporary folder is left",
  );
  for (const name of taskNames) {
    const task = taskByName(name);
    assert.ok(readOriginal(join(out(), task.folder ?? name), task).train.rows.length > 0);
  }
  assert.equal(text("mr", "train.csv"), contentOf("original/mr/train.csv"));
  assert.equal(text("MNLI", "dev_mismatched.tsv"), contentOf("original/MNLI/dev_mismatched.tsv"));
  assert.equal(text("SST-2", "train.tsv"), contentOf("original/GLUE-SST-2/train.tsv"));
  assert.equal(text("ag_news", "test.csv"), news.test);
  assert.equal(text("cr", "test.csv").trimEnd().split("\n").length, 500);
  assert.equal(
    text("cr", "train.csv"),
    [
      '0,"review 500 , ""quoted"" text"',
      '0,"review 502 , ""quoted"" text"',
      '1,"review 501 , ""quoted"" text"',
      '1,"review 503 , ""quoted"" text"',
      "",
    ].join("\n"),
  );
  const source = JSON.parse(text("cr", "source.json")) as TaskSource;
  assert.deepEqual(source, JSON.parse(JSON.stringify(installed.find(({ task }) => task === "cr")?.source)));
  assert.deepEqual(source.urls, [`${server.address}data/datasets.tar`]);
  assert.deepEqual(source.archive, {
    bytes: archive.length,
    sha256: sha256(archive),
    lastModified: "Mon, 04 Sep 2023 12:00:00 GMT",
  });
  assert.match(String(source.changed), /250 test examples of each label in place of 1,000/);
  for (const { name, bytes, sha256: hash } of source.files)
    assert.deepEqual([bytes, hash], [Buffer.byteLength(text("cr", name)), sha256(text("cr", name))]);
  assert.match((JSON.parse(text("SNLI", "source.json")) as TaskSource).licence, /CC BY-SA/);
  assert.ok(
    notes.some((line) => /^mr: its 16-shot split with seed 13 is not the one that LM-BFF published/.test(line)),
    "samples are not the authors' data",
  );
  assert.ok(notes.some((line) => /ag_news\/train\.csv is not the published file/.test(line)));
});

test("what is there is not asked for again; the archive is kept until all its tasks are there", async () => {
  await download(["mr", "SST-2"]);
  assert.deepEqual(names(), [".datasets-VERSION.json", ".datasets-VERSION.tar", "SST-2", "mr"]);
  assert.ok(notes.some((line) => /the archive is kept for other tasks: \S+\.tar \(\d+ MB\); delete it/.test(line)));
  server.requests.length = 0;
  const { installed } = await download(["mr", "trec"]);
  assert.deepEqual(
    installed.map(({ task, reused, source }) => [task, reused, source?.task]),
    [
      ["mr", true, "mr"],
      ["trec", false, "trec"],
    ],
  );
  assert.deepEqual(server.requests, []);
  await download(taskNames);
  assert.ok(!names().some((name) => name.startsWith(".")));
});

test("a kept archive that was damaged since is downloaded again", async () => {
  await download();
  const path = join(out(), readdirSync(out()).find((name) => name.endsWith(".tar")) ?? "");
  writeFileSync(path, archive.subarray(0, 5000));
  assert.equal((await download(["trec"])).installed.length, 1);
  assert.ok(notes.some((line) => /is not what it should be: it is downloaded again/.test(line)));
});

test("the user's own folder is used as it is, or refused by name", async () => {
  mkdirSync(join(out(), "mr"), { recursive: true });
  writeFileSync(join(out(), "mr", "train.csv"), "0,mine\n");
  await assert.rejects(
    download(),
    /original\/mr exists, but has no test\.csv: remove it, or give another folder with --out/,
  );
  writeFileSync(join(out(), "mr", "test.csv"), "0,mine\n");
  assert.deepEqual((await download()).installed, [{ task: "mr", folder: join(out(), "mr"), reused: true }]);
  assert.deepEqual(server.requests, []);
  writeFileSync(join(out(), "trec"), "");
  await assert.rejects(download(["trec"]), /trec is a file: move it away/);
  await assert.rejects(download(["mr"], { out: join(out(), "trec") }), /trec is a file: give a folder/);
  mkdirSync(join(out(), "subj"));
  assert.equal((await download(["subj"])).installed[0].reused, false, "an empty folder does not count");
});

test("a cut connection goes on where it stopped, in the same run and in a later one", async () => {
  server.cutAfter = [5000, 3000];
  await download();
  const path = "/data/datasets.tar";
  assert.deepEqual(server.requests, [`${path} bytes=0-0`, path, `${path} bytes=5000-`, `${path} bytes=8000-`]);
  rmSync(out(), { recursive: true });
  server.requests.length = 0;
  server.cutAfter = [7000, 0];
  assert.match(
    await failure(["mr", "trec"], { retries: 0 }),
    new RegExp(
      `the download of datasets\\.tar broke off \\(.+\\); 7000 of ${archive.length} bytes are kept; run again to go on`,
    ),
  );
  assert.deepEqual(names(), [".datasets-VERSION.tar.incomplete"]);
  server.cutAfter = [];
  await download();
  assert.equal(server.requests.at(-1), `${path} bytes=7000-`);
});

test("redirects are followed; servers without ranges, and busy ones, are tolerated", async () => {
  server.redirects["/data/datasets.tar"] = "/moved.tar";
  server.files["/moved.tar"] = archive;
  server.ignoreRanges = true;
  server.statuses = [503, 429];
  assert.equal((await download()).installed.length, 1);
});

test("the authors' address is asked when none is given", async () => {
  const asked: string[] = [];
  const fetcher = async (input: unknown): Promise<Response> => {
    asked.push(String(input));
    return new Response("<html>", { status: 404 });
  };
  const message = await failure(["mr"], { from: undefined, fetch: fetcher as typeof fetch });
  assert.match(
    message,
    /^there is no archive at https:\/\/nlp\.cs\.princeton\.edu\S+datasets\.tar: see https:\/\/github\.com\/princeton-nlp\/LM-BFF\S+, or give another address with --from$/,
  );
  assert.deepEqual(asked, [ARCHIVE_ADDRESS]);
});

test("no network at all: one clear message, nothing is left", async () => {
  await server.close();
  assert.match(
    await failure(["mr", "ag_news"], { retries: 1 }),
    /datasets\.tar cannot be reached \(.*ECONNREFUSED.*\): check the network, or give another address with --from/,
  );
  assert.deepEqual(names(), []);
});

test("an archive as its own address, gzip or plain, with ./ before its paths", async () => {
  server.files["/x"] = gzipSync(makeTar(entries.map((entry) => ({ ...entry, name: `./${entry.name}` }))));
  const { installed } = await download(["mr"], { from: `${server.address}x` });
  assert.deepEqual(installed[0].source?.urls, [`${server.address}x`]);
  assert.equal(text("mr", "train.csv"), contentOf("original/mr/train.csv"));
  await assert.rejects(download(["mr"], { from: "datasets.tar" }), /"datasets\.tar" is not an address/);
});

test("a SHA-256 that is asked for must be right", async () => {
  assert.match(
    await failure(["mr"], { sha256: "0".repeat(64) }),
    /datasets\.tar arrived damaged: its sha256 is [0-9a-f]{64}, not 0000/,
  );
  assert.deepEqual(names(), []);
  assert.equal((await download(["mr"], { sha256: sha256(archive).toUpperCase() })).installed.length, 1);
  await assert.rejects(download(["mr"], { sha256: "abc" }), /"abc" is not a SHA-256/);
});

const x = { content: "x" };
const isDamage =
  /^datasets\.tar from http:\S+datasets\.tar: .*\(the download was removed: try again, or give another address with --from\)$/;
const refused: [string, () => Buffer, RegExp, DataDownloadOptions["limits"]?][] = [
  [
    "a path that leads out",
    () => makeTar([...entries, { name: "../../escaped", ...x }]),
    /the path "\.\.\/\.\.\/escaped" leads out of the archive; nothing was installed/,
  ],
  [
    "a path that leads out from within",
    () => makeTar([...entries, { name: "original/../../escaped", ...x }]),
    /the path "original\/\.\.\/\.\.\/escaped" leads out/,
  ],
  ["an absolute path", () => makeTar([...entries, { name: "/escaped", ...x }]), /the path "\/escaped" leads out/],
  ["a Windows path", () => makeTar([...entries, { name: "..\\escaped", ...x }]), /leads out/],
  ["a drive", () => makeTar([...entries, { name: "C:escaped", ...x }]), /the path "C:escaped" leads out/],
  [
    "a long name that leads out",
    () =>
      makeTar([
        { name: "././@LongLink", type: "L", content: "../../escaped\0" },
        { name: "harmless", ...x },
        ...entries,
      ]),
    /the path "\.\.\/\.\.\/escaped" leads out/,
  ],
  [
    "a symbolic link that leads out",
    () => makeTar([{ name: "original/mr", type: "2", link: "../../.." }, ...entries]),
    /the symbolic link "original\/mr" leads out of the archive, to "\.\.\/\.\.\/\.\."/,
  ],
  [
    "an absolute link",
    () => makeTar([{ name: "original/a", type: "2", link: "/etc" }, ...entries]),
    /the symbolic link "original\/a" leads out of the archive, to "\/etc"/,
  ],
  [
    "a hard link that leads out",
    () => makeTar([{ name: "original/a", type: "1", link: "../escaped" }, ...entries]),
    /the hard link "original\/a" leads out/,
  ],
  [
    "a link in place of a task's file",
    () => makeTar([{ name: "original/mr/train.csv", type: "2", link: "test.csv" }, ...entries.slice(0, 1)]),
    /"original\/mr\/train\.csv" is a symbolic link, not a file/,
  ],
  [
    "a device",
    () => makeTar([{ name: "original/null", type: "3" }, ...entries]),
    /"original\/null" is neither a file nor a folder \(CharacterDevice\)/,
  ],
  [
    "a file twice",
    () => makeTar([...entries, { name: "original/mr/train.csv", ...x }]),
    /"original\/mr\/train\.csv" is in it twice/,
  ],
  [
    "a damaged header",
    () => makeTar([{ name: "original/a", ...x, lies: { checksum: 7 } }, ...entries]),
    /it is damaged, or not a tar archive \(checksum failure\)/,
  ],
  [
    "a file that says to be too large",
    () => makeTar([{ name: "original/mr/train.csv", ...x, lies: { size: 3 * 2 ** 30 } }]),
    /"original\/mr\/train\.csv" has 3221225472 bytes, more than the 2147483648 that are allowed/,
  ],
  [
    "no end",
    () => archive.subarray(0, archive.length - 1024),
    /ends before its end mark: it is truncated, or not a tar archive/,
  ],
  ["its end cut off", () => archive.subarray(0, archive.length - 2000), /truncated/],
  [
    "its end cut off, compressed",
    () => gzipSync(archive).subarray(0, 1000),
    /it is damaged or truncated \(unexpected end of file\)/,
  ],
  [
    "a flipped bit, compressed",
    () => gzipSync(archive).map((byte, i) => (i === 700 ? byte ^ 4 : byte)) as Buffer,
    /damaged/,
  ],
  ["two layers of compression", () => gzipSync(gzipSync(archive)), /it is compressed twice/],
  [
    "another compression",
    () => Buffer.from("fd377a585a000000", "hex"),
    /it is compressed with xz; only plain tar and gzip are read/,
  ],
  ["text in place of an archive", () => Buffer.from("moved\n".repeat(500)), /damaged, or not a tar archive/],
  ["nothing but an end", () => Buffer.alloc(1024, 0), /has no original\/mr\/train\.csv|not a tar archive/],
  [
    "more than may be unpacked",
    () => gzipSync(makeTar([{ name: "original/zeros", content: Buffer.alloc(3 << 20) }, ...entries])),
    /it unpacks to more than the 1048576 bytes that are allowed/,
    { totalBytes: 1 << 20 },
  ],
  [
    "a file larger than allowed",
    () => archive,
    /"original\/mr\/train\.csv" has \d+ bytes, more than the 100 that are allowed/,
    { fileBytes: 100 },
  ],
  ["too many entries", () => archive, /it has more than 10 entries/, { entries: 10 }],
];
for (const [what, make, message, limits] of refused) {
  test(`an archive with ${what} is refused and nothing is left`, async () => {
    server.files["/data/datasets.tar"] = make();
    const found = await failure(["mr"], { limits });
    assert.match(found, message);
    if (what === "nothing but an end") return;
    assert.match(found, isDamage);
    assert.deepEqual(names(), []);
    assert.ok(!existsSync(join(folder, "escaped")) && !existsSync(join(folder, "..", "escaped")));
  });
}

test("a link that stays inside and is not asked for does no harm", async () => {
  server.files["/data/datasets.tar"] = makeTar([...entries, { name: "original/latest", type: "2", link: "mr/../mr" }]);
  assert.equal((await download()).installed.length, 1);
  assert.ok(!existsSync(join(out(), "latest")));
});

const without = (name: string): MadeTarEntry[] => entries.filter((entry) => entry.name !== name);
const changed = (name: string, content: string): MadeTarEntry[] =>
  entries.map((entry) => (entry.name === name ? { ...entry, content } : entry));
const layouts: [string, string, MadeTarEntry[], RegExp][] = [
  [
    "its test file is missing",
    "mr",
    without("original/mr/test.csv"),
    /datasets\.tar from http:\S+ has no original\/mr\/test\.csv \(at its top: original\): its layout has changed; unpack \S+\.tar yourself, or give another address/,
  ],
  [
    "the folder has another name",
    "mr",
    entries.map((entry) => ({ ...entry, name: entry.name.replace("original/", "lm-bff/") })),
    /has no original\/mr\/train\.csv \(at its top: lm-bff\)/,
  ],
  [
    "GLUE's SST-2 is missing",
    "sst-2",
    without("original/GLUE-SST-2/train.tsv"),
    /has no original\/GLUE-SST-2\/train\.tsv/,
  ],
  ["the source of CR is missing", "cr", without("original/cr/custrev.all"), /has no original\/cr\/custrev\.all/],
  [
    "the source of CR is something else",
    "cr",
    changed("original/cr/custrev.all", "0 fine\npositive\tmoved\n"),
    /custrev\.all: line 2 does not begin with a label: "positive/,
  ],
  [
    "CR is too small",
    "cr",
    changed("original/cr/custrev.all", sampleReviews(250)),
    /label 0 has 250 lines, none left for training after the first 250/,
  ],
  [
    "a label is unknown",
    "mr",
    changed("original/mr/train.csv", "0,fine\npositive,bad\n"),
    /mr\/train\.csv, row 2: label "positive" is not one of 0, 1 \(task mr\).*: its layout has changed, or it is damaged; nothing of task mr was installed/,
  ],
  [
    "a test label is unknown",
    "mr",
    changed("original/mr/test.csv", "good,0\n"),
    /mr\/test\.csv: label "good" is not one of 0, 1/,
  ],
  [
    "columns are missing",
    "rte",
    changed("original/RTE/train.tsv", "a\tlabel\n1\tentailment\n"),
    /RTE\/train\.tsv does not begin with a line of 3 or more column names/,
  ],
  [
    "columns of a row are missing",
    "rte",
    changed("original/RTE/dev.tsv", "a\tb\tc\tlabel\n1\tentailment\n"),
    /RTE\/dev\.tsv, row 2: 2 column\(s\) where task rte needs 3/,
  ],
  [
    "the header is missing",
    "rte",
    changed("original/RTE/train.tsv", "1\ta\tb\tentailment\n2\ta\tb\tentailment\n"),
    /RTE\/train\.tsv does not begin with a line of 3 or more column names/,
  ],
  ["a file is empty", "trec", changed("original/trec/test.csv", ""), /trec\/test\.csv has no examples/],
  [
    "a file is not text",
    "trec",
    entries.map((entry) =>
      entry.name === "original/trec/train.csv"
        ? { ...entry, content: Buffer.from([0x30, 0x2c, 0xff, 0xfe, 0x0a]) }
        : entry,
    ),
    /trec\/train\.csv is not utf-8 text/,
  ],
];
for (const [what, name, made, message] of layouts) {
  test(`a changed layout: ${what}; the other task is installed, nothing of this one`, async () => {
    server.files["/data/datasets.tar"] = makeTar(made);
    const { installed, failed } = await download([name, "subj"]);
    assert.deepEqual(
      failed.map(({ task }) => task),
      what === "the folder has another name" ? [name, "subj"] : [name],
    );
    assert.match(failed[0].message, message);
    assert.ok(!/unpacking|incomplete/.test(failed[0].message.replace("unpack ", "")), failed[0].message);
    assert.deepEqual(
      installed.map(({ task }) => task),
      what === "the folder has another name" ? [] : ["subj"],
    );
    assert.deepEqual(
      names().filter((one) => one.includes("incomplete") || one === (taskByName(name).folder ?? name)),
      [],
    );
  });
}

test("short rows of QQP are the data's own", async () => {
  const broken = contentOf("original/QQP/train.tsv") + "7\ta question that broke off\n";
  server.files["/data/datasets.tar"] = makeTar(changed("original/QQP/train.tsv", broken));
  assert.equal((await download(["qqp"])).failed.length, 0);
  assert.equal(text("QQP", "train.tsv"), broken);
});

/** AG News as the Hub has it. */
const jsonLines = (split: "train" | "test"): Buffer =>
  Buffer.from(
    Array.from(
      { length: 30 },
      (_, i) =>
        `${JSON.stringify({ title: `Title ${i}, "so"`, description: `Née in ${split}\\and so on ${i}`, label: (i % 4) + 1 })}\n`,
    ).join(""),
  );
const hubNews = {
  train: agNewsCsv(jsonLines("train").toString(), "x"),
  test: agNewsCsv(jsonLines("test").toString(), "x"),
};
const published = { train: sha256(hubNews.train), test: sha256(hubNews.test) };
const hubFor = async (t: TestContext) => {
  const hub = await fakeHub(
    "sh0416/ag_news",
    "c".repeat(40),
    { "README.md": Buffer.from("x"), "train.jsonl": jsonLines("train"), "test.jsonl": jsonLines("test") },
    "dataset",
  );
  t.after(() => hub.close());
  return hub;
};

test("AG News from the Hub: the published bytes, rebuilt from its JSON lines", async (t) => {
  const hub = await hubFor(t);
  const { installed, failed } = await download(["ag_news"], {
    from: undefined,
    agNews: { hub: hub.endpoint, published, csvAddress: `${server.address}csv/` },
  });
  assert.deepEqual(failed, []);
  assert.equal(text("ag_news", "train.csv").split("\n")[0], '"1","Title 0, ""so""","Née in train\\and so on 0"');
  assert.equal(text("ag_news", "test.csv"), hubNews.test);
  assert.deepEqual(
    installed[0].source?.urls,
    ["train", "test"].map((split) => `${hub.endpoint}/datasets/sh0416/ag_news/resolve/main/${split}.jsonl`),
  );
  assert.deepEqual([server.requests, names(), notes], [[], ["ag_news"], []]);
});

test("AG News: an interrupted download from the Hub goes on, damage is found", async (t) => {
  const hub = await hubFor(t);
  const options = {
    from: undefined,
    agNews: { hub: hub.endpoint, published, csvAddress: `${server.address}none/` },
    retries: 0,
  };
  hub.behaviour.cutAfter = [undefined, 1000, 0];
  const message = await failure(["ag_news"], options);
  assert.match(
    message,
    /^AG News cannot be downloaded: the download of \S+sh0416\/ag_news\S+train\.jsonl broke off .*1000 of \d+ bytes are kept.*; http:\S+none\/train\.csv is not there \(HTTP 404\)$/,
  );
  hub.behaviour.cutAfter = [];
  hub.behaviour.corrupt = "test.jsonl";
  assert.match(
    await failure(["ag_news"], options),
    /test\.jsonl does not give the published test\.csv|test\.jsonl, line \d+: not a row/,
  );
  assert.ok(hub.requests.some((line) => line.endsWith("train.jsonl bytes=1000-")));
  assert.deepEqual(names(), []);
});

test("AG News: where the Hub fails or differs, the published files are taken, and nothing else", async (t) => {
  const hub = await hubFor(t);
  for (const split of ["train", "test"] as const) server.files[`/csv/${split}.csv`] = Buffer.from(news[split]);
  const own = { train: sha256(news.train), test: sha256(news.test) };
  const agNews = { hub: hub.endpoint, published: own, csvAddress: `${server.address}csv/` };
  const { installed } = await download(["ag_news"], { from: undefined, agNews });
  assert.deepEqual(
    installed[0].source?.urls,
    ["train", "test"].map((split) => `${server.address}csv/${split}.csv`),
  );
  assert.match(
    notes[0],
    /AG News: \S+train\.jsonl does not give the published train\.csv \(SHA-256 [0-9a-f]{64}\); taking the published files from http/,
  );
  rmSync(out(), { recursive: true });
  hub.behaviour.contentStatus = Array<number>(6).fill(503);
  assert.equal((await download(["ag_news"], { from: undefined, agNews })).installed.length, 1);
  rmSync(out(), { recursive: true });
  hub.behaviour.requireToken = "a token";
  assert.match(
    await failure(["ag_news"], { from: undefined, agNews: { ...agNews, published } }),
    /csv\/train\.csv does not give the published train\.csv/,
  );
  assert.deepEqual(names(), []);
});

test("AG News: rows that are none are named", () => {
  for (const line of ['{"title":"a","description":"b","label":5}', '{"title":"a","label":1}', "null", "oops"]) {
    assert.throws(
      () => agNewsCsv(`{"title":"a","description":"b","label":4}\n${line}\n`, "train.jsonl"),
      /^CorruptFileError: train\.jsonl, line 2: not a row with label \(1 to 4\), title and description: /,
    );
  }
});

test("abort leaves nothing half-installed, and the next run goes on", async () => {
  const stop = new AbortController();
  await assert.rejects(
    download(taskNames, { signal: stop.signal, onProgress: ({ step }) => step === "Unpack" && stop.abort() }),
    { name: "AbortError" },
  );
  assert.deepEqual(names(), [".datasets-VERSION.json", ".datasets-VERSION.tar"]);
  server.requests.length = 0;
  assert.equal((await download()).installed.length, 1);
  assert.deepEqual(server.requests, []);
});

test("a killed process leaves nothing half-installed, and its leftovers are removed", async () => {
  // Slow enough to be caught unpacking: it kills itself at the first report of it.
  const program = `require(${JSON.stringify(join(root, "build", "src", "archives", "download-data.js"))}).downloadData([require(${JSON.stringify(join(root, "build", "src", "tasks", "task.js"))}).taskByName("mr")],
    { out: ${JSON.stringify(out())}, from: ${JSON.stringify(`${server.address}data/`)}, onProgress: ({ step }) => step === "Unpack" && process.kill(process.pid, "SIGKILL") })`;
  const signal = await new Promise((done) =>
    spawn(process.execPath, ["-e", program], { stdio: "ignore" }).on("close", (_, name) => done(name)),
  );
  assert.equal(signal, "SIGKILL");
  assert.deepEqual(names(), [".datasets-VERSION.json", ".datasets-VERSION.tar", ".unpacking.ID.incomplete"]);
  const { pid } = spawnSync(process.execPath, ["--version"]);
  const [dead, alive] = [pid, process.pid].map((id) => join(out(), `.unpacking.${id}-012345.incomplete`));
  for (const path of [dead, alive]) mkdirSync(path, { recursive: true });
  await download();
  assert.deepEqual([existsSync(dead), existsSync(alive)], [false, true]);
  assert.deepEqual(names(), [".datasets-VERSION.json", ".datasets-VERSION.tar", ".unpacking.ID.incomplete", "mr"]);
});

test("progress of download and unpacking", async () => {
  server.cutAfter = [5000];
  const seen: { step: string; done: number; total: number }[] = [];
  await download(["mr", "ag_news"], { onProgress: (progress) => seen.push(progress) });
  assert.deepEqual(
    [...new Set(seen.map(({ step }) => step))],
    ["Download datasets.tar", "Unpack", "Download AG News, train.csv", "Download AG News, test.csv"],
  );
  for (const step of ["Download datasets.tar", "Unpack", "Download AG News, test.csv"]) {
    const own = seen.filter((one) => one.step === step);
    own.reduce((before, { done }) => (assert.ok(done >= before), done), 0);
    assert.equal(own.at(-1)?.done, own.at(-1)?.total);
  }
});

const shared = join(root, "..", "shared", "data", "original");
const skip = existsSync(shared) ? false : "../shared/data/original is not there";
test("the authors' data gives LM-BFF's published splits, and is said to", { skip }, async () => {
  const tasks = ["mr", "sst-5", "subj", "trec", "rte"];
  const real = tasks.flatMap((name) => {
    const folderName = taskByName(name).folder ?? name;
    return readdirSync(join(shared, folderName)).map((file) => ({
      name: `original/${folderName}/${file}`,
      content: readFileSync(join(shared, folderName, file)),
    }));
  });
  server.files["/data/datasets.tar"] = makeTar(real);
  const { installed, failed } = await download(tasks);
  assert.deepEqual(failed, []);
  for (const { task, source } of installed) assert.equal(source?.splitAsPublished, true, task);
  assert.deepEqual(
    notes.filter((line) => /not the one that LM-BFF published/.test(line)),
    [],
  );
});
