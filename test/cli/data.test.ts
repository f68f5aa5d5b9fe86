import { afterEach, beforeEach, test } from "node:test";
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { taskByName, taskNames } from "../../src/tasks/task";
import { root } from "../support/checkout";
import { fileServer, type FileServer } from "../support/file-server";
import { makeTar } from "../support/make-tar";
import { runCli } from "../support/run-cli";
import { sampleArchive, sampleFile } from "../support/sample-data";

let folder = "";
let server: FileServer;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "kernel-view-data-"));
  const news = taskByName("ag_news");
  server = await fileServer({
    "/datasets.tar": makeTar(sampleArchive(40)),
    "/ag_news/train.csv": Buffer.from(sampleFile(news, 40, "news")),
    "/ag_news/test.csv": Buffer.from(sampleFile(news, 3, "later news")),
  });
});
afterEach(async () => {
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Runs the command in the test's folder. */
const run = (...args: string[]): ReturnType<typeof runCli> => runCli(folder, args);

test("all tasks, a line for each with where it comes from; splits are drawn from them", async () => {
  assert.equal((await run("data", "--task", "trec", "--from", server.address)).status, 0);
  const { status, stdout, stderr } = await run("data", "--task", "all", "--from", server.address);
  assert.equal(status, 0, stderr);
  assert.doesNotMatch(stderr, /oneDNN|tensorflow/i);
  const lines = stdout.trimEnd().split("\n");
  assert.deepEqual(
    lines.map((line) => line.split("  ")[0]),
    taskNames.map((name) => join(folder, "data", "original", taskByName(name).folder ?? name)),
  );
  const lineOf = (name: string): string => lines[taskNames.indexOf(name)].split("  ")[1];
  assert.equal(lineOf("mr"), `from ${server.address}datasets.tar`);
  assert.equal(lineOf("trec"), `there already, from ${server.address}datasets.tar`);
  assert.equal(
    lineOf("sst-2"),
    `from ${server.address}datasets.tar (GLUE's SST-2 (GLUE-SST-2 in the archive) in place of LM-BFF's)`,
  );
  assert.equal(lineOf("ag_news"), `from ${server.address}ag_news/train.csv and ${server.address}ag_news/test.csv`);

  const splits = await run(
    "splits",
    "--task",
    "all",
    "--original",
    "data/original",
    "--k",
    "4",
    "--seed",
    "13",
    "--out",
    "splits",
  );
  assert.equal(splits.status, 0, splits.stderr);
  assert.equal(
    readFileSync(join(folder, "splits", "ag_news", "4-13", "train.csv"), "utf8")
      .trimEnd()
      .split("\n").length,
    16,
  );
  assert.equal(splits.stdout.trimEnd().split("\n").length, taskNames.length);
});

test("what can be had is installed; the rest is one line on stderr and exit code 1", async () => {
  delete server.files["/datasets.tar"];
  const { status, stdout, stderr } = await run(
    "data",
    "--task",
    "ag_news,mr,cr",
    "--from",
    server.address,
    "--out",
    "here",
  );
  assert.equal(status, 1);
  assert.equal(stdout.trimEnd().split("\n").length, 1);
  assert.match(
    stderr.trimEnd().split("\n").at(-1) ?? "",
    /^kernel-view: not installed: mr, cr\. there is no archive at http:\S+datasets\.tar: see https:\/\/github\.com\/princeton-nlp\/LM-BFF\S+, or give another address with --from$/,
  );
  assert.deepEqual(readdirSync(join(folder, "here")), ["ag_news"]);
});

const mistakes: [string, string[], RegExp][] = [
  ["no task", ["data"], /required option '--task <names>' not specified/],
  ["an unknown task", ["data", "--task", "mr,sst3"], /^kernel-view: there is no task "sst3"; known: sst-2, /],
  [
    "no address",
    ["data", "--task", "mr", "--from", "datasets.tar"],
    /^kernel-view: "datasets\.tar" is not an address: give one that begins with https:\/\//,
  ],
  ["no checksum", ["data", "--task", "mr", "--sha256", "12"], /^kernel-view: "12" is not a SHA-256/],
];
for (const [what, args, message] of mistakes) {
  test(`${what}: one clear line`, async () => {
    const { status, stdout, stderr } = await run(...args);
    assert.deepEqual([status, stdout], [1, ""]);
    assert.match(stderr, message);
    assert.ok(!existsSync(join(folder, "data")));
  });
}

test("Ctrl-C while it downloads: exit code 130, what has come is kept, the next run goes on", async () => {
  // The server cuts the connection again and again; the command waits longer before each new attempt.
  server.cutAfter = [5000, 0, 0, 0, 0, 0];
  const child = spawn(
    process.execPath,
    [join(root, "build", "src", "cli.js"), "data", "--task", "mr", "--from", server.address],
    { cwd: folder },
  );
  let stderr = "";
  child.stderr.on("data", (text) => (stderr += String(text)));
  const closed = new Promise((done) => child.on("close", done));
  const deadline = Date.now() + 20_000;
  while (server.requests.filter((line) => line.includes("bytes=5000-")).length === 0 && Date.now() < deadline)
    await new Promise((done) => setTimeout(done, 20));
  child.kill("SIGINT");
  assert.equal(await closed, 130, stderr);
  assert.match(stderr, /kernel-view: stopped; what was downloaded is kept: the same command goes on with it\n$/);
  const out = join(folder, "data", "original");
  assert.deepEqual(
    readdirSync(out).map((name) => name.replace(/-[0-9a-f]{12}/, "")),
    [".datasets.tar.incomplete"],
  );
  server.cutAfter = [];
  server.requests.length = 0;
  assert.equal((await run("data", "--task", "mr", "--from", server.address)).status, 0);
  assert.equal(server.requests.at(-1), "/datasets.tar bytes=5000-");
});
