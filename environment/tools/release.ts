// npm run release -- X.Y.Z: sets the version of package.json, package-lock.json and CITATION.cff, commits and tags. It
// pushes nothing. CHANGELOG.md must have a dated section for the version: write that first, and commit it.
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { messageOf, root } from "./checkout";

/** Makes the release in a checkout; returns the name of its tag. Throws, before anything is changed, where something is missing. */
export function release(version: string | undefined, folder = root): string {
  const git = (...args: string[]): string => execFileSync("git", args, { cwd: folder, encoding: "utf8" }).trim();
  const read = (name: string): string => readFileSync(path.join(folder, name), "utf8");
  const tag = `v${version}`;
  if (version === undefined || !/^\d+\.\d+\.\d+$/.test(version))
    throw new Error("usage: npm run release -- X.Y.Z, for example 0.1.0");
  if (git("status", "--porcelain") !== "") throw new Error("the checkout has changes: commit or remove them first");
  if (git("tag", "--list", tag) !== "") throw new Error(`the tag ${tag} is there already: choose a later version`);
  const heading = new RegExp(`^## \\[${version.replaceAll(".", "\\.")}\\] - (\\d{4}-\\d{2}-\\d{2})$`, "m");
  const [, date] = heading.exec(read("CHANGELOG.md")) ?? [];
  if (date === undefined)
    throw new Error(
      `CHANGELOG.md has no heading "## [${version}] - YYYY-MM-DD": write what the release changes, with its date`,
    );

  for (const name of ["package.json", "package-lock.json"]) {
    const content = JSON.parse(read(name)) as { version: string; packages?: { "": { version: string } } };
    content.version = version;
    if (content.packages) content.packages[""].version = version;
    writeFileSync(path.join(folder, name), `${JSON.stringify(content, null, 2)}\n`);
  }
  const citation = read("CITATION.cff").replace(/^date-released:.*\n/m, "");
  writeFileSync(
    path.join(folder, "CITATION.cff"),
    citation.replace(/^version:.*$/m, `version: ${version}\ndate-released: ${date}`),
  );
  // The version may have been set before.
  if (git("status", "--porcelain") !== "") git("commit", "--quiet", "--all", "--message", `Release ${version}`);
  git("tag", "--annotate", tag, "--message", `Kernel View ${version}`);
  return tag;
}

if (require.main === module) {
  try {
    const tag = release(process.argv[2]);
    console.log(`${tag} is committed and tagged here. To publish it: git push --follow-tags`);
  } catch (error) {
    console.error(`release: ${messageOf(error)}`);
    process.exitCode = 1;
  }
}
