// npm test: lint, format, strict types of sources and notebook cells, API reference, then every test (the last also run the
// start notebook).
// npm test -- NAME …: only the tests whose path contains a name, without the checks before them.
// npm run check: the checks alone. npm run test:fast: types, then the rooms that start no kernel, browser or set-up.
import path from "node:path";
import { runProgram } from "./run.mjs";
import { runTests } from "./run-tests.mjs";
import { withProcessEnvironment } from "./process-environment.mjs";
import { filesUnder } from "./setup/files.mjs";
import { build, nodeModules, root } from "./setup/places.mjs";

const given = process.argv.slice(2);
const only = ["--check", "--fast"].find((option) => given.includes(option));
const names = given.filter((name) => name !== only);

const step = (what, program, ...args) => ({ what, args: [path.join(...program), ...args] });
const types = step("types of the sources", [nodeModules, "typescript", "bin", "tsc"], "-p", ".");

/** Steps before the tests: the two lists run side by side, each up to the first step that fails. */
const checks = [
  [
    step("lint", [nodeModules, "eslint", "bin", "eslint.js"], "."),
    step("format", [nodeModules, "prettier", "bin", "prettier.cjs"], "--log-level", "warn", "--check", "."),
  ],
  [
    types,
    step("API reference", [build, "environment", "tools", "docs.js"], "--check"),
    step("notebooks: rules, types, lint", [build, "environment", "tools", "check-cells.js"]),
  ],
];

/** Tests with limits that a second program at work would break: nothing else runs beside these files. */
const ALONE = new Set(["environment/setup", "files/hub", "kernels/ledger", "kernels/stopping", "running-cell"]);

/** What takes longest comes first, so that no core is idle at the end. */
const FIRST = ["notebooks", "notebook", "jupyter", "faults", "cli", "sweep", "experiment"];

/** Folders of npm run test:fast: their tests start no kernel, no browser and no set-up. */
const FAST = new Set([
  "behavior",
  "charts",
  "english",
  "files",
  "finetune",
  "fuzz",
  "kernels",
  "model",
  "pretraining",
  "solvers",
  "store",
  "tasks",
  "theory",
]);

/** The name of a test file: "kernels/ledger". */
const nameOf = (file) =>
  path.relative(path.join(build, "test"), file).split(path.sep).join("/").replace(".test.js", "");

const roomOf = (file) => nameOf(file).split("/")[0];

const turnOf = (file) => (FIRST.includes(roomOf(file)) ? FIRST.indexOf(roomOf(file)) : FIRST.length);

const isWanted = (file) =>
  only === "--fast" ? FAST.has(roomOf(file)) : names.length === 0 || names.some((name) => file.includes(name));

async function main() {
  const first = only === "--fast" ? [[types]] : names.length > 0 ? [] : checks;
  const passed = await Promise.all(first.map(runSteps));
  if (passed.includes(false)) return 1;
  return only === "--check" ? 0 : runWanted();
}

/** Runs steps one after the other; returns whether all have passed. */
async function runSteps(steps) {
  for (const { what, args } of steps) {
    const started = Date.now();
    const code = await runProgram(process.execPath, args, { cwd: root });
    if (code !== 0) {
      console.error(`\nnpm test: ${what}: failed (see above)`);
      return false;
    }
    console.log(`✔ ${what} (${((Date.now() - started) / 1000).toFixed(1)} s)`);
  }
  return true;
}

async function runWanted() {
  const files = filesUnder(path.join(build, "test")).filter((file) => file.endsWith(".test.js") && isWanted(file));
  if (files.length === 0) {
    console.error(`npm test: no test file has ${names.join(" or ")} in its path`);
    return 1;
  }
  // These count when a process starts, and every file is run in a new one.
  Object.assign(process.env, withProcessEnvironment());
  const alone = files.filter((file) => ALONE.has(nameOf(file)));
  const others = files.filter((file) => !alone.includes(file)).sort((a, b) => turnOf(a) - turnOf(b));
  // Most files leave one of two cores idle half of the time.
  const parts = [await runTests(alone, { concurrency: 1 }), await runTests(others, { concurrency: 2 })];
  const slowest = parts.flatMap(({ seconds }) => [...seconds]).sort(([, a], [, b]) => b - a);
  const times = slowest.slice(0, 10).map(([file, seconds]) => `${nameOf(file)} ${seconds.toFixed(0)} s`);
  console.log(`npm test: the files that took longest: ${times.join(", ")}`);
  const record = parts.flatMap((part) => part.record);
  const failed = record.filter(({ kind }) => kind === "failed");
  // On a machine that has everything (KERNEL_VIEW_REQUIRE_ALL=1) a skipped test is a failure.
  const all = process.env.KERNEL_VIEW_REQUIRE_ALL === "1";
  const named = all ? record : failed;
  // Told at the end: the list of the first part is far above.
  for (const { kind, test, reason } of named) {
    console.error(
      `npm test: ${kind === "failed" ? kind : `${kind}, but KERNEL_VIEW_REQUIRE_ALL=1`}: ${test}${reason ? `: ${reason}` : ""}`,
    );
  }
  return named.length > 0 ? 1 : 0;
}

process.exitCode = await main();
