/** Measures the model in data/microworld/model (or another folder) and renews its card. */
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { loadCheckpoint } from "../model/checkpoint";
import { modelFromCheckpoint } from "../model/model";
import { loadTokenizer } from "../model/tokenizer";
import { writeCard, writeScores, type TrainingRecord } from "./card";
import { taskSizes } from "./sample-files";
import { scoreModel } from "./score";
import { taskSplits } from "./analogues/task-data";

async function main(): Promise<void> {
  const folder = resolve(process.argv[2] ?? join("data", "microworld", "model"));
  const { settings } = JSON.parse(readFileSync(join(folder, "training.json"), "utf8")) as TrainingRecord;
  const model = modelFromCheckpoint(await loadCheckpoint(folder));
  const splits = taskSplits(settings.language, settings.languageSeed, taskSizes);
  const onProgress = (line: string): boolean => process.stdout.write(`${line}\n`);
  const scores = await scoreModel(model, loadTokenizer(folder), splits, settings.language.opinions.labelNoise, { onProgress });
  writeScores(folder, scores);
  writeCard(folder);
  process.stdout.write(`Scores and card are in ${folder}\n`);
}

main().catch((error: unknown) => {
  process.stderr.write(`score: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
