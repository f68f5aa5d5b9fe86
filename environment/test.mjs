// npm test: lint, format, strict types of sources and notebook cells, API reference, then every test (the last also run the
// start notebook).
// npm test -- NAME …: only the tests whose path contains a name, without the checks before them.
// npm run check: the checks alone. npm run test:fast: types, then the rooms that start no kernel, browser or set-up.
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { runProgram } from "./run.mjs";
import { filesUnder } from "./setup/files.mjs";
import { build, cache, nodeModules, root } from "./setup/places.mjs";

const given = process.argv.slice(2);
const only = ["--check", "--fast"].find((option) => given.includes(option));
const names = given.filter((name) => name !== only);

/** Steps before the tests; the first that fails ends the run. */
const checks = [
  ["lint", [path.join(nodeModules, "eslint", "bin", "eslint.js"), "."]],
  ["format", [path.join(nodeModules, "prettier", "bin", "prettier.cjs"), "--log-level", "warn", "--check", "."]],
  ["types of the sources", [path.join(nodeModules, "typescript", "bin", "tsc"), "-p", "."]],
  ["notebooks: rules, types, lint", [path.join(root, "environment", "check-cells.mjs")]],
  ["API reference", [path.join(root, "environment", "docs.mjs"), "--check"]],
];

/** Folders of test/ in which something must be answered in time. */
const TIMED = new Set(["cli", "environment", "files", "jupyter", "kernels", "model", "notebook"]);

/** Those of npm run test:fast: they start no kernel, no browser and no set-up. */
const FAST = new Set([
  "behavior",
  "charts",
  "english",
  "files",
  "finetune",
  "kernels",
  "model",
  "pretraining",
  "solvers",
  "store",
  "tasks",
  "theory",
]);

const roomOf = (file) => path.relative(path.join(build, "test"), file).split(path.sep)[0];

const isWanted = (file) =>
  only === "--fast" ? FAST.has(roomOf(file)) : names.length === 0 || names.some((name) => file.includes(name));

async function main() {
  const first =
    only === "--fast" ? checks.filter(([what]) => what === "types of the sources") : names.length > 0 ? [] : checks;
  for (const [what, args] of first) {
    const started = Date.now();
    const code = await runProgram(process.execPath, args, { cwd: root });
    if (code !== 0) {
      console.error(`\nnpm test: ${what}: failed (see above)`);
      return 1;
    }
    console.log(`✔ ${what} (${((Date.now() - started) / 1000).toFixed(1)} s)`);
  }
  return only === "--check" ? 0 : runTests();
}

async function runTests() {
  const files = filesUnder(path.join(build, "test")).filter((file) => file.endsWith(".test.js") && isWanted(file));
  if (files.length === 0) {
    console.error(`npm test: no test file has ${names.join(" or ")} in its path`);
    return 1;
  }
  // Most files leave one of two cores idle half of the time, so two of them run side by side; not so where a test is about time.
  const parts = [];
  for (const [own, options] of [
    [files.filter((file) => TIMED.has(roomOf(file))), ["--test-concurrency=1"]],
    [files.filter((file) => !TIMED.has(roomOf(file))), ["--test-concurrency=2"]],
  ]) {
    if (own.length > 0) parts.push(await runFiles(own, options));
  }
  // On a machine that has everything (KERNEL_VIEW_REQUIRE_ALL=1) a skipped test is a failure.
  const all = process.env.KERNEL_VIEW_REQUIRE_ALL === "1";
  const named = parts.flatMap(({ record }) => record).filter(({ kind }) => kind === "failed" || all);
  // Said at the end: the first part's own list stands far above.
  for (const { kind, test, reason } of named) {
    console.error(
      `npm test: ${kind === "failed" ? kind : `${kind}, but KERNEL_VIEW_REQUIRE_ALL=1`}: ${test}${reason ? `: ${reason}` : ""}`,
    );
  }
  return parts.find(({ code }) => code !== 0)?.code ?? (named.length > 0 ? 1 : 0);
}

/** Runs test files; returns the exit code and what was recorded: the tests that failed and those that were skipped. */
async function runFiles(files, options) {
  const file = path.join(cache, `tests-${process.pid}.jsonl`);
  const recorder = pathToFileURL(path.join(root, "environment", "test-record.mjs")).href;
  mkdirSync(cache, { recursive: true });
  try {
    const code = await runProgram(
      process.execPath,
      [
        "--test",
        ...options,
        "--test-reporter=spec",
        "--test-reporter-destination=stdout",
        `--test-reporter=${recorder}`,
        `--test-reporter-destination=${file}`,
        ...files,
      ],
      { cwd: root, cleanOutput: true },
    );
    const lines = readFileSync(file, "utf8")
      .split("\n")
      .filter((line) => line !== "");
    return { code, record: lines.map((line) => JSON.parse(line)) };
  } finally {
    rmSync(file, { force: true });
  }
}

process.exitCode = await main();
