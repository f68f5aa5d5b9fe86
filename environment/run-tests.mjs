// Runs test files with Node's test runner and remembers which tests failed or were skipped.
import path from "node:path";
import { run } from "node:test";
import { spec } from "node:test/reporters";
import { root } from "./setup/places.mjs";
import { withoutNoise } from "./tensorflow-noise.mjs";

/**
 * Runs test files, each in a process of its own, in the order given (`node --test` would sort them).
 * @param concurrency how many run at the same time
 * @returns `record`: the tests that failed and those that were skipped, as { kind, test, reason }; of a suite, or a test
 *   with parts, whose parts failed only the parts. `seconds`: what the tests of each file took together
 */
export async function runTests(files, { concurrency }) {
  const record = [];
  const seconds = new Map();
  const ended = (kind, { name, file, line, nesting, details }, reason) => {
    if (nesting === 0 && file) seconds.set(file, (seconds.get(file) ?? 0) + details.duration_ms / 1000);
    if (reason !== undefined)
      record.push({ kind, test: file ? `${name} (${path.relative(root, file)}:${line})` : name, reason });
  };
  const events = run({ files, concurrency });
  events.on("test:fail", (data) => {
    const { error } = data.details;
    const reason = String(error?.cause?.message ?? "").split("\n")[0];
    ended("failed", data, error?.failureType === "subtestsFailed" ? undefined : reason);
  });
  events.on("test:pass", (data) => ended("skipped", data, data.skip === true ? "" : data.skip));
  for await (const text of events.compose(new spec())) process.stdout.write(withoutNoise(Buffer.from(text)));
  return { record, seconds };
}
