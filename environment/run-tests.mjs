// Runs test files with Node's test runner and remembers which tests failed or were skipped.
import path from "node:path";
import { run } from "node:test";
import { spec } from "node:test/reporters";
import { root } from "./setup/places.mjs";
import { withoutNoise } from "./tensorflow-noise.mjs";

/**
 * Runs test files, each in a process of its own, in the order given (`node --test` would sort them).
 * @param concurrency how many run at the same time
 * @returns the tests that failed and those that were skipped, as { kind, test, reason }; of a suite, or a test with
 *   parts, whose parts failed only the parts
 */
export async function runTests(files, { concurrency }) {
  const record = [];
  const add = (kind, { name, file, line }, reason) =>
    record.push({ kind, test: file ? `${name} (${path.relative(root, file)}:${line})` : name, reason });
  const events = run({ files, concurrency });
  events.on("test:fail", (data) => {
    const { error } = data.details;
    if (error?.failureType !== "subtestsFailed")
      add("failed", data, String(error?.cause?.message ?? "").split("\n")[0]);
  });
  events.on("test:pass", (data) => {
    if (data.skip !== undefined) add("skipped", data, data.skip === true ? "" : data.skip);
  });
  for await (const text of events.compose(new spec())) process.stdout.write(withoutNoise(Buffer.from(text)));
  return record;
}
