/** One few-shot split measured now, and how it compares with what is stored. */
import { createHash } from "node:crypto";
import { dirname, join } from "node:path";
import { readFewShot } from "../../experiment/inputs";
import { defaultStore } from "../../experiment/remember";
import { taskByName } from "../../tasks/task";
import { hashExamples, measureSplit, protocolOf, type Measurement } from "./measure-split";
import { methodByName } from "./methods";
import { addScore, findScore, openScoreFile, type Score } from "./score-file";
import { taskDataFolder } from "./score-run";

export interface MeasureAgain extends Measurement {
  /** Holds a folder of few-shot splits for each task. */
  data: string;
  task: string;
  k: number;
  seed: number;
  methods: readonly string[];
  testExamples: number;
  /** Keeps results, in folders of their own for each model, protocol and examples. Default: `scores` in the cache. */
  store?: string;
  onProgress?: (progress: { done: number; total: number; reused: number }) => void;
}

/** Measures methods on one split as `npm run score` does; what was measured before with the same protocol, model and examples comes from disk. */
export async function measureAgain({ data, task: name, k, seed, methods, testExamples, store = join(dirname(defaultStore()), "scores"), onProgress, ...measurement }: MeasureAgain): Promise<Score[]> {
  const task = taskByName(name);
  const wanted = methods.map(methodByName);
  const split = { task, k, seed, examples: readFewShot(taskDataFolder(data, task), task, { k, seed, testExamples }) };
  const examples = hashExamples(split, measurement.tokenizer);
  const header = { model: measurement.model.hash, protocol: protocolOf(measurement.budget) };
  const folder = createHash("sha256").update(JSON.stringify([header, examples])).digest("hex").slice(0, 32);
  const file = openScoreFile(join(store, folder), name, header);
  const found = (method: string): Score | undefined => findScore(file, { k, seed, method, examples });
  const missing = wanted.filter((method) => !found(method.name));
  const reused = wanted.length - missing.length;
  let done = reused;
  const report = (): void => onProgress?.({ done, total: wanted.length, reused });
  report();
  await measureSplit(split, missing, measurement, (score) => {
    addScore(file, score);
    done++;
    report();
  });
  return wanted.map((method) => found(method.name)!);
}

/** A stored result beside one measured now, on the same training and development examples. */
export interface Comparison {
  method: string;
  /** Test accuracies, from 0 to 1, and on how many examples. */
  stored: number;
  now: number;
  storedExamples: number;
  nowExamples: number;
  /** Whether development examples chose the same and gave the same accuracy; undefined where they choose nothing. */
  sameChoice?: boolean;
  /** now − stored in standard errors of an accuracy on that many test examples; undefined where that is 0. */
  standardErrors?: number;
}

/** Pairs by method, of the same task, k and seed; methods that are stored for none are left out. */
export function compareScores(stored: readonly Score[], now: readonly Score[]): Comparison[] {
  return now.flatMap((own) => {
    const other = stored.find(({ task, k, seed, method }) => task === own.task && k === own.k && seed === own.seed && method === own.method);
    if (!other) return [];
    const error = Math.sqrt((other.accuracy * (1 - other.accuracy)) / own.testExamples);
    return [
      {
        method: own.method,
        stored: other.accuracy,
        now: own.accuracy,
        storedExamples: other.testExamples,
        nowExamples: own.testExamples,
        sameChoice: own.dev && other.dev ? chosenOf(own) === chosenOf(other) : undefined,
        standardErrors: error > 0 ? (own.accuracy - other.accuracy) / error : undefined,
      },
    ];
  });
}

/** To three digits: a learning rate comes from gradients, whose last digits are the machine's. */
const chosenOf = ({ dev, chosen }: Score): string =>
  JSON.stringify([dev, Object.entries(chosen).sort()], (_, value: unknown) => (typeof value === "number" ? Number(value.toPrecision(3)) : value));
