/** Measures a model on the microworld's tasks, or on real data of the same layout, and writes the closing table. */
import "./scores/one-thread";
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { loadCheckpoint } from "../model/checkpoint";
import { modelFromCheckpoint } from "../model/model";
import { loadTokenizer } from "../model/tokenizer";
import { taskNames } from "../tasks/task";
import { writeCard } from "./card";
import { methods } from "./scores/methods";
import { readScores } from "./scores/score-file";
import { runScores, type ScoreProgress } from "./scores/score-run";
import { scoresMarkdown } from "./scores/score-table";
import { writeText } from "./text-file";
import { minutes } from "./minutes";

const usage = `Measures a model on few-shot tasks; finished results are kept, so that an interrupted run goes on.
  --model DIR     the model (default data/microworld/model)
  --data DIR      holds DIR/<task folder>/<k>-<seed>/{train,dev,test} (default data/microworld/tasks)
  --out DIR       where results and table go (default MODEL/scores)
  --tasks LIST    default: all fourteen. Two processes with tasks of their own may share --out
  --k LIST        examples of each class (default 16,64)
  --seeds LIST    few-shot splits (default 13,21,42,87,100)
  --methods LIST  default: all but the optional ones; known: ${methods.map(({ name, optional }) => (optional ? `[${name}]` : name)).join(", ")}
  --test N        test examples at most (default 1000)
  --table         only write the table of what is there`;

/** What is decided by a list on the command line. */
const list = (text: string): string[] => text.split(",").map((part) => part.trim());

function wholeNumbers(option: string, text: string): number[] {
  return list(text).map((part) => {
    if (!/^\d{1,9}$/.test(part) || Number(part) === 0) throw new Error(`${option} ${text}: whole numbers of at least 1 are needed`);
    return Number(part);
  });
}

function report({ done, total, reused, secondsLeft, score }: ScoreProgress): void {
  const result = score ? `  ${score.task} k=${score.k} seed ${score.seed} ${score.method}: ${(100 * (score.f1 ?? score.accuracy)).toFixed(1)} in ${score.seconds.toFixed(1)} s` : `  ${reused} were there`;
  const left = Number.isNaN(secondsLeft) ? "" : `  ${(secondsLeft / Math.max(1, total - done)).toFixed(1)} s a result, ${minutes(secondsLeft)} left`;
  process.stdout.write(`${done}/${total}${result}${left}\n`);
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      model: { type: "string", default: join("data", "microworld", "model") },
      data: { type: "string", default: join("data", "microworld", "tasks") },
      out: { type: "string" },
      tasks: { type: "string", default: taskNames.join(",") },
      k: { type: "string", default: "16,64" },
      seeds: { type: "string", default: "13,21,42,87,100" },
      methods: { type: "string", default: methods.filter(({ optional }) => !optional).map(({ name }) => name).join(",") },
      test: { type: "string", default: "1000" },
      table: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(`${usage}\n`);
    return;
  }
  const folder = resolve(values.model);
  const out = resolve(values.out ?? join(folder, "scores"));
  if (!values.table) {
    const model = modelFromCheckpoint(await loadCheckpoint(folder));
    const controller = new AbortController();
    process.once("SIGINT", () => controller.abort(new Error("stopped; what was finished is kept, and the same command goes on")));
    await runScores({
      model,
      tokenizer: loadTokenizer(folder),
      data: resolve(values.data),
      out,
      tasks: list(values.tasks),
      ks: wholeNumbers("--k", values.k),
      seeds: wholeNumbers("--seeds", values.seeds),
      methods: list(values.methods),
      testExamples: wholeNumbers("--test", values.test)[0],
      signal: controller.signal,
      onProgress: report,
    });
  }
  const table = scoresMarkdown(readScores(out).scores);
  writeText(join(out, "README.md"), `# Scores\n\n${table}`);
  process.stdout.write(`\n${table}`);
  if (out === resolve(join(folder, "scores")) && existsSync(join(folder, "training.json"))) writeCard(folder);
}

main().catch((error: unknown) => {
  process.stderr.write(`score: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
