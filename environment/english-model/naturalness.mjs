// Models that differ in nothing but how natural the prompt is in their text: npm run naturalness
// Each goes on from data/english/model and is kept as a LoRA adapter. A level that was interrupted goes on, one that is finished is left alone.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { runNode } from "../run.mjs";
import { build, root } from "../setup/places.mjs";

/** Percent of the verdicts that have the prompt's words. */
const LEVELS = [0, 30, 60, 100];
const SEED = 1;
const SETTINGS = { loraRank: 4, steps: 280, headSteps: 0, learningRate: 0.002, warmupSteps: 20, rows: 8, seed: SEED };

const english = path.join(root, "data", "english");
const module = (...file) => import(pathToFileURL(path.join(build, "src", ...file)));
const { ratedTexts, verdictTexts } = await module("english", "verdicts.js");
const { readCheckpoint } = await module("model", "checkpoint.js");
const { hash } = readCheckpoint(path.join(english, "model"));
const sentences = ratedTexts(path.join(english, "tasks"));

const recordFile = (level) => path.join(english, "naturalness", String(level), "training.json");
const isFinished = (level) => {
  if (!existsSync(recordFile(level))) return false;
  const { from, naturalness, settings } = JSON.parse(readFileSync(recordFile(level), "utf8"));
  return (
    from === hash &&
    naturalness === level / 100 &&
    Object.entries(SETTINGS).every(([name, value]) => settings[name] === value)
  );
};

for (const level of LEVELS) {
  if (isFinished(level)) {
    console.log(`Level ${level} is finished.`);
    continue;
  }
  const work = path.join(build, "naturalness", String(level));
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
  const code = await runNode(path.join(build, "src", "pretraining", "cli.js"), [
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
  const record = JSON.parse(readFileSync(recordFile(level), "utf8"));
  writeFileSync(recordFile(level), `${JSON.stringify({ naturalness: level / 100, ...record }, null, 1)}\n`);
}
