/**
 * Our logits and SGD kernel against PyTorch's on a random model of roberta-base size, with real SST-2 sentences.
 *
 *   python bench/roberta-base.py model DIR TOKENIZER_DIR
 *   node environment/run.mjs build/bench/roberta-base.js prompts DIR SST2_DIR     (a folder with dev.tsv)
 *   python bench/roberta-base.py oracle DIR
 *   node environment/run.mjs build/bench/roberta-base.js compare DIR SST2_DIR
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { encodeExamples, readExamples } from "../src/experiment/inputs";
import { loadLanguageModel } from "../src/experiment/language-model";
import { promptOutputs } from "../src/experiment/outputs";
import { computeKernel } from "../src/kernels/kernel";
import type { Sequence } from "../src/model/batch";
import { predictLogits } from "../src/model/predict";
import { loadTokenizer } from "../src/model/tokenizer";
import { labelWordIds } from "../src/tasks/prompt";
import { taskByName } from "../src/tasks/task";

const TRAIN = 8;
const EVALUATE = 16;

interface Oracle {
  logits: number[][];
  kernel: number[][];
  seconds: number;
}

const largestDifference = (found: ArrayLike<number>, expected: number[]): number =>
  expected.reduce((worst, value, i) => Math.max(worst, Math.abs(found[i] - value)), 0);

function prompts(directory: string, data: string): Sequence[] {
  const task = taskByName("sst-2");
  const tokenizer = loadTokenizer(directory);
  const { sequences } = encodeExamples(readExamples(data, "dev", task, TRAIN + EVALUATE), task, tokenizer);
  const content = {
    labelWordIds: labelWordIds(task, tokenizer),
    train: sequences.slice(0, TRAIN),
    evaluate: sequences.slice(TRAIN),
  };
  writeFileSync(join(directory, "prompts.json"), JSON.stringify(content));
  return sequences;
}

async function compare(directory: string, data: string): Promise<void> {
  const sequences = prompts(directory, data);
  const oracle = JSON.parse(readFileSync(join(directory, "oracle.json"), "utf8")) as Oracle;
  const { model, tokenizer } = await loadLanguageModel(directory);
  const outputs = promptOutputs(taskByName("sst-2"), tokenizer, "margin");
  const logits = predictLogits(model, outputs.head, sequences);
  const start = performance.now();
  const { kernels } = await computeKernel({
    model,
    outputs,
    train: sequences.slice(0, TRAIN),
    evaluate: sequences.slice(TRAIN),
  });
  const seconds = (performance.now() - start) / 1000;
  const expected = oracle.kernel.flat();
  const scale = Math.max(...expected.map(Math.abs));
  const relative = largestDifference(kernels.get("sgd")!.values, expected) / scale;
  const absolute = largestDifference(logits, oracle.logits.flat());
  process.stdout.write(`logits at the mask: largest difference ${absolute.toExponential(1)}\n`);
  process.stdout.write(
    `SGD kernel ${TRAIN} × ${EVALUATE}: largest difference ${relative.toExponential(1)} of the largest entry\n`,
  );
  process.stdout.write(
    `time: ${seconds.toFixed(1)} s here, ${oracle.seconds.toFixed(1)} s by one backward pass an example in PyTorch\n`,
  );
  if (absolute > 1e-4 || relative > 1e-4) process.exitCode = 1;
}

const [command, directory, data] = process.argv.slice(2);
if (command === "prompts") prompts(directory, data);
else if (command === "compare") void compare(directory, data);
else throw new Error(`unknown command "${command}": prompts or compare`);
