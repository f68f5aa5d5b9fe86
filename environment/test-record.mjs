// A reporter for Node's test runner: one JSON line for each test that failed or was skipped, { kind, test, reason }.
import path from "node:path";
import { root } from "./setup/places.mjs";

/** Of a suite, or a test with parts, whose parts failed only the parts are recorded. */
export default async function* record(events) {
  for await (const { type, data } of events) {
    const place = data.file ? ` (${path.relative(root, data.file)}:${data.line})` : "";
    if (type === "test:fail" && data.details.error?.failureType !== "subtestsFailed") {
      yield line({
        kind: "failed",
        test: `${data.name}${place}`,
        reason: String(data.details.error?.cause?.message ?? "").split("\n")[0],
      });
    } else if (type === "test:pass" && data.skip !== undefined) {
      yield line({ kind: "skipped", test: `${data.name}${place}`, reason: data.skip === true ? "" : data.skip });
    }
  }
}

const line = (entry) => `${JSON.stringify(entry)}\n`;
