/** The package as npm packs it: small, and usable without a checkout. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { extract } from "tar";
import { program, root, runNode } from "../support/checkout";

let folder: string;
let packed: { filename: string; files: { path: string }[]; unpackedSize: number };
before(async () => {
  const { npmCommand } = (await program("environment/setup/command.mjs")) as {
    npmCommand: () => { program: string; args: string[] };
  };
  const npm = npmCommand();
  folder = mkdtempSync(path.join(os.tmpdir(), "kernel-view-"));
  // Without the build that npm would run before: what is built is there already.
  const said = execFileSync(
    npm.program,
    [...npm.args, "pack", "--ignore-scripts", "--json", "--pack-destination", folder],
    { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] },
  );
  [packed] = JSON.parse(said) as (typeof packed)[];
});
after(() => rmSync(folder, { recursive: true, force: true }));

describe("the packed package", () => {
  test("has the library, its types, the command and the documentation, and nothing large", () => {
    const names = packed.files.map((file) => file.path);
    for (const name of [
      "build/src/index.js",
      "build/src/cli.js",
      "build/types/kernel-view.d.ts",
      "environment/bin/kernel-view.mjs",
      "docs/api/kernels.md",
      "CHANGELOG.md",
      "README.md",
      "LICENSE",
    ])
      assert.ok(names.includes(name), `${name} is missing`);
    assert.deepEqual(
      names.filter((name) => /^(test|bench|data|src)\/|^build\/(test|bench)\/|\.(map|ipynb)$/.test(name)),
      [],
    );
    assert.ok(packed.unpackedSize < 3e6, `${packed.unpackedSize} bytes`);
  });

  test("loads, has its types, and has its command", async () => {
    const place = path.join(folder, "node_modules", "kernel-view");
    mkdirSync(place, { recursive: true });
    await extract({ file: path.join(folder, packed.filename), cwd: place, strip: 1 });
    symlinkSync(path.join(root, "node_modules"), path.join(place, "node_modules"), "junction");
    const loaded = runNode(["-p", `require("kernel-view").mean([1, 3])`], { cwd: folder });
    assert.equal(loaded.stdout, "2\n", loaded.stderr);
    writeFileSync(
      path.join(folder, "user.mts"),
      'import { mean } from "kernel-view";\nexport const two: number = mean([1, 3]);\n',
    );
    const compiler = path.join(root, "node_modules", "typescript", "bin", "tsc");
    const options = ["--noEmit", "--strict", "--skipLibCheck", "--module", "nodenext", "--target", "es2022"];
    const checked = runNode([compiler, ...options, "user.mts"], { cwd: folder });
    assert.equal(checked.status, 0, checked.stdout);
    const help = runNode([path.join(place, "environment", "bin", "kernel-view.mjs"), "--help"], { cwd: folder });
    assert.match(help.stdout, /^Usage: kernel-view/, help.stderr);
  });
});
