/** What is fuzzed: each reader of files that other programs or people write, with the whole files that its inputs come from. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { NotebookError, prepareNotebook } from "../../environment/tools/report/execute-notebook";
import { notebookHeading } from "../../environment/tools/report/heading";
import { agNewsCsv } from "../../src/archives/ag-news";
import { authorsFileParts } from "../../src/archives/authors-folders";
import { unpackKernels } from "../../src/archives/download-kernels";
import { readKernels } from "../../src/archives/kernel-files";
import { readSafetensors, writeSafetensors } from "../../src/files/safetensors";
import { extractTarFiles } from "../../src/files/tar-files";
import { readTorchFile, readTorchTensor, TorchTensor } from "../../src/files/torch-file";
import { readShardIndex } from "../../src/files/hub";
import { openZip, readStoredRange } from "../../src/files/zip";
import { loadLoraAdapter } from "../../src/finetune/lora-adapter";
import { readCheckpoint } from "../../src/model/checkpoint";
import { loadTokenizer } from "../../src/model/tokenizer";
import {
  injectParameters,
  notebookParameters,
  parseOverrides,
  parseParameters,
  readDefaults,
  type Notebook,
} from "../../src/notebook/parameters";
import { readTensors, writeTensors } from "../../src/store/tensor-file";
import { behaviorCsv, finishedBehavior, finishedRuns } from "../../src/sweep/behavior-rows";
import { readSweeps } from "../../src/sweep/sweep-file";
import { parseSweepCsv, sweepCsv } from "../../src/sweep/sweep-table";
import { customerReviewFiles } from "../../src/tasks/customer-reviews";
import { encodePrompt, labelWordIds } from "../../src/tasks/prompt";
import { readSplit } from "../../src/tasks/split";
import { taskByName, type Task } from "../../src/tasks/task";
import { readTaskFile } from "../../src/tasks/task-file";
import { templateProblem, templateText } from "../../src/tasks/template";
import { behaviorResult } from "../support/behavior-result";
import { root } from "../support/checkout";
import { makeTar } from "../support/make-tar";
import { makeZip, type MadeEntry } from "../support/make-zip";
import { fixturePath, tinyRoberta } from "../support/tiny-roberta";
import { mutatedBytes, mutatedJson, mutatedText, type Chance } from "./mutate";

export interface Target {
  /** How many of a hundred inputs are this target's, roughly: more where more can go wrong. */
  weight: number;
  /** A new input. */
  make(random: Chance): Buffer;
  /** Reads an input from a folder that is empty before; writes nothing outside it. */
  read(input: Buffer, folder: string): unknown;
}

/** Writes a file of the folder and returns its path. */
function put(folder: string, name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
  return path;
}

const fixture = (...parts: string[]): Buffer => readFileSync(fixturePath(...parts));
const json = (original: string) => (random: Chance) => mutatedJson(original, random);
const text = (original: string, words: readonly string[]) => (random: Chance) => mutatedText(original, words, random);

/** A safetensors file: its bytes, its header's values, or its header's length changed. */
function safetensors(original: Buffer): (random: Chance) => Buffer {
  const length = Number(original.readBigUInt64LE());
  const [header, data] = [original.subarray(8, 8 + length), original.subarray(8 + length)];
  return (random) => {
    if (random.below(2) === 0) return mutatedBytes(original, random);
    const changed = mutatedJson(header.toString(), random);
    const size = Buffer.alloc(8);
    size.writeBigUInt64LE(BigInt(changed.length));
    return Buffer.concat([size, changed, random.below(4) === 0 ? mutatedBytes(data, random) : data]);
  };
}

/** An archive with its bytes, one file in it (with a fitting CRC) or its directory changed. */
function zip(entries: readonly MadeEntry[], changes: (name: string) => boolean, random: Chance): Buffer {
  const kind = random.below(3);
  if (kind === 0) return mutatedBytes(makeZip(entries), random);
  if (kind === 1)
    return makeZip(
      entries.map((entry) =>
        changes(entry.name)
          ? random.below(3) === 0
            ? { ...entry, name: mutatedText(entry.name, ["../", "/", "\\", "..", "C:", "\0", "./"], random).toString() }
            : { ...entry, content: mutatedBytes(entry.content, random) }
          : entry,
      ),
    );
  const archive = makeZip(
    entries.map((entry) => ({ ...entry, zip64: random.below(2) === 0 })),
    { zip64End: random.below(2) === 0 },
  );
  const directory = archive.indexOf("PK\x01\x02");
  return Buffer.concat([archive.subarray(0, directory), mutatedBytes(archive.subarray(directory), random)]);
}

function torchEntries(...parts: string[]): MadeEntry[] {
  const archive = openZip(fixturePath("torch", ...parts));
  return [...archive.entries.values()].map((entry) => ({
    name: entry.name,
    content: readStoredRange(archive, entry),
  }));
}

function torchFile(...names: string[][]): (random: Chance) => Buffer {
  const files = names.map((parts) => torchEntries(...parts));
  return (random) => zip(random.pick(files), (name) => name.endsWith("data.pkl"), random);
}

/** A file that one of our own writers makes. */
function written(write: (path: string) => void, name = "written.safetensors"): Buffer {
  const path = join(root, ".cache", `fuzz-${process.pid}`, name);
  mkdirSync(dirname(path), { recursive: true });
  write(path);
  const bytes = readFileSync(path);
  rmSync(dirname(path), { recursive: true });
  return bytes;
}

const TASK: Task = { ...taskByName("sst-2"), missingValues: true };
const CELLS = [
  "\t",
  ",",
  '"',
  '""',
  "\r",
  "\n",
  "\r\n",
  "\ufeff",
  "NaN",
  "nan",
  "0",
  "1",
  "2",
  "1e999",
  "\0",
  "é",
  "\u2028",
];
const PARTS = ["*", "*mask*", "*cls*", "*sep+*", "*sent_0*", "*+sentl_1*", "*sent_99999999999999999999*", "*sentu-_0*"];
const TEMPLATES = [
  ...PARTS,
  "_",
  "'",
  '"',
  "*label_0*",
  "*__proto__*",
  "*sent_-1*",
  "\0",
  "\ud800",
  "*sent-_0*",
  "<mask>",
];
const VALUES = [
  "let ",
  "=",
  ";",
  "//",
  "'",
  '"',
  "[",
  "]",
  "{",
  "}",
  "1e999",
  "_",
  "Infinity",
  "-",
  ".",
  "\n",
  "__proto__",
];

const sweepRow = {
  task: "imdb",
  k: 16,
  seed: 13,
  method: "SGD",
  kind: "fine-tuning" as const,
  input: "prompt" as const,
  setting: { learningRate: 0.1, biases: true },
  dev: 0.5,
  test: 0.5,
  testExamples: 10,
  modelHash: "hash",
};
const behavior = [behaviorResult(), behaviorResult({ seed: 21, setting: { steps: 10 } })];
const notebook = JSON.stringify({
  cells: [
    { cell_type: "markdown", id: "a", metadata: {}, source: ["# Title\n", "**What moves?** The chart. $x^2$\n"] },
    {
      cell_type: "code",
      id: "b",
      metadata: { tags: ["parameters"] },
      source: ["let k = 16; // training examples\n", 'let task: string = "imdb";\n', "let rates = [1e-3, 0.5];"],
      outputs: [],
      execution_count: null,
    },
    { cell_type: "code", id: "c", metadata: { tags: ["injected-parameters"] }, source: "k = 2;", outputs: [] },
  ],
  metadata: { kernelspec: { name: "kernel-view" } },
  nbformat: 4,
  nbformat_minor: 5,
});

function targets(): Record<string, Target> {
  const model = fixturePath("tiny-roberta");
  const tokenizer = loadTokenizer(model);
  const base = tinyRoberta();
  const withModel = (folder: string): void => {
    for (const name of ["config.json", "model.safetensors", "tokenizer.json"])
      if (!existsSync(join(folder, name))) put(folder, name, readFileSync(join(model, name)));
  };
  const archive = [
    { name: "original/", content: "" },
    { name: "original/mr/train.csv", content: "0,a film\n1,great\n".repeat(40) },
    { name: "original/mr/test.csv", content: "0,a film\n" },
    { name: "original/link", type: "2", link: "mr/test.csv" },
  ];
  const kernels: MadeEntry[] = [
    { name: "mr/", content: new Uint8Array() },
    ...["train", "dev"].map((split) => ({
      name: `mr/${split}_kernels_mr.pt`,
      content: fixture("torch", "asymmetric", `${split}_kernels_mr.pt`),
      deflate: split === "dev",
    })),
  ];
  const block = written((path) =>
    writeTensors(path, new Map([["sgd", { dtype: "F64", shape: [2, 2], data: Float64Array.of(1, 2, 3, 4) }]]), {}),
  );
  const kernelFile = written((path) =>
    writeSafetensors(
      path,
      {
        sgd: { dtype: "F64", shape: [2, 1, 2, 1], data: Float64Array.of(1, 2, 3, 4) },
        sgd_by_parameter: { dtype: "F64", shape: [1, 2, 1, 2, 1], data: Float64Array.of(1, 2, 3, 4) },
        labels: { dtype: "I64", shape: [2], data: BigInt64Array.of(0n, 1n) },
        logits: { dtype: "F32", shape: [2, 1], data: Float32Array.of(1, 2) },
      },
      { breakdown: '["all"]' },
    ),
  );
  return {
    safetensors: {
      weight: 12,
      make: safetensors(fixture("safetensors", "dtypes.safetensors")),
      read: (input, folder) => readSafetensors(put(folder, "mutated.safetensors", input)),
    },
    torch: {
      weight: 16,
      make: torchFile(["float32.pt"], ["protocol4.pt"], ["views.pt"], ["dtypes.pt"], ["written.pt"]),
      read(input, folder) {
        const found = readTorchFile(put(folder, "mutated.pt", input));
        const values = Array.isArray(found) ? (found as unknown[]) : [found];
        for (const value of values) if (value instanceof TorchTensor) readTorchTensor(value);
      },
    },
    "authors' kernels": {
      weight: 6,
      make: torchFile(["asymmetric", "train_kernels_mr.pt"], ["margin", "dev_kernels_cr.pt"]),
      read(input, folder) {
        const path = put(folder, "train_kernels_mr.pt", input);
        authorsFileParts(path);
        readKernels(folder, "train");
      },
    },
    "pytorch_model.bin": {
      weight: 4,
      make: torchFile(["state-dict.bin"]),
      read(input, folder) {
        put(folder, "config.json", readFileSync(join(model, "config.json")));
        put(folder, "pytorch_model.bin", input);
        readCheckpoint(folder);
      },
    },
    "zip of kernels": {
      weight: 8,
      make: (random) => zip(kernels, () => random.below(2) === 0, random),
      read: (input, folder) =>
        unpackKernels(put(folder, "archive.zip", input), "archive", join(folder, "unpacked"), {}),
    },
    tar: {
      weight: 8,
      make(random) {
        const names = ["../", "/", "..", "\0", "original/mr/train.csv", "C:", "\\"];
        const own = archive.map((entry) =>
          random.below(4) > 0
            ? entry
            : {
                ...entry,
                name: mutatedText(entry.name, names, random).toString(),
                type: random.pick(["0", "1", "2", "3", "5", "x", "g", "L", "K", "S", "7"]),
                link: random.pick(["", "../../x", "/etc/passwd", "mr/test.csv"]),
                lies: random.below(3) === 0 ? { size: random.pick([0, 1, 511, 2 ** 32, 8 ** 11 - 1]) } : {},
              },
        );
        const tar = makeTar(own, { end: random.below(4) > 0 });
        const bytes = random.below(2) === 0 ? tar : mutatedBytes(tar, random);
        if (random.below(2) === 0) return bytes;
        return random.below(2) === 0 ? mutatedBytes(gzipSync(bytes), random) : gzipSync(bytes);
      },
      read: (input, folder) =>
        extractTarFiles(
          put(folder, "archive.tar", input),
          new Map(
            ["train", "test"].map((split) => [`original/mr/${split}.csv`, join(folder, "unpacked", `${split}.csv`)]),
          ),
        ),
    },
    "stored block": {
      weight: 4,
      make: safetensors(block),
      read: (input, folder) => readTensors(put(folder, "written.safetensors", input)),
    },
    "kernel file": {
      weight: 4,
      make: safetensors(kernelFile),
      read: (input, folder) => {
        put(folder, "train.safetensors", input);
        readKernels(folder, "train");
      },
    },
    "config.json": {
      weight: 8,
      make: json(fixture("tiny-roberta", "config.json").toString()),
      read(input, folder) {
        put(folder, "config.json", input);
        withModel(folder);
        readCheckpoint(folder);
      },
    },
    "tokenizer.json": {
      weight: 8,
      make(random) {
        const kind = random.pick(["tiny-roberta", "tiny-bert"]);
        return mutatedJson(fixture(kind, "tokenizer.json").toString(), random);
      },
      read(input, folder) {
        put(folder, "tokenizer.json", input);
        const own = loadTokenizer(folder);
        for (const sentence of ["", "A great film, <mask>!", "naïve \u{1f600} 中"])
          own.decode(own.encodeText(sentence));
        own.idToToken(own.maskId);
      },
    },
    "adapter_config.json": {
      weight: 2,
      make: json(fixture("peft", "adapter_config.json").toString()),
      read(input, folder) {
        put(folder, "adapter_config.json", input);
        put(folder, "adapter_model.safetensors", fixture("peft", "adapter_model.safetensors"));
        loadLoraAdapter(folder, base).dispose();
      },
    },
    "model.safetensors.index.json": {
      weight: 2,
      make: json('{"metadata":{"total_size":1},"weight_map":{"a":"model-1.safetensors","b":"model-2.safetensors"}}'),
      read: (input, folder) => readShardIndex(put(folder, "model.safetensors.index.json", input)),
    },
    tsv: {
      weight: 3,
      make: text("sentence\tlabel\nthe end\t0\na great film\t1\n", CELLS),
      read(input, folder) {
        put(folder, "train.tsv", input);
        readSplit(folder, "train", TASK, () => undefined);
      },
    },
    csv: {
      weight: 4,
      make: text('0,"a ""film"", they say"\n1,great\n0,nan\n', CELLS),
      read(input, folder) {
        put(folder, "train.csv", input);
        readSplit(folder, "train", { ...taskByName("mr"), missingValues: true }, () => undefined);
      },
    },
    "rows of AG News": {
      weight: 1,
      make: json('{"label":1,"title":"a","description":"b"}'),
      read: (input, folder) => agNewsCsv(input.toString(), folder),
    },
    "custrev.all": {
      weight: 1,
      make: text("0 bad camera\n1 good camera\n0 too heavy\n1 light\n", CELLS),
      read: (input) => customerReviewFiles(input.toString(), 1),
    },
    "task file": {
      weight: 5,
      make: json(
        readFileSync(join(root, "data", "example-task.json"), "utf8").replace('"bad", "good"', '"terrible", "great"'),
      ),
      read(input, folder) {
        const task = readTaskFile(put(folder, "task.json", input));
        const draw = join(folder, "draw");
        const file = task.files?.train ?? "train";
        put(draw, `${file}.${task.format}`, "text\tlabel\nA great film\t0\nThe end\t1\n");
        labelWordIds(task, tokenizer);
        for (const example of readSplit(draw, "train", task, () => undefined)) encodePrompt(example, task, tokenizer);
      },
    },
    template: {
      weight: 3,
      make: text("*cls**sent_0*_It_was*mask*.*sep+*", TEMPLATES),
      read(input) {
        const template = input.toString();
        if (templateProblem(template, 2) === undefined)
          for (const texts of [
            ["A film", ""],
            ["", "\ud800"],
          ])
            encodePrompt({ texts, label: 0, line: 1 }, { ...TASK, template }, tokenizer);
        templateText(template);
      },
    },
    "sweep file": {
      weight: 6,
      make(random) {
        const file = random.pick(["example-sweep.json", "example-behavior.json"]);
        return mutatedJson(readFileSync(join(root, "data", file), "utf8"), random);
      },
      read(input, folder) {
        mkdirSync(join(folder, "english", "tasks", "imdb"), { recursive: true });
        readSweeps(put(folder, "sweep.json", input));
      },
    },
    "results.csv": {
      weight: 2,
      make: text(sweepCsv([sweepRow, { ...sweepRow, error: 'it "diverged"' }]), CELLS),
      read: (input) => parseSweepCsv(input.toString()),
    },
    "behavior.csv": {
      weight: 3,
      make: text(behaviorCsv(behavior), [...CELLS, "{", "}", "yes", "unknown", "__proto__"]),
      read: (input, folder) => finishedBehavior(put(folder, "behavior.csv", input), "hash"),
    },
    "behavior.jsonl": {
      weight: 3,
      make: json(JSON.stringify(behavior[0])),
      read(input, folder) {
        put(folder, "behavior.jsonl", `${JSON.stringify(behavior[1])}\n${input.toString()}\n`);
        behaviorCsv(finishedRuns(folder, "hash"));
      },
    },
    "parameters file": {
      weight: 2,
      make: json('[{"name":"k","value":16,"comment":"training examples"},{"name":"rates","value":[0.1,1]}]'),
      read: (input, folder) => {
        put(join(folder, "defaults"), "own.json", input);
        return readDefaults("own", folder)?.map(({ name, value }) => [name, value]);
      },
    },
    "parameters cell": {
      weight: 3,
      make: text('let k = 16; // training examples\nlet task: string = "imdb";\nlet rates = [1e-3, 0.5];', VALUES),
      read(input) {
        const parameters = parseParameters(input.toString());
        parseOverrides(
          parameters.map(({ name, value }) => `${name}=${JSON.stringify(value)}`),
          parameters,
        );
      },
    },
    notebook: {
      weight: 4,
      make: json(notebook),
      read(input, folder) {
        const file = put(folder, "mutated.ipynb", input);
        prepareNotebook({ file, settings: ["k=2"] });
        const read = JSON.parse(input.toString()) as Notebook;
        const values = Object.fromEntries(notebookParameters(read).map(({ name, value }) => [name, value]));
        injectParameters(read, values);
        notebookHeading(read, "mutated");
      },
    },
  };
}

/** Every target by name, and the kinds of error that mean "refused". */
export function fuzzTargets(): { byName: Record<string, Target>; refusals: (new () => Error)[] } {
  return { byName: targets(), refusals: [NotebookError] };
}
