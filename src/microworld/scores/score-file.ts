/** Finished measurements of one task: a file of JSON lines that grows by one line a result. */
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { writeText } from "../text-file";

/** One method on one few-shot split of a task. */
export interface Score {
  task: string;
  k: number;
  /** Of the few-shot split. */
  seed: number;
  method: string;
  /** On the test examples, from 0 to 1. */
  accuracy: number;
  /** Of class 1, for tasks whose metric it is. */
  f1?: number;
  /** On the development examples, where they chose something. */
  dev?: { accuracy: number; f1?: number };
  /** What the development examples chose, and what else there is to know. */
  chosen: Record<string, number | string>;
  testExamples: number;
  /** Hash of the examples as the model reads them. */
  examples: string;
  seconds: number;
}

/** The first line of a file. */
interface Header {
  format: "kernel-view scores 1";
  task: string;
  /** Hash of the model's weights and configuration. */
  model: string;
  /** How hyperparameters are chosen. */
  protocol: string;
}

export interface ScoreFile {
  path: string;
  scores: Score[];
}

const FORMAT = "kernel-view scores 1";
const fileOf = (directory: string, task: string): string => join(directory, `${task}.jsonl`);

/**
 * Opens a task's file of measurements of one model; makes it if there is none. A last line that was cut off is dropped.
 *
 * @throws if the file belongs to another model or protocol, or a line is damaged
 */
export function openScoreFile(directory: string, task: string, { model, protocol }: Pick<Header, "model" | "protocol">): ScoreFile {
  const path = fileOf(directory, task);
  mkdirSync(directory, { recursive: true });
  const header: Header = { format: FORMAT, task, model, protocol };
  if (!existsSync(path)) writeText(path, `${JSON.stringify(header)}\n`);
  const text = readFileSync(path, "utf8");
  const whole = text.slice(0, text.lastIndexOf("\n") + 1);
  if (whole !== text) writeText(path, whole || `${JSON.stringify(header)}\n`);
  const { header: found, scores } = parse(path, whole || JSON.stringify(header));
  if (found.model !== model) {
    throw new Error(`${path} holds measurements of another model (${found.model.slice(0, 12)}…, not ${model.slice(0, 12)}…): choose another folder with --out, or remove it`);
  }
  if (found.protocol !== protocol) {
    throw new Error(`${path} holds measurements with other ways to choose hyperparameters (${found.protocol}, not ${protocol}): choose another folder with --out, or remove it`);
  }
  return { path, scores };
}

/** Adds a result, on disk first. */
export function addScore(file: ScoreFile, score: Score): void {
  appendFileSync(file.path, `${JSON.stringify(score)}\n`);
  file.scores.push(score);
}

/**
 * A result that is there already.
 *
 * @throws if it was measured on other examples
 */
export function findScore({ path, scores }: ScoreFile, wanted: Pick<Score, "k" | "seed" | "method" | "examples">): Score | undefined {
  const found = scores.find(({ k, seed, method }) => k === wanted.k && seed === wanted.seed && method === wanted.method);
  if (found && found.examples !== wanted.examples) {
    throw new Error(`${path} has ${wanted.method} for k = ${wanted.k}, seed ${wanted.seed} on other examples: the data or --test have changed; choose another folder with --out, or remove the file`);
  }
  return found;
}

/** All measurements in a folder, in the order of its files; what another process is writing may lack its last line. */
export function readScores(directory: string): { model: string; scores: Score[] } {
  const files = existsSync(directory) ? readdirSync(directory).filter((name) => name.endsWith(".jsonl")).sort() : [];
  const parsed = files.map((name) => {
    const text = readFileSync(join(directory, name), "utf8");
    return parse(join(directory, name), text.slice(0, text.lastIndexOf("\n") + 1));
  });
  const models = new Set(parsed.map(({ header }) => header.model));
  if (models.size > 1) throw new Error(`${directory} holds measurements of ${models.size} models: keep one folder for each`);
  return { model: parsed[0]?.header.model ?? "", scores: parsed.flatMap(({ scores }) => scores) };
}

function parse(path: string, text: string): { header: Header; scores: Score[] } {
  const lines = text.split("\n").filter((line) => line !== "");
  const values = lines.map((line, i): unknown => {
    try {
      return JSON.parse(line);
    } catch {
      throw new Error(`${path}, line ${i + 1} is damaged: remove the line, and it is measured again`);
    }
  });
  const header = values[0] as Header | undefined;
  if (header?.format !== FORMAT || typeof header.model !== "string") throw new Error(`${path} is not a file of measurements: its first line has no format ${JSON.stringify(FORMAT)}`);
  return { header, scores: values.slice(1) as Score[] };
}
