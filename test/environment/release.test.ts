/** The release script, in a repository of its own. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, test, type TestContext } from "node:test";
import { release } from "../../environment/tools/release";
import { root, temporaryFolder } from "../support/checkout";

/** A committed repository with this project's files that name a version, and a change log. */
function repository(t: TestContext, changelog: string) {
  const folder = temporaryFolder(t);
  const git = (...args: string[]): string => execFileSync("git", args, { cwd: folder, encoding: "utf8" }).trim();
  for (const name of ["package.json", "package-lock.json", "CITATION.cff"])
    copyFileSync(path.join(root, name), path.join(folder, name));
  writeFileSync(path.join(folder, "CHANGELOG.md"), `# Changes\n\n${changelog}\n`);
  git("init", "--quiet");
  git("config", "user.name", "Tester");
  git("config", "user.email", "tester@example.org");
  git("add", "--all");
  git("commit", "--quiet", "--message", "Before");
  return { folder, git, read: (name: string): string => readFileSync(path.join(folder, name), "utf8") };
}

describe("a release", () => {
  test("sets the version everywhere, commits and tags", (t) => {
    const { folder, git, read } = repository(t, "## [7.8.9] - 2031-02-03\n\n- Something");
    const citation = read("CITATION.cff");
    assert.equal(release("7.8.9", folder), "v7.8.9");
    assert.equal((JSON.parse(read("package.json")) as { version: string }).version, "7.8.9");
    const lock = JSON.parse(read("package-lock.json")) as { version: string; packages: { "": { version: string } } };
    assert.deepEqual([lock.version, lock.packages[""].version], ["7.8.9", "7.8.9"]);
    assert.match(read("CITATION.cff"), /^version: 7\.8\.9\ndate-released: 2031-02-03$/m);
    assert.equal(read("CITATION.cff").length, citation.length + "\ndate-released: 2031-02-03".length);
    assert.equal(git("status", "--porcelain"), "");
    assert.equal(git("log", "-1", "--format=%s"), "Release 7.8.9");
    assert.equal(git("rev-parse", "v7.8.9^{commit}"), git("rev-parse", "HEAD"));
    assert.equal(git("diff", "--stat", "HEAD~1", "--", "package.json").includes("1 insertion(+), 1 deletion(-)"), true);
    assert.throws(() => release("7.8.9", folder), /the tag v7\.8\.9 is there already/);
  });

  test("is refused, with nothing changed, where something is missing", (t) => {
    const { folder, git, read } = repository(t, "## [7.8.9] - unreleased\n\n- Something");
    const head = git("rev-parse", "HEAD");
    assert.throws(() => release(undefined, folder), /usage: npm run release -- X\.Y\.Z/);
    assert.throws(() => release("7.8", folder), /usage/);
    assert.throws(() => release("7.8.9", folder), /CHANGELOG\.md has no heading "## \[7\.8\.9\] - YYYY-MM-DD"/);
    assert.throws(() => release("7x8.9", folder), /usage/);
    writeFileSync(path.join(folder, "new.txt"), "");
    assert.throws(() => release("7.8.9", folder), /the checkout has changes/);
    assert.equal(git("rev-parse", "HEAD"), head);
    assert.equal(git("tag"), "");
    assert.doesNotMatch(read("package.json"), /7\.8\.9/);
  });
});
