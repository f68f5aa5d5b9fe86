import { after, describe, test } from "node:test";
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encodeExamples, readExamples } from "../../src/experiment/inputs";
import { readKernels } from "../../src/experiment/kernel-files";
import { promptOutputs } from "../../src/experiment/outputs";
import { solveKernels } from "../../src/experiment/solve-kernels";
import { computeKernel } from "../../src/kernels/kernel";
import { readSafetensors, writeSafetensors } from "../../src/model/safetensors";
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
function run(args: string[], env: Record<string, string> = {}): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [join(root, "environment", "run.mjs"), join(root, "build", "src", "cli.js"), ...args], {
    encoding: "utf8",
    env: { ...process.env, KERNEL_VIEW_CACHE: at("cache"), HF_HUB_OFFLINE: "1", KERNEL_VIEW_DEBUG: "", ...env },
  });
}

const model = fixturePath("tiny-roberta");
const task = taskByName("sst-2");
const sentences = ["it is a great film", "the film is ham", "a film", "okay it was great", "the end", "great ham"];
const table = (rows: string[]): string => `sentence\tlabel\n${rows.map((text, i) => `${text}\t${i < rows.length / 2 ? 0 : 1}\n`).join("")}`;
mkdirSync(at("data"));
writeFileSync(at("data", "train.tsv"), table(sentences.slice(0, 4)));
writeFileSync(at("data", "dev.tsv"), table(sentences.slice(2, 5)));
writeFileSync(at("data", "test.tsv"), table(sentences));

const kernelArguments = (out: string, ...more: string[]): string[] => ["kernel", "--model", model, "--task", "sst-2", "--data", at("data"), "--out", at(out), ...more];

describe("kernel-view kernel and solve", () => {
  test("writes a file a split with the authors' axes, labels, logits and provenance", async () => {
    const { status, stdout, stderr } = run(kernelArguments("out", "--formulas", "sgd,signgd"));
    assert.equal(status, 0, stderr);
    const paths = ["train", "dev", "test"].map((split) => at("out", `${split}.safetensors`));
    assert.equal(stdout, paths.map((path) => `${path}\n`).join(""));
    assert.deepEqual(readdirSync(at("out")).sort(), ["dev.safetensors", "test.safetensors", "train.safetensors"]);

    const tokenizer = loadTokenizer(model);
    const [train, testing] = (["train", "test"] as const).map((split) => encodeExamples(readExamples(at("data"), split, task), task, tokenizer));
    const outputs = promptOutputs(task, tokenizer);
    const expected = await computeKernel({ model: tinyRoberta(), outputs, train: train.sequences, evaluate: testing.sequences });
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
    assert.deepEqual([metadata.task, metadata.outputs, metadata.split, metadata.decoder], ["sst-2", "logits", "test", "untied"]);
    for (const field of ["package", "node", "tensorflow", "cpu", "time", "template", "labelWords", "data"]) assert.ok(metadata[field], field);

    const kernel = readSafetensors(paths[0]).tensors.get("sgd")?.data as Float64Array;
    for (let i = 0; i < 8; i++) for (let j = 0; j < i; j++) assert.equal(kernel[i * 8 + j], kernel[j * 8 + i], "train × train is symmetric");
  });

  test("solve prints the accuracies of the least-squares solution", () => {
    const { status, stdout, stderr } = run(["solve", "--kernels", at("out"), "--solver", "lstsq", "--f0", "100,inf", "--regularization", "0.01", "--json"]);
    assert.equal(status, 0, stderr);
    const printed = JSON.parse(stdout);
    const [train, testing] = ["train", "test"].map((split) => readSafetensors(at("out", `${split}.safetensors`)).tensors);
    const kernel = (of: typeof train) => ({ values: of.get("sgd")!.data as Float64Array, shape: of.get("sgd")!.shape as [number, number, number, number] });
    const logits = (of: typeof train) => ({ values: of.get("logits")!.data as Float32Array, shape: of.get("logits")!.shape as [number, number] });
    const labels = (of: typeof train) => Array.from(of.get("labels")!.data as BigInt64Array, Number);
    [100, Infinity].forEach((f0, i) => {
      const predictions = solveLeastSquares({
        ...{ train: kernel(train), evaluate: kernel(testing), trainLabels: labels(train), trainLogits: logits(train), evaluateLogits: logits(testing) },
        ...{ f0, regularization: 0.01 },
      });
      assert.equal(printed.results[i].f0, f0 === Infinity ? "inf" : f0);
      assert.equal(printed.results[i].test.accuracy, accuracy(predictions, labels(testing)));
      assert.deepEqual(Object.keys(printed.results[i]), ["regularization", "f0", "train", "dev", "test"]);
    });
    assert.match(run(["solve", "--kernels", at("out")]).stdout, /accuracy in percent[\s\S]*train +dev +test[\s\S]*100\.0/);
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
    const asym = JSON.parse(solve("--solver", "asym", "--f0", "10,inf", "--gamma", "1,2", "--lambda", "0,0.5,1", "--json"));
    assert.equal(asym.formula, "asymmetric_signgd");
    assert.equal(asym.results.length, 12);
    assert.deepEqual(Object.keys(asym.results[0]), ["regularization", "gamma", "lambda", "f0", "train", "dev", "test"]);
    assert.equal(asym.best.dev.accuracy, Math.max(...asym.results.map((one: { dev: { accuracy: number } }) => one.dev.accuracy)));
    const splits = { train: readKernels(at("solvers"), "train"), test: readKernels(at("solvers"), "test") };
    const [expected] = solveKernels(splits, [{ regularization: 0, f0: 10, gamma: 2, lambda: 0.5 }], undefined, { solver: "asym" });
    assert.deepEqual(asym.results.find((one: { gamma: number; lambda: number; f0: unknown }) => one.gamma === 2 && one.lambda === 0.5 && one.f0 === 10).test, expected.scores.test);

    assert.match(solve("--solver", "svr", "--f0", "10", "--regularization", "0,0.1"), /sgd kernel, svr[\s\S]*\nbest on dev: regularization (0|0\.1), f0 10/);
    assert.match(solve("--solver", "svc", "--metric", "f1"), /svc: f1 in percent/);
    const { stdout } = run(["solve", "--kernels", at("solvers"), at("solvers"), "--chart", at("grid.svg"), "--f0", "10,inf"]);
    const share = /\ntest: (\d+\.\d) \(0\.0\)$/m.exec(stdout)?.[1];
    assert.ok(share && stdout.includes(` ${share}\n`), stdout);
    assert.match(readFileSync(at("grid.svg"), "utf8"), /^<svg[\s\S]*best on dev/);
    solve("--chart", at("grid.json"));
    assert.match(JSON.parse(readFileSync(at("grid.json"), "utf8")).$schema, /vega-lite\/v5/);
  });

  test("margin, limit, tied decoder, other label words and template", () => {
    const options = ["--outputs", "margin", "--limit", "2", "--tied", "--label-words", "okay,great", "--template", "*cls**mask*:*+sent_0**sep+*", "--split", "train"];
    const { status, stderr } = run(kernelArguments("margin", ...options));
    assert.equal(status, 0, stderr);
    assert.deepEqual(readdirSync(at("margin")), ["train.safetensors"]);
    const { tensors, metadata } = readSafetensors(at("margin", "train.safetensors"));
    assert.deepEqual(tensors.get("sgd")?.shape, [2, 1, 2, 1]);
    assert.deepEqual(tensors.get("labels")?.data, BigInt64Array.from([0n, 1n]), "taken evenly, so both labels are there");
    assert.deepEqual([metadata.labelWords, metadata.decoder], ["okay,great", "tied to the word embeddings"]);
    assert.equal(run(["solve", "--kernels", at("margin"), "--f0", "100", "--json"]).status, 0);
  });

  test("a second run takes its blocks from disk and writes the same numbers", () => {
    const before = readSafetensors(at("out", "test.safetensors")).tensors.get("sgd")?.data;
    const { status, stderr } = run(kernelArguments("again", "--formulas", "sgd,signgd"));
    assert.equal(status, 0, stderr);
    assert.match(stderr, /\(\d+ from disk\)/);
    assert.deepEqual(readSafetensors(at("again", "test.safetensors")).tensors.get("sgd")?.data, before);
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
    const text = bytes.toString("latin1").replace(/"shape":\[(\d)/, (_, digit: string) => `"shape":[${(Number(digit) % 9) + 1}`);
    writeFileSync(path, Buffer.from(text, "latin1"));
  };

  const cases: [name: string, args: () => string[], message: RegExp][] = [
    ["no such data folder", () => kernelArguments("x", "--data", at("nowhere")), /data folder .*nowhere does not exist/],
    ["no such split file", () => (mkdirSync(at("empty")), kernelArguments("x", "--data", at("empty"))), /empty has neither train\.tsv nor train\.csv/],
    ["no such model", () => kernelArguments("x", "--model", at("no-model")), /no-model/],
    ["unknown task", () => kernelArguments("x", "--task", "sst-3"), /no task "sst-3"; known: sst-2/],
    ["template without a mask", () => kernelArguments("x", "--template", "*cls**sent_0**sep+*"), /template .* has no \*mask\*/],
    ["label word of several tokens", () => kernelArguments("x", "--label-words", "terrible,wonderful"), /label word "wonderful" is \d tokens/],
    ["one label word for two labels", () => kernelArguments("x", "--label-words", "great"), /2 labels but 1 label words/],
    ["truncated weights", () => kernelArguments("x", "--model", brokenModel("truncated", (path) => truncate(join(path, "model.safetensors")))), /truncated.*model\.safetensors/],
    ["lying weights", () => kernelArguments("x", "--model", brokenModel("lying", (path) => lie(join(path, "model.safetensors")))), /lying.*model\.safetensors/],
    [
      "NaN weights",
      () => kernelArguments("x", "--model", brokenModel("nan", (path) => withTensor(path, "roberta.encoder.layer.0.output.dense.weight", NaN))),
      /roberta\.encoder\.layer\.0\.output\.dense\.weight.*NaN/,
    ],
    ["no tokenizer", () => kernelArguments("x", "--model", brokenModel("mute", (path) => rmSync(join(path, "tokenizer.json")))), /tokenizer\.json does not exist/],
    ["output folder that is a file", () => (writeFileSync(at("file"), ""), kernelArguments("file")), /--out .*file is a file: give a folder/],
    ["kernels that are not there", () => ["solve", "--kernels", at("nowhere")], /nowhere.*train\.safetensors does not exist/],
    ["a formula that was not computed", () => ["solve", "--kernels", at("margin"), "--formula", "signgd"], /signgd kernel was not computed; there is: sgd/],
    ["truncated kernels", () => (cpSync(at("out"), at("cut"), { recursive: true }), truncate(at("cut", "dev.safetensors")), ["solve", "--kernels", at("cut")]), /cut.*dev\.safetensors/],
    ["lying kernels", () => (cpSync(at("out"), at("lie"), { recursive: true }), lie(at("lie", "dev.safetensors")), ["solve", "--kernels", at("lie")]), /lie.*dev\.safetensors/],
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
    [() => kernelArguments("x", "--formulas", "sgd,adam"), /'--formulas <names>' argument 'sgd,adam' is invalid\. "adam" is not one of sgd, signgd/],
    [() => kernelArguments("x", "--outputs", "margins"), /'margins' is invalid\. Allowed choices are logits, margin/],
    [() => kernelArguments("x", "--split", "train,valid"), /"valid" is not one of train, dev, test/],
    [() => kernelArguments("x", "--limit", "0"), /"0" is not a whole number of at least 1/],
    [() => ["solve", "--kernels", at("out"), "--solver", "svm"], /'svm' is invalid\. Allowed choices are lstsq, asym, logistic, svc, svr/],
    [() => ["solve", "--kernels", at("solvers"), "--solver", "asym"], /asym mixes two predictors: give λ \(lambda\)/],
    [() => ["solve", "--kernels", at("solvers"), "--solver", "asym", "--lambda", "1", "--formula", "sgd"], /asym is for the asymmetric_signgd kernel, not sgd/],
    [() => ["solve", "--kernels", at("solvers"), "--solver", "svr", "--formula", "asymmetric_signgd"], /svr needs a symmetric kernel/],
    [() => ["solve", "--kernels", at("solvers"), "--solver", "logistic", "--f0", "10"], /logistic does not use the pretrained logits/],
    [() => ["solve", "--kernels", at("solvers"), "--gamma", "1"], /γ \(gamma\) belongs to the solver asym, not to lstsq/],
    [() => ["solve", "--kernels", at("solvers"), "--multi-class", "authors"], /multi-class option belongs to the solver logistic, not to lstsq/],
    [() => ["solve", "--kernels", at("solvers"), "--chart", "grid.png"], /--chart grid\.png: the name must end in \.json \(Vega-Lite\) or \.svg/],
    [() => ["solve", "--kernels", at("margin"), at("margin")], /margin has no kernels of the dev or of the test examples: several folders need both/],
    [() => ["solve", "--kernels", at("out"), "--f0", "0"], /"0" is not a number of at least/],
    [() => ["solve", "--kernels", at("out"), "--regularization", "-1"], /"-1" is not a number of at least 0/],
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
