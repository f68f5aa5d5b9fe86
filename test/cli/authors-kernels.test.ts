import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileServer, type FileServer } from "../support/file-server";
import { makeZip } from "../support/make-zip";
import { runCli } from "../support/run-cli";
import { fixturePath, readJson } from "../support/tiny-roberta";

const folder = mkdtempSync(join(tmpdir(), "kernel-view-kernels-"));
let server: FileServer;
before(async () => {
  const files = readdirSync(fixturePath("torch", "sgd")).map((name) => ({
    name: `sst-2/16-13/${name}`,
    content: readFileSync(fixturePath("torch", "sgd", name)),
    deflate: true,
  }));
  server = await fileServer({ "/prompt-sgd-16-shot.zip": makeZip(files) });
});
after(async () => {
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Runs the command in the test's folder. */
const run = (...args: string[]): ReturnType<typeof runCli> => runCli(folder, args);

interface Oracle {
  folders: { sgd: { solved: { regularization: number; f0: number | "inf"; accuracy: Record<string, number> }[] } };
}

test("from the archive's name to the authors' accuracies, without a model or TensorFlow", async () => {
  const downloaded = await run("authors-kernels", "--download", "prompt-sgd-16-shot", "--from", server.address);
  assert.equal(downloaded.status, 0, downloaded.stderr);
  const path = downloaded.stdout.trimEnd();
  assert.equal(path, join(folder, "kernels", "prompt-sgd-16-shot", "sst-2", "16-13"));
  assert.match(downloaded.stderr, /from http:\S+prompt-sgd-16-shot\.zip, SHA-256 [0-9a-f]{64}/);
  assert.match(
    (await run("kernels", "--download", "prompt-sgd-16-shot", "--from", server.address)).stderr,
    /there already http/,
  );

  const solved = await run("solve", "--kernels", path, "--f0", "2,inf", "--regularization", "0.001,0.1", "--json");
  assert.equal(solved.status, 0, solved.stderr);
  assert.doesNotMatch(solved.stderr, /oneDNN|tensorflow/i);
  const { results } = JSON.parse(solved.stdout);
  const expected = readJson<Oracle>("torch", "oracle.json").folders.sgd.solved;
  assert.equal(results.length, expected.length);
  for (const { regularization, f0, accuracy } of expected) {
    const own = results.find(
      (one: { regularization: number; f0: unknown }) => one.regularization === regularization && one.f0 === f0,
    );
    for (const split of ["train", "dev", "test"])
      assert.equal(own[split].accuracy, accuracy[split], `${split}, ${regularization}, ${f0}`);
  }
});

test("--export writes the authors' files, which give the same accuracies", async () => {
  const out = join(folder, "exported");
  const { status, stdout, stderr } = await run(
    "authors-kernels",
    "--export",
    fixturePath("torch", "margin"),
    "--task",
    "cr",
    "--formula",
    "sgd",
    "--out",
    out,
  );
  assert.equal(status, 0, stderr);
  assert.deepEqual(
    stdout.trim().split("\n"),
    ["train", "dev", "test"].flatMap((split) =>
      ["kernels", "logits"].map((what) => join(out, `${split}_${what}_cr.pt`)),
    ),
  );
  const [before, again] = await Promise.all(
    [fixturePath("torch", "margin"), out].map((kernels) => run("solve", "--kernels", kernels, "--json")),
  );
  assert.deepEqual(JSON.parse(again.stdout).results, JSON.parse(before.stdout).results);
});

const wrong: [string, string[], RegExp][] = [
  ["neither download nor export", ["kernels"], /^kernel-view: give either --download <name> or --export <folder>\n$/],
  ["both", ["kernels", "--download", "a", "--export", "b"], /give either --download <name> or --export <folder>/],
  [
    "an export without a task",
    ["kernels", "--export", "x", "--out", "y"],
    /^kernel-view: --export needs --task <name>/,
  ],
  [
    "an export of nothing",
    ["kernels", "--export", ".", "--out", "y", "--task", "cr"],
    /has no kernels: give a folder that compute --out wrote/,
  ],
  [
    "a task that is a path",
    ["kernels", "--export", fixturePath("torch", "margin"), "--out", "y", "--task", "../cr"],
    /"\.\.\/cr" cannot be a part of a file's name/,
  ],
  [
    "a kernel that is not there",
    ["kernels", "--export", fixturePath("torch", "margin"), "--out", "y", "--task", "cr", "--formula", "signgd"],
    /the signgd kernel was not computed/,
  ],
  [
    "an unknown formula",
    ["kernels", "--export", "x", "--formula", "sign"],
    /"sign" is not one of sgd, signgd, asymmetric_signgd/,
  ],
  [
    "solving a formula that the files do not have",
    ["solve", "--kernels", fixturePath("torch", "sgd"), "--formula", "signgd"],
    /^kernel-view: the signgd kernel was not computed; there is: sgd\n$/,
  ],
];
for (const [what, args, message] of wrong) {
  test(`${what} is one clear line`, async () => {
    const { status, stderr, stdout } = await run(...args);
    assert.deepEqual([status, stdout], [1, ""]);
    assert.match(stderr, message);
    assert.ok(!existsSync(join(folder, "y")));
  });
}

test("an archive that is not there names the page with the names", async () => {
  const { status, stderr } = await run("kernels", "--download", "sgd-1-shot", "--from", server.address);
  assert.equal(status, 1);
  assert.match(
    stderr,
    /^kernel-view: there is no archive sgd-1-shot \(http:\S+: not found\): see https:\/\/github\.com\/princeton-nlp\/LM-Kernel-FT\S+ for the names, or give the address with --from\n$/,
  );
});
