/** Trained models on disk, for the test of their files and for check_saved_models.py: node environment/run.mjs build/test/finetune/saved-models.js FOLDER */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fineTune } from "../../src/finetune/fine-tune";
import { saveLoraAdapter } from "../../src/finetune/lora-adapter";
import { saveModel } from "../../src/finetune/save-model";
import type { TrainingSettings } from "../../src/finetune/training-config";
import {
  classifierHead,
  labelWordHead,
  tanhClassifierHead,
  withClassifier,
  withTanhClassifier,
  type Head,
} from "../../src/model/head";
import type { Model } from "../../src/model/model";
import { predictLogits } from "../../src/model/predict";
import { bertOracle, tinyBert } from "../support/tiny-bert";
import { fixturePath, readJson, tinyRoberta, tinyRobertaTied, type Prompt } from "../support/tiny-roberta";

const {
  train: prompts,
  labels,
  labelWordIds,
} = readJson<{ train: Prompt[]; labels: number[]; labelWordIds: number[] }>("tiny-roberta", "oracle-training.json");
const starts = prompts.map(({ ids }) => ({ ids, maskPosition: 0 }));
const bert = labelWordHead(bertOracle.labelWordIds);

/** What Python is to find: logits of the label words at the mask, or of the classifier (linear, or transformers' own) on `<s>`. */
export interface SavedModel {
  kind: "model" | "adapter";
  base: string;
  head: "label words" | "classifier" | "tanh classifier";
  labelWordIds: number[];
  sequences: Prompt[];
  logits: number[];
}

interface Case {
  parameters: TrainingSettings["parameters"];
  kind: SavedModel["kind"];
  model?: () => Model;
  head?: Head;
  tied?: boolean;
  /** Default: tiny-roberta. */
  base?: string;
}

const lora = { rank: 2, alpha: 3, targets: ["attention.self.query", "intermediate.dense"] };
export const CASES: Record<string, Case> = {
  whole: { kind: "model", parameters: "all" },
  tied: {
    kind: "model",
    parameters: "all",
    model: tinyRobertaTied,
    head: labelWordHead(labelWordIds, { tied: true }),
    tied: true,
  },
  bitfit: { kind: "model", parameters: "bitfit" },
  merged: { kind: "model", parameters: { lora } },
  classifier: {
    kind: "model",
    parameters: "all",
    model: () => withClassifier(tinyRoberta(), 2, 1),
    head: classifierHead,
  },
  tanh: {
    kind: "model",
    parameters: "all",
    model: () => withTanhClassifier(tinyRoberta(), 2, 1),
    head: tanhClassifierHead,
  },
  adapter: { kind: "adapter", parameters: { lora: { ...lora, head: false } } },
  "adapter-head": { kind: "adapter", parameters: { lora } },
  bert: { kind: "model", parameters: "all", model: tinyBert, head: bert, base: "tiny-bert" },
  "bert-adapter": { kind: "adapter", parameters: { lora }, model: tinyBert, head: bert, base: "tiny-bert" },
  "adapter-classifier": {
    kind: "adapter",
    parameters: { lora },
    model: () => withClassifier(tinyRoberta(), 2, 1),
    head: classifierHead,
  },
};

/** Trains each case for a few steps and saves it under its name in the folder, with `expected.json`. */
export async function saveTrainedModels(folder: string): Promise<void> {
  for (const [
    name,
    {
      kind,
      parameters,
      model = tinyRoberta,
      head = labelWordHead(labelWordIds),
      tied,
      base: baseName = "tiny-roberta",
    },
  ] of Object.entries(CASES)) {
    const directory = join(folder, name);
    const headName =
      head === classifierHead ? "classifier" : head === tanhClassifierHead ? "tanh classifier" : "label words";
    const sequences = headName === "label words" ? (head === bert ? bertOracle.train : prompts) : starts;
    const base = fixturePath(baseName);
    const data = { sequences, labels };
    const tuned = await fineTune({
      model: model(),
      head,
      train: data,
      dev: data,
      optimizer: "adamw",
      learningRate: 0.02,
      steps: 4,
      batchSize: 2,
      keep: "last",
      parameters,
      seed: 2,
    });
    if (kind === "model") saveModel(directory, tuned.model, { source: base, tied });
    else saveLoraAdapter(directory, tuned.model, { baseModel: base, trained: tuned.trained });
    const saved: SavedModel = {
      kind,
      base,
      head: headName,
      labelWordIds: head === bert ? bertOracle.labelWordIds : labelWordIds,
      sequences,
      logits: [...predictLogits(tuned.model, head, sequences)],
    };
    mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, "expected.json"), JSON.stringify(saved));
    tuned.dispose();
  }
}

if (require.main === module) void saveTrainedModels(process.argv[2]);
