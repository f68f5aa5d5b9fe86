/** Makes the English tasks' data out of the packages and the file that carry it: what set-up runs. */
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { englishDataSets } from "./data-sets";
import { writeEnglishTasks } from "./data-files";
import { readSources } from "./sources";

const usage = `Makes the data of the English tasks: full data sets and few-shot splits.
  --sentiment DIR   the npm package sentiment
  --vader FILE      the source archive of the Python package vaderSentiment
  --pairs FILE      premises, hypotheses and labels (default data/english/inference.tsv)
  --out DIR         where the tasks go (default data/english/tasks)
  --stamp TEXT      kept in stamp.json: what the data was made from`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      sentiment: { type: "string" },
      vader: { type: "string" },
      pairs: { type: "string", default: join("data", "english", "inference.tsv") },
      out: { type: "string", default: join("data", "english", "tasks") },
      stamp: { type: "string", default: "" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help || !values.sentiment || !values.vader) {
    process.stdout.write(`${usage}\n`);
    process.exitCode = values.help ? 0 : 2;
    return;
  }
  const dataSets = englishDataSets(
    await readSources({
      sentiment: resolve(values.sentiment),
      vader: resolve(values.vader),
      pairs: resolve(values.pairs),
    }),
  );
  writeEnglishTasks(resolve(values.out), dataSets, { version: values.stamp });
  for (const { task, train, test } of dataSets)
    process.stdout.write(`${task}: ${train.length} examples to draw from, ${test.length} to test on\n`);
}

main().catch((error: Error) => {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
});
