// Models that differ in nothing but how natural the prompt is in their text: npm run naturalness
// Each goes on from data/english/model and is kept as a LoRA adapter. A level that was interrupted goes on, one that is finished is left alone.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { ratedTexts, verdictTexts } from "../../../src/english/verdicts";
import { readCheckpoint } from "../../../src/model/checkpoint";
import { plainProgram, root } from "../checkout";

/** Percent of the verdicts that have the prompt's words. */
const LEVELS = [0, 30, 60, 100];
const SEED = 1;
const SETTINGS = { loraRank: 4, steps: 280, headSteps: 0, learningRate: 0.002, warmupSteps: 20, rows: 8, seed: SEED };

const english = path.join(root, "data", "english");

/** What pretraining records, and of what naturalness its text was. */
interface LevelRecord {
  naturalness?: number;
  from: string;
  settings: Record<string, unknown>;
}

const recordFile = (level: number): string => path.join(english, "naturalness", String(level), "training.json");
const readRecord = (level: number): LevelRecord => JSON.parse(readFileSync(recordFile(level), "utf8")) as LevelRecord;

/** Whether a level went on from the model with that hash, with these settings. */
function isFinished(level: number, hash: string): boolean {
  if (!existsSync(recordFile(level))) return false;
  const { from, naturalness, settings } = readRecord(level);
  return (
    from === hash &&
    naturalness === level / 100 &&
    Object.entries(SETTINGS).every(([name, value]) => settings[name] === value)
  );
}

async function main(): Promise<void> {
  const { runNode } = await plainProgram("run.mjs");
  const { hash } = readCheckpoint(path.join(english, "model"));
  const sentences = ratedTexts(path.join(english, "tasks"));
  for (const level of LEVELS) {
    if (isFinished(level, hash)) {
      console.log(`Level ${level} is finished.`);
      continue;
    }
    const work = path.join(root, "build", "naturalness", String(level));
    const text = path.join(work, `verdicts-${level}.txt`);
    mkdirSync(work, { recursive: true });
    writeFileSync(
      text,
      verdictTexts(sentences, level / 100, SEED)
        .map((line) => `${line}\n`)
        .join(""),
    );
    console.log(`Level ${level}: ${sentences.length} sentences, each with its verdict`);
    const options = Object.entries(SETTINGS).flatMap(([name, value]) => [
      `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`,
      String(value),
    ]);
    const out = path.dirname(recordFile(level));
    const code = await runNode(path.join(root, "build", "src", "pretraining", "cli.js"), [
      "--from",
      path.join(english, "model"),
      "--text",
      text,
      "--out",
      out,
      "--state",
      work,
      ...options,
    ]);
    if (code !== 0) process.exit(code);
    const record = readRecord(level);
    writeFileSync(recordFile(level), `${JSON.stringify({ naturalness: level / 100, ...record }, null, 1)}\n`);
  }
}

void main();
