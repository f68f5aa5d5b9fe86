import { after, describe, test } from "node:test";
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encodeExamples, readExamples } from "../../src/experiment/inputs";
import { readKernels } from "../../src/archives/kernel-files";
import { promptOutputs } from "../../src/experiment/outputs";
import { solveKernels } from "../../src/experiment/solve-kernels";
import { computeKernel } from "../../src/kernels/kernel";
import { kernelError } from "../../src/kernels/kernel-tensor";
import { readSafetensors, writeSafetensors } from "../../src/files/safetensors";
import { loadTokenizer } from "../../src/model/tokenizer";
import { solveLeastSquares } from "../../src/solvers/least-squares";
import { accuracy } from "../../src/solvers/metrics";
import { taskByName } from "../../src/tasks/task";
import { assertAllclose } from "../support/allclose";
import { fixturePath, tinyRoberta } from "../support/tiny-roberta";

const root = join(__dirname, "..", "..", "..");
const folder = mkdtempSync(join(tmpdir(), "kernel-view-cli-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const at = (...parts: string[]): string => join(folder, ...parts);

/** Runs the command as a process, as a shell does. */
function run(
  args: string[],
  env: Record<string, string> = {},
): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(
    process.execPath,
    [join(root, "environment", "run.mjs"), join(root, "build", "src", "cli.js"), ...args],
    {
      encoding: "utf8",
      env: { ...process.env, KERNEL_VIEW_CACHE: at("cache"), HF_HUB_OFFLINE: "1", KERNEL_VIEW_DEBUG: "", ...env },
    },
  );
}

const model = fixturePath("tiny-roberta");
const task = taskByName("sst-2");
const sentences = ["it is a great film", "the film is ham", "a film", "okay it was great", "the end", "great ham"];
const table = (rows: string[]): string =>
  `sentence\tlabel\n${rows.map((text, i) => `${text}\t${i < rows.length / 2 ? 0 : 1}\n`).join("")}`;
mkdirSync(at("data"));
writeFileSync(at("data", "train.tsv"), table(sentences.slice(0, 4)));
writeFileSync(at("data", "dev.tsv"), table(sentences.slice(2, 5)));
writeFileSync(at("data", "test.tsv"), table(sentences));

const exampleTask = join(root, "data", "example-task.json");
const ownTask = (out: string, file: string): string[] => [
  "kernel",
  "--model",
  model,
  "--task-file",
  file,
  "--data",
  at("data"),
  "--out",
  at(out),
];
const splitsArguments = (out: string, ...more: string[]): string[] => [
  "splits",
  "--task",
  "sst-2",
  "--original",
  at("full"),
  "--out",
  at(out),
  ...more,
];
const kernelArguments = (out: string, ...more: string[]): string[] => [
  "kernel",
  "--model",
  model,
  "--task",
  "sst-2",
  "--data",
  at("data"),
  "--out",
  at(out),
  ...more,
];

describe("kernel-view kernel and solve", () => {
  test("writes a file a split with the authors' axes, labels, logits and provenance", async () => {
    const { status, stdout, stderr } = run(kernelArguments("out", "--formulas", "sgd,signgd"));
    assert.equal(status, 0, stderr);
    const paths = ["train", "dev", "test"].map((split) => at("out", `${split}.safetensors`));
    assert.equal(stdout, paths.map((path) => `${path}\n`).join(""));
    assert.deepEqual(readdirSync(at("out")).sort(), ["dev.safetensors", "test.safetensors", "train.safetensors"]);

    const tokenizer = loadTokenizer(model);
    const [train, testing] = (["train", "test"] as const).map((split) =>
      encodeExamples(readExamples(at("data"), split, task), task, tokenizer),
    );
    const outputs = promptOutputs(task, tokenizer);
    const expected = await computeKernel({
      model: tinyRoberta(),
      outputs,
      train: train.sequences,
      evaluate: testing.sequences,
    });
    const { tensors, metadata } = readSafetensors(paths[2]);
    assert.deepEqual([...tensors.keys()].sort(), ["labels", "logits", "sgd", "signgd"]);
    const describe = (name: string) => [tensors.get(name)?.dtype, tensors.get(name)?.shape];
    assert.deepEqual(describe("sgd"), ["F64", [4, 2, 6, 2]]);
    assert.deepEqual(describe("signgd"), ["F64", [4, 2, 6, 2]]);
    assert.deepEqual(describe("labels"), ["I64", [6]]);
    assert.deepEqual(describe("logits"), ["F32", [6, 2]]);
    assert.deepEqual(tensors.get("labels")?.data, BigInt64Array.from([0n, 0n, 0n, 1n, 1n, 1n]));
    assertAllclose(tensors.get("sgd")?.data as Float64Array, expected.kernels.get("sgd")!.values, { relative: 1e-5 });
    assertAllclose(tensors.get("logits")?.data as Float32Array, expected.evaluateLogits.values, { absolute: 1e-5 });
    assert.equal(metadata.modelHash, tinyRoberta().hash);
    assert.deepEqual(
      [metadata.task, metadata.outputs, metadata.split, metadata.decoder],
      ["sst-2", "logits", "test", "untied"],
    );
    for (const field of ["package", "node", "tensorflow", "cpu", "time", "template", "labelWords", "data"])
      assert.ok(metadata[field], field);

    const kernel = readSafetensors(paths[0]).tensors.get("sgd")?.data as Float64Array;
    for (let i = 0; i < 8; i++)
      for (let j = 0; j < i; j++) assert.equal(kernel[i * 8 + j], kernel[j * 8 + i], "train × train is symmetric");
  });

  test("projects gradients, prints the error against the exact kernel, and keeps both in the file", () => {
    const { status, stderr } = run(
      kernelArguments(
        "projected",
        "--split",
        "train",
        "--projection",
        "500",
        "--projection-kind",
        "gaussian",
        "--projection-seed",
        "3",
        "--projection-check",
        "4",
      ),
    );
    assert.equal(status, 0, stderr);
    const [found, exact] = ["projected", "out"].map((name) => readSafetensors(at(name, "train.safetensors")));
    const [values, expected] = [found, exact].map(({ tensors }) => tensors.get("sgd")!.data as Float64Array);
    const { frobenius, largest } = kernelError(values, expected);
    assert.ok(frobenius > 1e-4 && frobenius < 0.3, `error ${frobenius}`);
    const printed =
      /error of the projection in Frobenius norm: sgd (\S+) \(largest entry (\S+)\), on 4 training examples/.exec(
        stderr,
      );
    // Printed with two digits.
    assertAllclose(printed!.slice(1, 3).map(Number), [frobenius, largest], { relative: 0.06 });
    assert.equal(found.metadata.projection, "gaussian, dimension 500, seed 3");
    assert.match(found.metadata.projectionError, /^sgd .* on 4 training examples$/);
    assert.equal(exact.metadata.projection, undefined);
    const wrong = run(kernelArguments("wrong", "--projection-check", "4"));
    assert.notEqual(wrong.status, 0);
    assert.match(wrong.stderr, /give --projection too/);
  });

  test("solve prints the accuracies of the least-squares solution", () => {
    const { status, stdout, stderr } = run([
      "solve",
      "--kernels",
      at("out"),
      "--solver",
      "lstsq",
      "--f0",
      "100,inf",
      "--regularization",
      "0.01",
      "--json",
    ]);
    assert.equal(status, 0, stderr);
    const printed = JSON.parse(stdout);
    const [train, testing] = ["train", "test"].map(
      (split) => readSafetensors(at("out", `${split}.safetensors`)).tensors,
    );
    const kernel = (of: typeof train) => ({
      values: of.get("sgd")!.data as Float64Array,
      shape: of.get("sgd")!.shape as [number, number, number, number],
    });
    const logits = (of: typeof train) => ({
      values: of.get("logits")!.data as Float32Array,
      shape: of.get("logits")!.shape as [number, number],
    });
    const labels = (of: typeof train) => Array.from(of.get("labels")!.data as BigInt64Array, Number);
    [100, Infinity].forEach((f0, i) => {
      const predictions = solveLeastSquares({
        ...{
          train: kernel(train),
          evaluate: kernel(testing),
          trainLabels: labels(train),
          trainLogits: logits(train),
          evaluateLogits: logits(testing),
        },
        ...{ f0, regularization: 0.01 },
      });
      assert.equal(printed.results[i].f0, f0 === Infinity ? "inf" : f0);
      assert.equal(printed.results[i].test.accuracy, accuracy(predictions, labels(testing)));
      assert.deepEqual(Object.keys(printed.results[i]), ["regularization", "f0", "train", "dev", "test"]);
    });
    assert.match(
      run(["solve", "--kernels", at("out")]).stdout,
      /accuracy in percent[\s\S]*train +dev +test[\s\S]*100\.0/,
    );
  });

  test("solve knows every solver, chooses on dev, averages over folders and draws the grid", () => {
    const more = ["--outputs", "margin", "--formulas", "sgd,asymmetric_signgd,asymmetric_signgd_flipped"];
    const { status, stderr } = run(kernelArguments("solvers", ...more));
    assert.equal(status, 0, stderr);
    const solve = (...args: string[]) => {
      const { status: code, stdout, stderr: errors } = run(["solve", "--kernels", at("solvers"), ...args]);
      assert.equal(code, 0, errors);
      return stdout;
    };
    const asym = JSON.parse(
      solve("--solver", "asym", "--f0", "10,inf", "--gamma", "1,2", "--lambda", "0,0.5,1", "--json"),
    );
    assert.equal(asym.formula, "asymmetric_signgd");
    assert.equal(asym.results.length, 12);
    assert.deepEqual(Object.keys(asym.results[0]), ["regularization", "gamma", "lambda", "f0", "train", "dev", "test"]);
    assert.equal(
      asym.best.dev.accuracy,
      Math.max(...asym.results.map((one: { dev: { accuracy: number } }) => one.dev.accuracy)),
    );
    const splits = { train: readKernels(at("solvers"), "train"), test: readKernels(at("solvers"), "test") };
    const [expected] = solveKernels(splits, [{ regularization: 0, f0: 10, gamma: 2, lambda: 0.5 }], undefined, {
      solver: "asym",
    });
    assert.deepEqual(
      asym.results.find(
        (one: { gamma: number; lambda: number; f0: unknown }) => one.gamma === 2 && one.lambda === 0.5 && one.f0 === 10,
      ).test,
      expected.scores.test,
    );

    assert.match(
      solve("--solver", "svr", "--f0", "10", "--regularization", "0,0.1"),
      /sgd kernel, svr[\s\S]*\nbest on dev: regularization (0|0\.1), f0 10/,
    );
    assert.match(solve("--solver", "svc", "--metric", "f1"), /svc: f1 in percent/);
    const { stdout } = run([
      "solve",
      "--kernels",
      at("solvers"),
      at("solvers"),
      "--chart",
      at("grid.svg"),
      "--f0",
      "10,inf",
    ]);
    const share = /\ntest: (\d+\.\d) \(0\.0\)$/m.exec(stdout)?.[1];
    assert.ok(share && stdout.includes(` ${share}\n`), stdout);
    assert.match(readFileSync(at("grid.svg"), "utf8"), /^<svg[\s\S]*best on dev/);
    solve("--chart", at("grid.json"));
    assert.match(JSON.parse(readFileSync(at("grid.json"), "utf8")).$schema, /vega-lite\/v5/);
  });

  test("margin, limit, tied decoder, other label words and template", () => {
    const options = [
      "--outputs",
      "margin",
      "--limit",
      "2",
      "--tied",
      "--label-words",
      "okay,great",
      "--template",
      "*cls**mask*:*+sent_0**sep+*",
      "--split",
      "train",
    ];
    const { status, stderr } = run(kernelArguments("margin", ...options));
    assert.equal(status, 0, stderr);
    assert.deepEqual(readdirSync(at("margin")), ["train.safetensors"]);
    const { tensors, metadata } = readSafetensors(at("margin", "train.safetensors"));
    assert.deepEqual(tensors.get("sgd")?.shape, [2, 1, 2, 1]);
    assert.deepEqual(
      tensors.get("labels")?.data,
      BigInt64Array.from([0n, 1n]),
      "taken evenly, so both labels are there",
    );
    assert.deepEqual([metadata.labelWords, metadata.decoder], ["okay,great", "tied to the word embeddings"]);
    assert.equal(run(["solve", "--kernels", at("margin"), "--f0", "100", "--json"]).status, 0);
  });

  test("limits in tokens change the prompts, and with them the kernel's blocks", () => {
    const some = ["--split", "train", "--limit", "2"];
    const kernelOf = (name: string, ...limits: string[]) => {
      const { status, stderr } = run(kernelArguments(name, ...some, ...limits));
      assert.equal(status, 0, stderr);
      const { tensors, metadata } = readSafetensors(at(name, "train.safetensors"));
      return { stderr, limits: metadata.limits, values: tensors.get("sgd")!.data };
    };
    const whole = kernelOf("whole");
    const cut = kernelOf("cut", "--first-sentence-limit", "1");
    assert.deepEqual([whole.limits, cut.limits], ["128,none,none", "128,1,none"]);
    assert.notDeepEqual(cut.values, whole.values);
    assert.match(
      cut.stderr,
      /2 of 2 examples .* lose their end.*--max-length, --first-sentence-limit, --other-sentence/,
    );
    assert.deepEqual(kernelOf("longer", "--max-length", "200", "--other-sentence-limit", "3").values, whole.values);
    const none = run(kernelArguments("none", ...some, "--max-length", "3"));
    assert.equal(none.status, 1);
    assert.match(none.stderr, /beyond the longest length 3: set a smaller firstSentenceLimit .* or a larger maxLength/);
  });

  test("a second run takes its blocks from disk and writes the same numbers", () => {
    const before = readSafetensors(at("out", "test.safetensors")).tensors.get("sgd")?.data;
    const { status, stderr } = run(kernelArguments("again", "--formulas", "sgd,signgd"));
    assert.equal(status, 0, stderr);
    assert.match(stderr, /(\d+) of \1 blocks from disk in/);
    assert.deepEqual(readSafetensors(at("again", "test.safetensors")).tensors.get("sgd")?.data, before);
  });
});

describe("a task of one's own", () => {
  test("kernel --task-file takes its prompt and label words", () => {
    const shipped = (...parts: string[]): string => join(root, "data", "english", ...parts);
    const args = [
      "kernel",
      "--task-file",
      exampleTask,
      "--model",
      shipped("model"),
      "--data",
      shipped("tasks", "movies-2", "16-13"),
      "--split",
      "train",
      "--limit",
      "2",
      "--out",
      at("own"),
    ];
    const { status, stderr } = run(args);
    assert.equal(status, 0, stderr);
    const { metadata } = readSafetensors(at("own", "train.safetensors"));
    assert.deepEqual(
      [metadata.task, metadata.labelWords, metadata.template],
      ["film-reviews", "bad,good", "*cls**sent_0*_All_in_all*mask*.*sep+*"],
    );
  });
});

describe("kernel-view splits", () => {
  const rows = Array.from({ length: 1200 }, (_, i) => `a "film" ${i}\t${i % 2}\n`);
  const folders = (...parts: string[]): string[] => readdirSync(at(...parts)).sort();
  mkdirSync(at("full", "SST-2"), { recursive: true });
  writeFileSync(at("full", "SST-2", "train.tsv"), `sentence\tlabel\n${rows.slice(0, 100).join("")}`);
  writeFileSync(at("full", "SST-2", "dev.tsv"), `sentence\tlabel\n${rows.join("")}`);

  test("writes a folder for each seed, the authors' five and 16 shots if not told otherwise, and prints its path", () => {
    const { status, stdout, stderr } = run(splitsArguments("few"));
    assert.equal(status, 0, stderr);
    assert.equal(stderr, "");
    assert.deepEqual(
      stdout.trim().split("\n"),
      [100, 13, 21, 42, 87].map((seed) => at("few", "SST-2", `16-${seed}`)),
    );
    assert.deepEqual(
      folders("few", "SST-2"),
      ["16-100", "16-13", "16-21", "16-42", "16-87"],
      "no temporary folder is left",
    );
    const sizes = (seed: number): number[] =>
      (["train", "dev", "test"] as const).map(
        (split) => readExamples(at("few", "SST-2", `16-${seed}`), split, task).length,
      );
    assert.deepEqual(sizes(13), [32, 32, 1000]);
    const test13 = readFileSync(at("few", "SST-2", "16-13", "test.tsv"));
    assert.ok(
      test13.equals(readFileSync(at("few", "SST-2", "16-87", "test.tsv"))),
      "the same test examples for every seed",
    );
  });

  test("the task's own folder, other numbers, all test examples; all tasks that are there", () => {
    assert.equal(
      run(
        splitsArguments(
          "more",
          "--original",
          at("full", "SST-2"),
          "--k",
          "3",
          "--seed",
          "7, 0",
          "--test-examples",
          "inf",
        ),
      ).status,
      0,
    );
    assert.deepEqual(folders("more", "SST-2"), ["3-0", "3-7"]);
    assert.ok(
      readFileSync(at("more", "SST-2", "3-7", "test.tsv")).equals(readFileSync(at("full", "SST-2", "dev.tsv"))),
    );
    const { status, stderr } = run(splitsArguments("every", "--task", "all", "--seed", "13", "--k", "30"));
    assert.equal(status, 0);
    assert.match(
      stderr,
      /left out, for want of a folder in .*full: sst-5, mr, cr, mpqa, subj, trec, ag_news, MNLI, SNLI, QNLI, RTE, MRPC, QQP\n/,
    );
    assert.match(stderr, /30-13.dev\.tsv has 20 of 30 examples of label 0\n/);
    assert.deepEqual(folders("every"), ["SST-2"]);
  });

  test("a task of one's own", () => {
    const { status, stderr } = run([
      "splits",
      "--task-file",
      exampleTask,
      "--original",
      at("own-data"),
      "--k",
      "2",
      "--seed",
      "1",
      "--out",
      at("own-splits"),
    ]);
    assert.deepEqual([status, stderr.includes("own-data does not exist")], [1, true]);
    mkdirSync(at("own-data"));
    for (const split of ["train", "test"])
      writeFileSync(at("own-data", `${split}.tsv`), `sentence\tlabel\n${rows.slice(0, 10).join("")}`);
    assert.equal(
      run([
        "splits",
        "--task-file",
        exampleTask,
        "--original",
        at("own-data"),
        "--k",
        "2",
        "--seed",
        "1",
        "--out",
        at("own-splits"),
      ]).status,
      0,
    );
    assert.deepEqual(folders("own-splits", "movies-2", "2-1"), ["dev.tsv", "test.tsv", "train.tsv"]);
  });

  test("again the same: nothing is touched; other contents are not overwritten", () => {
    const file = at("few", "SST-2", "16-13", "train.tsv");
    const before = statSync(file).mtimeMs;
    assert.equal(run(splitsArguments("few", "--seed", "13")).status, 0);
    assert.equal(statSync(file).mtimeMs, before);
    writeFileSync(file, "my notes\n");
    const { status, stderr } = run(splitsArguments("few", "--seed", "13"));
    assert.equal(status, 1);
    assert.match(stderr, /16-13 is there already with another train\.tsv: remove it, or choose another folder/);
    assert.equal(readFileSync(file, "utf8"), "my notes\n");
  });
});

describe("bad input gives one clear line and exit code 1", () => {
  /** A copy of the tiny model with one file changed. */
  const brokenModel = (name: string, change: (path: string) => void): string => {
    cpSync(model, at(name), { recursive: true });
    change(at(name));
    return at(name);
  };
  const withTensor = (path: string, name: string, value: number): void => {
    const { tensors, metadata } = readSafetensors(join(path, "model.safetensors"));
    (tensors.get(name)!.data as Float32Array)[3] = value;
    writeSafetensors(join(path, "model.safetensors"), tensors, metadata);
  };
  const truncate = (path: string): void => writeFileSync(path, readFileSync(path).subarray(0, -100));
  /** Makes the header claim another shape than the data has. */
  const lie = (path: string): void => {
    const bytes = readFileSync(path);
    const text = bytes
      .toString("latin1")
      .replace(/"shape":\[(\d)/, (_, digit: string) => `"shape":[${(Number(digit) % 9) + 1}`);
    writeFileSync(path, Buffer.from(text, "latin1"));
  };

  const cases: [name: string, args: () => string[], message: RegExp][] = [
    [
      "no such data folder",
      () => kernelArguments("x", "--data", at("nowhere")),
      /data folder .*nowhere does not exist/,
    ],
    [
      "no such split file",
      () => (mkdirSync(at("empty")), kernelArguments("x", "--data", at("empty"))),
      /empty has no train\.tsv, which task sst-2 is read from/,
    ],
    ["no such model", () => kernelArguments("x", "--model", at("no-model")), /no-model/],
    [
      "no task",
      () => kernelArguments("x").filter((argument) => !["--task", "sst-2"].includes(argument)),
      /which task\? give --task NAME, or --task-file FILE/,
    ],
    [
      "a task and a task file",
      () => kernelArguments("x", "--task-file", exampleTask),
      /--task and --task-file exclude each other/,
    ],
    ["a task file that is not there", () => ownTask("x", at("none.json")), /task file .*none\.json does not exist/],
    [
      "a malformed task file",
      () => (writeFileSync(at("bad.json"), '{"name":"x","format":"csv"}'), ownTask("x", at("bad.json"))),
      /bad\.json: header: is missing/,
    ],
    [
      "splits of no folder",
      () => splitsArguments("x", "--original", at("nowhere")),
      /--original .*nowhere does not exist/,
    ],
    [
      "splits of a folder without the task",
      () => splitsArguments("x", "--original", at("empty"), "--task", "mr"),
      /empty has neither a folder mr nor train\.csv/,
    ],
    [
      "splits of a folder without any task",
      () => splitsArguments("x", "--original", at("empty"), "--task", "all"),
      /empty has none of the folders SST-2, sst-5, mr/,
    ],
    [
      "splits into a file",
      () => (writeFileSync(at("file"), ""), splitsArguments("file")),
      /--out .*file is a file: give a folder/,
    ],
    ["unknown task", () => kernelArguments("x", "--task", "sst-3"), /no task "sst-3"; known: sst-2/],
    [
      "template without a mask",
      () => kernelArguments("x", "--template", "*cls**sent_0**sep+*"),
      /template .* has no \*mask\*/,
    ],
    [
      "label word of several tokens",
      () => kernelArguments("x", "--label-words", "terrible,wonderful"),
      /label word "wonderful" is \d tokens/,
    ],
    [
      "one label word for two labels",
      () => kernelArguments("x", "--label-words", "great"),
      /2 labels but 1 label words/,
    ],
    [
      "truncated weights",
      () =>
        kernelArguments(
          "x",
          "--model",
          brokenModel("truncated", (path) => truncate(join(path, "model.safetensors"))),
        ),
      /truncated.*model\.safetensors/,
    ],
    [
      "lying weights",
      () =>
        kernelArguments(
          "x",
          "--model",
          brokenModel("lying", (path) => lie(join(path, "model.safetensors"))),
        ),
      /lying.*model\.safetensors/,
    ],
    [
      "NaN weights",
      () =>
        kernelArguments(
          "x",
          "--model",
          brokenModel("nan", (path) => withTensor(path, "roberta.encoder.layer.0.output.dense.weight", NaN)),
        ),
      /roberta\.encoder\.layer\.0\.output\.dense\.weight.*NaN/,
    ],
    [
      "no tokenizer",
      () =>
        kernelArguments(
          "x",
          "--model",
          brokenModel("mute", (path) => rmSync(join(path, "tokenizer.json"))),
        ),
      /tokenizer\.json does not exist/,
    ],
    [
      "output folder that is a file",
      () => (writeFileSync(at("file"), ""), kernelArguments("file")),
      /--out .*file is a file: give a folder/,
    ],
    [
      "kernels that are not there",
      () => ["solve", "--kernels", at("nowhere")],
      /nowhere.*train\.safetensors does not exist/,
    ],
    [
      "a formula that was not computed",
      () => ["solve", "--kernels", at("margin"), "--formula", "signgd"],
      /signgd kernel was not computed; there is: sgd/,
    ],
    [
      "truncated kernels",
      () => (
        cpSync(at("out"), at("cut"), { recursive: true }),
        truncate(at("cut", "dev.safetensors")),
        ["solve", "--kernels", at("cut")]
      ),
      /cut.*dev\.safetensors/,
    ],
    [
      "lying kernels",
      () => (
        cpSync(at("out"), at("lie"), { recursive: true }),
        lie(at("lie", "dev.safetensors")),
        ["solve", "--kernels", at("lie")]
      ),
      /lie.*dev\.safetensors/,
    ],
  ];
  for (const [name, args, message] of cases) {
    test(name, () => {
      const { status, stdout, stderr } = run(args());
      assert.equal(status, 1, stderr);
      assert.equal(stdout, "");
      assert.match(stderr, message);
      assert.equal(stderr.trimEnd().split("\n").length, 1, stderr);
      assert.doesNotMatch(stderr, /\n\s+at /);
      assert.ok(!existsSync(at("x")), "nothing is written");
    });
  }

  const options: [args: () => string[], message: RegExp][] = [
    [
      () => kernelArguments("x", "--formulas", "sgd,adam"),
      /'--formulas <names>' argument 'sgd,adam' is invalid\. "adam" is not one of sgd, signgd/,
    ],
    [() => kernelArguments("x", "--outputs", "margins"), /'margins' is invalid\. Allowed choices are logits, margin/],
    [() => kernelArguments("x", "--split", "train,valid"), /"valid" is not one of train, dev, test/],
    [() => kernelArguments("x", "--limit", "0"), /"0" is not a whole number of at least 1/],
    [
      () => ["solve", "--kernels", at("out"), "--solver", "svm"],
      /'svm' is invalid\. Allowed choices are lstsq, asym, logistic, svc, svr/,
    ],
    [() => ["solve", "--kernels", at("solvers"), "--solver", "asym"], /asym mixes two predictors: give λ \(lambda\)/],
    [
      () => ["solve", "--kernels", at("solvers"), "--solver", "asym", "--lambda", "1", "--formula", "sgd"],
      /asym is for the asymmetric_signgd kernel, not sgd/,
    ],
    [
      () => ["solve", "--kernels", at("solvers"), "--solver", "svr", "--formula", "asymmetric_signgd"],
      /svr needs a symmetric kernel/,
    ],
    [
      () => ["solve", "--kernels", at("solvers"), "--solver", "logistic", "--f0", "10"],
      /logistic does not use the pretrained logits/,
    ],
    [
      () => ["solve", "--kernels", at("solvers"), "--gamma", "1"],
      /γ \(gamma\) belongs to the solver asym, not to lstsq/,
    ],
    [
      () => ["solve", "--kernels", at("solvers"), "--multi-class", "authors"],
      /multi-class option belongs to the solver logistic, not to lstsq/,
    ],
    [
      () => ["solve", "--kernels", at("solvers"), "--chart", "grid.png"],
      /--chart grid\.png: the name must end in \.json \(Vega-Lite\) or \.svg/,
    ],
    [
      () => ["solve", "--kernels", at("margin"), at("margin")],
      /margin has no kernels of the dev or of the test examples: several folders need both/,
    ],
    [() => ["solve", "--kernels", at("out"), "--f0", "0"], /"0" is not a number of at least/],
    [() => ["solve", "--kernels", at("out"), "--regularization", "-1"], /"-1" is not a number of at least 0/],
    [() => splitsArguments("x", "--seed", "13,-1"), /"-1" is not a whole number from 0 to 4294967295/],
    [() => splitsArguments("x", "--k", "0"), /"0" is not a whole number of at least 1/],
    [() => splitsArguments("x", "--test-examples", "some"), /"some" is not a whole number/],
    [() => ["splits", "--task", "mr"], /required option '--original <folder>' not specified/],
    [() => ["solve"], /required option '--kernels <folder\.\.\.>' not specified/],
    [() => ["solv"], /unknown command 'solv'/],
  ];
  test("unknown commands and option values", () => {
    for (const [args, message] of options) {
      const { status, stderr } = run(args());
      assert.equal(status, 1, stderr);
      assert.match(stderr, message);
      assert.doesNotMatch(stderr, /\n\s+at /);
    }
  });

  test("KERNEL_VIEW_DEBUG=1 shows the stack", () => {
    const { status, stderr } = run(["solve", "--kernels", at("nowhere")], { KERNEL_VIEW_DEBUG: "1" });
    assert.equal(status, 1);
    assert.match(stderr, /\n\s+at /);
  });
});
