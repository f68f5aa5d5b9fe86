/** Makes the microworld's task data: what set-up runs, and what renews the shipped samples when the language changes. */
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { taskByName, taskFolder } from "../tasks/task";
import { drawDataSet, heldOutKeys } from "./analogues/data-set";
import { fileText, splitSeeds, writeDataSets } from "./analogues/data-files";
import { analogues } from "./analogues/table";
import { shippedLanguage, shippedLanguageSeed, shippedStages } from "./defaults";
import { readTrainingRecord } from "./card";
import { corpusBlock } from "./language/corpus";
import { sentenceKey } from "./language/text-keys";
import { corpusText, makeManifest, type Manifest } from "./manifest";
import { pairKey, readTexts, seenTexts } from "./seen-texts";
import { writeText } from "./text-file";

const usage = `Makes the microworld's task data: full data sets and few-shot splits of all fourteen tasks.
  --out DIR    folder of the microworld (default data/microworld); the data goes to DIR/tasks
  --seed N     seed of the language (default ${shippedLanguageSeed}, that of the shipped model)
  --k LIST     examples of each label (default 16,64)
  --seen DIR   instead counts the test texts whose words occur in a row in what the model in DIR has read, be it inside a
               longer sentence (minutes)
  --renew      also renew the shipped samples and hashes: after a change of the language`;

function main(): void {
  const { values } = parseArgs({
    options: {
      out: { type: "string", default: join("data", "microworld") },
      seed: { type: "string", default: String(shippedLanguageSeed) },
      k: { type: "string", default: "16,64" },
      seen: { type: "string" },
      renew: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(`${usage}\n`);
    return;
  }
  const seed = wholeNumber("--seed", values.seed);
  const ks = values.k.split(",").map((k) => wholeNumber("--k", k));
  const out = resolve(values.out);
  const dataSets = analogues.map((analogue) => drawDataSet(analogue, shippedLanguage, seed));
  const heldOut = heldOutKeys(dataSets);
  if (values.seen !== undefined) return reportSeen(resolve(values.seen), dataSets, heldOut);
  const manifest = makeManifest(dataSets, shippedLanguage, seed, heldOut, { laterStages: shippedStages.slice(1) });
  const recorded = join(out, "manifest.json");
  if (values.renew) {
    writeSamples(join(out, "samples"), dataSets, heldOut);
    writeText(recorded, `${JSON.stringify(manifest, null, 2)}\n`);
  } else if (seed === shippedLanguageSeed && existsSync(recorded)) compare(manifest, JSON.parse(readFileSync(recorded, "utf8")) as Manifest, recorded);
  writeDataSets(join(out, "tasks"), dataSets, { ks, seeds: splitSeeds }, { version: manifest.version, languageSeed: seed, ks });
  process.stdout.write(`${dataSets.length} tasks are in ${join(out, "tasks")}\n`);
}

/** Prints how many test examples of each task have a text whose words the model in a folder has read in a row. */
function reportSeen(folder: string, dataSets: readonly ReturnType<typeof drawDataSet>[], heldOut: ReadonlySet<string>): void {
  const record = readTrainingRecord(folder);
  if (!record) throw new Error(`${folder} has no training.json, which says what was read: is it a model of npm run pretrain?`);
  const keysOf = ({ texts }: { texts: readonly string[] }): string[] => texts.map(sentenceKey);
  const wanted = dataSets.flatMap(({ test }) => test.map(keysOf));
  let told = 0;
  const seen = seenTexts(readTexts(record), wanted, heldOut, (words, total) => {
    if (words < total && words < told + total / 20) return;
    told = words;
    process.stderr.write(`${(words / 1e6).toFixed(1)} of ${(total / 1e6).toFixed(1)} million words\n`);
  });
  for (const { analogue, test } of dataSets) {
    const some = test.filter((example) => keysOf(example).some((key) => seen.texts.has(key))).length;
    const together = test.filter((example) => seen.pairs.has(pairKey(keysOf(example)))).length;
    process.stdout.write(`${analogue.task}: of ${test.length} test examples ${some} have a text whose words were read in a row${test[0].texts.length > 1 ? `, ${together} both in one document` : ""}\n`);
  }
}

function wholeNumber(option: string, text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new Error(`${option} ${text}: a whole number is needed`);
  return Number(text);
}

/** @throws naming the first file that this machine makes otherwise */
function compare(made: Manifest, recorded: Manifest, path: string): void {
  if (made.version === recorded.version) return;
  const different = Object.keys({ ...recorded.files, ...made.files }).find((file) => made.files[file] !== recorded.files[file]);
  throw new Error(`${different ?? "the pretraining text"} comes out otherwise than ${path} records; after a change of the language, renew it: npm run microworld -- --renew`);
}

/** Some rows of every task and some documents of every stage of pretraining, for eyes. */
function writeSamples(directory: string, dataSets: readonly ReturnType<typeof drawDataSet>[], heldOut: ReadonlySet<string>): void {
  mkdirSync(directory, { recursive: true });
  for (const dataSet of dataSets) {
    const task = taskByName(dataSet.analogue.task);
    writeText(join(directory, `${taskFolder(task)}.${task.format}`), fileText(task, dataSet, dataSet.train.slice(0, 40)));
  }
  for (const [i, { language, languageSeed }] of shippedStages.entries()) {
    const documents = corpusBlock(language, languageSeed, 0, i === 0 ? 200 : 80, heldOut);
    writeText(join(directory, i === 0 ? "corpus.txt" : `corpus-stage-${i + 1}.txt`), corpusText(documents));
  }
}

try {
  main();
} catch (error) {
  process.stderr.write(`microworld: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
