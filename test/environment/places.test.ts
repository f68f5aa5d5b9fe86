import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, cpSync, mkdirSync, statSync, symlinkSync } from "node:fs";
import path from "node:path";
import { test, type TestContext } from "node:test";
import { writeEnglishTasks } from "../../src/english/data-files";
import { root, temporaryFolder } from "../support/checkout";

/** Runs a script as somebody who cannot write what only root can. */
function asAnotherUser(script: string, env: NodeJS.ProcessEnv): { status: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, ["-e", script], {
    encoding: "utf8",
    cwd: "/",
    env: { PATH: process.env.PATH, ...env },
    ...(process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {}),
  });
  return { status, output: stdout + stderr };
}

/** A checkout with some of its folders, which nobody but root can write. */
function lockedCheckout(t: TestContext, names: string[]): string {
  let checkout = "";
  // Before it is removed.
  t.after(() => chmodSync(checkout, 0o755));
  checkout = temporaryFolder(t);
  for (const name of names) cpSync(path.join(root, name), path.join(checkout, name), { recursive: true });
  chmodSync(checkout, 0o555);
  return checkout;
}

test("where the checkout cannot be written, results and reports go to the home folder, or KERNEL_VIEW_CACHE", (t) => {
  const checkout = lockedCheckout(t, ["build/src/store/folder.js", "build/src/errors.js"]);
  const print = (folder: string, name: string): string =>
    `console.log(require(${JSON.stringify(path.join(folder, "build", "src", "store", "folder.js"))}).${name}())`;
  const of = (name: string, env = {}): string =>
    asAnotherUser(print(checkout, name), { HOME: "/home/some one", ...env }).output.trim();
  assert.equal(of("defaultStore"), "/home/some one/.cache/kernel-view/kernels");
  assert.equal(of("defaultReports"), "/home/some one/.cache/kernel-view/reports");
  assert.equal(of("defaultStore", { KERNEL_VIEW_CACHE: "/scratch" }), "/scratch/kernels");
  assert.equal(of("defaultReports", { KERNEL_VIEW_CACHE: "/scratch" }), "/scratch/reports");
  chmodSync(checkout, 0o777);
  assert.equal(of("defaultStore"), path.join(checkout, ".cache", "kernels"));
  assert.equal(of("defaultReports", { KERNEL_VIEW_CACHE: "/scratch" }), path.join(checkout, "reports"));
});

test("set-up of a checkout that cannot be written says who can do it", (t) => {
  const checkout = lockedCheckout(t, [
    "environment",
    "package.json",
    "package-lock.json",
    "tsconfig.json",
    "src/english",
    "data/english/inference.tsv",
  ]);
  const main = path.join(checkout, "environment", "setup", "main.mjs");
  const { status, output } = asAnotherUser(`import(${JSON.stringify(main)}).then(({ main }) => main([]))`, {});
  assert.equal(status, 1);
  assert.match(
    output,
    /Set-up stopped: .* is not set up for this Node, .*\(Node packages, .*\), and you cannot write to it\.\nAsk its owner/,
  );
});

test("programs run by whatever link leads to them", (t) => {
  const link = path.join(temporaryFolder(t), "a link");
  symlinkSync(root, link);
  const { status, stderr } = spawnSync(process.execPath, [path.join(link, "environment", "run.mjs")], {
    encoding: "utf8",
  });
  assert.equal(status, 2);
  assert.match(stderr, /^usage: node environment\/run\.mjs FILE/);
});

test("the English tasks can be read by other users", (t) => {
  const before = process.umask(0o022);
  t.after(() => process.umask(before));
  const folder = path.join(temporaryFolder(t), "tasks");
  mkdirSync(folder);
  writeEnglishTasks(folder, [], {});
  assert.equal(statSync(folder).mode & 0o777, 0o755);
});
