import { after, before, describe, test } from "node:test";
import assert from "node:assert/strict";
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encodeExamples, readExamples } from "../../src/experiment/inputs";
import { readKernels } from "../../src/archives/kernel-files";
import { promptOutputs } from "../../src/experiment/outputs";
import { computeKernel } from "../../src/kernels/kernel";
import { readSafetensors } from "../../src/files/safetensors";
import { loadTokenizer } from "../../src/model/tokenizer";
import { taskByName } from "../../src/tasks/task";
import { assertAllclose } from "../support/allclose";
import { root, runNode } from "../support/checkout";
import { fixturePath, tinyRoberta } from "../support/tiny-roberta";

const folder = mkdtempSync(join(tmpdir(), "kernel-view-blocks-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const at = (...parts: string[]): string => join(folder, ...parts);

const model = fixturePath("tiny-roberta");
const cli = join(root, "build", "src", "cli.js");
const launcher = join(root, "environment", "run.mjs");
/** An empty KERNEL_VIEW_DEBUG keeps errors to one line. */
const env: Record<string, string> = { KERNEL_VIEW_CACHE: at("cache"), HF_HUB_OFFLINE: "1", KERNEL_VIEW_DEBUG: "" };

const run = (args: string[]) => runNode([launcher, cli, ...args], { env });

const sentences = [
  "it is a great film",
  "the film is ham",
  "a film",
  "okay it was great",
  "the end",
  "great ham",
  "it was ham",
  "great",
];
/** Sentences from the `first` on, no two alike. */
const table = (first: number, rows: number): string =>
  `sentence\tlabel\n${Array.from({ length: rows }, (_, i) => `${sentences[(first + i) % 8]} ${sentences[(first + i) >> 3]}\t${i % 2}\n`).join("")}`;
for (const [name, sizes] of Object.entries({
  small: { train: 4, dev: 3, test: 6 },
  many: { train: 4, dev: 2, test: 12 },
})) {
  mkdirSync(at(name), { recursive: true });
  let first = 0;
  for (const [split, rows] of Object.entries(sizes)) {
    writeFileSync(at(name, `${split}.tsv`), table(first, rows));
    first += rows;
  }
}
/** 3 train blocks (the triangle of 2 × 2), 4 of dev and 6 of test. */
const small = (store: string, ...more: string[]): string[] => [
  "--model",
  model,
  "--task",
  "sst-2",
  "--data",
  at("small"),
  "--store",
  at(store),
  "--train-block",
  "2",
  "--evaluate-block",
  "2",
  ...more,
];
/** 10 + 8 + 48 blocks of one pair each. */
const many = (store: string, ...more: string[]): string[] => [
  "--model",
  model,
  "--task",
  "sst-2",
  "--data",
  at("many"),
  "--store",
  at(store),
  "--train-block",
  "1",
  "--evaluate-block",
  "1",
  "--formulas",
  "sgd,signgd,asymmetric_signgd",
  ...more,
];
const TOTAL = 66;

const blocksIn = (store: string): string[] =>
  existsSync(store) ? readdirSync(store).filter((name) => name.endsWith(".safetensors")) : [];
const bytesOf = (out: string): unknown =>
  ["train", "dev", "test"].map((split) => readSafetensors(join(out, `${split}.safetensors`)).tensors);
const fromDisk = (stderr: string): number => Number(/: (\d+) of \d+ blocks from disk/.exec(stderr)?.[1] ?? 0);

interface Running {
  child: ChildProcess;
  stderr: () => string;
  end: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
}

function start(args: string[]): Running {
  const { NODE_TEST_CONTEXT: _, ...environment }: NodeJS.ProcessEnv = { ...process.env, ...env };
  const child = spawn(process.execPath, args, { env: environment, cwd: root, stdio: ["ignore", "ignore", "pipe"] });
  let stderr = "";
  child.stderr.on("data", (chunk) => (stderr += chunk));
  return {
    child,
    stderr: () => stderr,
    end: new Promise((resolve) => child.on("close", (code, signal) => resolve({ code, signal }))),
  };
}

/** Waits until the store holds so many blocks. */
async function blocksReach(store: string, count: number, { end }: Running): Promise<void> {
  let ended = false;
  void end.then(() => (ended = true));
  while (blocksIn(at(store)).length < count) {
    assert.ok(!ended, `it ended with ${blocksIn(at(store)).length} blocks`);
    await new Promise((resolve) => void setTimeout(resolve, 5));
  }
}

describe("work that is ended goes on where it was", () => {
  let whole: unknown;
  before(() => {
    const { status, stderr } = run(["compute", ...many("whole"), "--out", at("whole-out")]);
    assert.equal(status, 0, stderr);
    assert.match(stderr, new RegExp(`Kernel: ${TOTAL} blocks in`));
    whole = bytesOf(at("whole-out"));
  });
  const finish = (store: string): number => {
    const { status, stderr } = run(["compute", ...many(store), "--out", at(`${store}-out`)]);
    assert.equal(status, 0, stderr);
    assert.deepEqual(bytesOf(at(`${store}-out`)), whole, "the same bytes as without an end between");
    assert.deepEqual(
      readdirSync(at(store)).filter((name) => name.endsWith(".claim")),
      [],
    );
    return fromDisk(stderr);
  };

  test("kill -9, again and again", async () => {
    let kept = 0;
    for (const goal of [5, 20, 35]) {
      const running = start([
        "--require",
        join(root, "environment", "node-compat.cjs"),
        cli,
        "compute",
        ...many("killed"),
        "--out",
        at("killed-out"),
      ]);
      await blocksReach("killed", goal, running);
      running.child.kill("SIGKILL");
      assert.deepEqual(await running.end, { code: null, signal: "SIGKILL" });
      kept = blocksIn(at("killed")).length;
      assert.ok(kept >= goal && kept < TOTAL);
      assert.ok(!existsSync(at("killed-out")));
    }
    const { status, stdout } = run(["blocks", "verify", "--store", at("killed")]);
    assert.deepEqual([status, stdout], [0, `${at("killed")}: ${kept} sound, 0 damaged\n`], "no half-written block");
    assert.equal(finish("killed"), kept);
  });

  for (const [signal, code] of [
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const) {
    test(`${signal} is answered within two seconds with what is kept, and exit code ${code}`, async () => {
      const store = signal.toLowerCase();
      const running = start([
        "--require",
        join(root, "environment", "node-compat.cjs"),
        cli,
        "compute",
        ...many(store),
        "--out",
        at(`${store}-out`),
      ]);
      await blocksReach(store, 10, running);
      const asked = performance.now();
      running.child.kill(signal);
      assert.deepEqual(await running.end, { code, signal: null });
      assert.ok(performance.now() - asked < 2000, `${performance.now() - asked} ms`);
      const kept = blocksIn(at(store)).length;
      assert.ok(
        running
          .stderr()
          .endsWith(
            `kernel-view: interrupted; ${kept} of ${TOTAL} blocks are kept in ${at(store)}, and the same command goes on from there\n`,
          ),
        running.stderr(),
      );
      assert.deepEqual(
        readdirSync(at(store)).filter((name) => !name.endsWith(".safetensors")),
        [],
        "no claim, nothing half-written",
      );
      assert.ok(!existsSync(at(`${store}-out`)));
      assert.equal(finish(store), kept);
    });
  }

  test("through the launcher, SIGTERM does the same", async () => {
    const running = start([launcher, cli, "blocks", "run", ...many("launched")]);
    await blocksReach("launched", 10, running);
    running.child.kill("SIGTERM");
    assert.deepEqual(await running.end, { code: 143, signal: null });
    assert.match(running.stderr(), new RegExp(`interrupted; \\d+ of ${TOTAL} blocks are kept`));
  });

  test("two processes on one store share the work", async () => {
    const both = ["one", "other"].map((name) =>
      start([launcher, cli, "kernel", ...many("shared"), "--out", at(`shared-${name}`)]),
    );
    for (const running of both) assert.deepEqual(await running.end, { code: 0, signal: null }, running.stderr());
    assert.deepEqual(bytesOf(at("shared-one")), whole);
    assert.deepEqual(bytesOf(at("shared-other")), whole);
    const reused = both.map(({ stderr }) => fromDisk(stderr()));
    assert.equal(
      reused[0] + reused[1],
      TOTAL,
      `each block was computed by one of them (from disk: ${reused.join(", ")})`,
    );
    assert.equal(readdirSync(at("shared")).length, TOTAL);
  });

  test("a full disk", (t) => {
    const disk = at("disk");
    mkdirSync(disk);
    if (spawnSync("unshare", ["-rm", "mount", "-t", "tmpfs", "tmpfs", disk]).status !== 0)
      return t.skip("no user namespaces with mounts here");
    const kernel = [process.execPath, launcher, cli, "kernel", ...many("disk/store")]
      .map((word) => `'${word}'`)
      .join(" ");
    const script = `mount -t tmpfs -o size=128k tmpfs '${disk}'; ${kernel} --out '${at("full-out")}'; echo "status $?"; ls '${disk}/store';
      mount -o remount,size=8m '${disk}'; ${kernel} --out '${at("disk-out")}'; echo "status $?"`;
    const { stdout, stderr } = spawnSync("unshare", ["-rm", "sh", "-c", script], {
      encoding: "utf8",
      env: { ...process.env, ...env },
    });
    assert.match(stderr, new RegExp(`kernel-view: no space is left in ${at("disk", "store")} \\(ENOSPC`));
    const [first, ...lines] = stdout.trimEnd().split("\n");
    assert.equal(first, "status 1", stderr);
    const kept = lines.filter((line) => /^[0-9a-f]{64}\.safetensors$/.test(line));
    assert.ok(kept.length > 3 && kept.length < TOTAL, stdout);
    assert.ok(!existsSync(at("full-out")));
    assert.deepEqual(
      lines.slice(kept.length),
      [...["train", "dev", "test"].map((split) => at("disk-out", `${split}.safetensors`)), "status 0"],
      stdout,
    );
    assert.equal(fromDisk(stderr), kept.length);
    assert.deepEqual(bytesOf(at("disk-out")), whole);
  });

  test("a second Ctrl-C ends at once", async () => {
    const script = at("stubborn.cjs");
    const module = JSON.stringify(join(root, "build", "src", "cli", "interruptible.js"));
    writeFileSync(
      script,
      `const { interruptible } = require(${module}); void interruptible((signal) => new Promise(() => { console.error("ready"); signal.addEventListener("abort", () => console.error("heard")); setInterval(() => {}, 1000); }), () => "");`,
    );
    const running = start([script]);
    const says = (word: string) =>
      new Promise<void>((resolve) =>
        running.child.stderr!.on("data", (chunk) => String(chunk).includes(word) && resolve()),
      );
    await says("ready");
    const heard = says("heard");
    running.child.kill("SIGINT");
    await heard;
    running.child.kill("SIGINT");
    assert.deepEqual(await running.end, { code: null, signal: "SIGINT" });
  });
});

describe("kernel-view blocks", () => {
  test("list numbers the blocks of all splits; the forms of docs/blocks.md share them; kernel puts them together", () => {
    const list = () =>
      JSON.parse(run(["blocks", "list", ...small("array"), "--json"]).stdout) as {
        total: number;
        done: number;
        store: string;
        blocks: { index: number; split: string; rows: number; columns: number; state: string; file: string }[];
      };
    const before = list();
    assert.deepEqual([before.total, before.done, before.store], [13, 0, at("array")]);
    assert.deepEqual(
      before.blocks.map(({ index }) => index),
      Array.from({ length: 13 }, (_, i) => i),
    );
    assert.deepEqual(
      before.blocks.map(({ split }) => split),
      [...Array(3).fill("train"), ...Array(4).fill("dev"), ...Array(6).fill("test")],
    );
    assert.deepEqual(before.blocks[4], {
      index: 4,
      split: "dev",
      rows: 2,
      columns: 1,
      state: "missing",
      file: before.blocks[4].file,
    });
    assert.match(before.blocks[4].file, /^[0-9a-f]{64}\.safetensors$/);

    const shell = (commands: string, environment: Record<string, string>) => {
      const script = `OPTIONS="${small("array").join(" ")}"; kernel_view() { "${process.execPath}" "${launcher}" "${cli}" "$@"; }; ${commands}`;
      const result = spawnSync("sh", ["-ec", script], {
        encoding: "utf8",
        env: { ...process.env, ...env, ...environment },
      });
      assert.equal(result.status, 0, result.stderr);
      return result.stdout;
    };
    const slurm =
      "kernel_view blocks run $OPTIONS --from $((10 * SLURM_ARRAY_TASK_ID)) --to $((10 * SLURM_ARRAY_TASK_ID + 10))";
    assert.equal(
      shell(slurm, { SLURM_ARRAY_TASK_ID: "1" }),
      `blocks 10 to 13 of 13: 3 computed, 0 found in ${at("array")}\n`,
    );
    assert.equal(shell(slurm, { SLURM_ARRAY_TASK_ID: "2" }), "blocks 20 to 30: there are none, the last of 13 is 12\n");
    const kubernetes =
      "kernel_view blocks run $OPTIONS --from $JOB_COMPLETION_INDEX --to $((JOB_COMPLETION_INDEX + 1))";
    assert.equal(
      shell(kubernetes, { JOB_COMPLETION_INDEX: "4" }),
      `blocks 4 to 5 of 13: 1 computed, 0 found in ${at("array")}\n`,
    );
    assert.deepEqual(
      list()
        .blocks.filter(({ state }) => state === "done")
        .map(({ index }) => index),
      [4, 10, 11, 12],
    );
    const text = run(["blocks", "list", ...small("array")]).stdout.split("\n");
    assert.match(text[5], /^ {4}4 {2}dev +2 × 1 {2}done +[0-9a-f]{64}\.safetensors$/);
    assert.equal(text.at(-2), `4 of 13 blocks are done in ${at("array")}`);

    const { status, stderr } = run(["compute", ...small("array"), "--out", at("array-out")]);
    assert.equal(status, 0, stderr);
    assert.match(stderr, /Kernel: 4 of 13 blocks from disk, 9 computed in/);
    assert.equal(run(["compute", ...small("alone"), "--out", at("alone-out")]).status, 0);
    assert.deepEqual(bytesOf(at("array-out")), bytesOf(at("alone-out")));

    const help = run(["blocks", "run", "--help"]).stdout;
    const docs = readFileSync(join(root, "docs", "blocks.md"), "utf8");
    for (const form of [slurm, kubernetes].map((command) => command.replace("kernel_view", "kernel-view"))) {
      assert.ok(help.includes(form.replace("$OPTIONS", "OPTIONS")), form);
      assert.ok(docs.includes(form), form);
    }
  });

  test("verify finds damage, with exit code 1, and --delete removes it; list shows it", () => {
    assert.equal(run(["blocks", "run", ...small("damaged"), "--to", "4"]).status, 0);
    const [victim] = blocksIn(at("damaged"));
    const bytes = readFileSync(at("damaged", victim));
    bytes[bytes.length - 20] ^= 4;
    writeFileSync(at("damaged", victim), bytes);
    const verify = (...more: string[]) => run(["blocks", "verify", "--store", at("damaged"), ...more]);
    const found = verify();
    assert.equal(found.status, 1);
    assert.equal(
      found.stdout,
      `damaged: ${victim} (its content does not fit its checksum)\n${at("damaged")}: 3 sound, 1 damaged; --delete removes them, and they are computed again when needed\n`,
    );
    assert.match(run(["blocks", "list", ...small("damaged")]).stdout, new RegExp(`damaged +${victim}`));
    const deleted = verify("--delete");
    assert.deepEqual([deleted.status, blocksIn(at("damaged")).includes(victim)], [0, false]);
    assert.equal(verify().stdout, `${at("damaged")}: 3 sound, 0 damaged\n`);
  });

  test("gc says what would go, and deletes it only with --yes", () => {
    assert.equal(run(["blocks", "run", ...small("crowded"), "--to", "5"]).status, 0);
    const gc = (...more: string[]) => run(["blocks", "gc", "--store", at("crowded"), ...more]);
    assert.match(gc("--max-size", "2GB").stdout, /: 0 files of 0 B would be deleted, 5 of [\d.]+ KB stay\n$/);
    const said = gc("--max-size", "4KB").stdout;
    const named = [...said.matchAll(/^would delete ([0-9a-f]{64}\.safetensors) .*\(longest unused\)$/gm)].map(
      ([, name]) => name,
    );
    assert.ok(named.length > 0 && named.length < 5, said);
    assert.match(said, /--yes deletes\n$/);
    assert.equal(blocksIn(at("crowded")).length, 5);
    assert.match(
      gc("--max-size", "4KB", "--yes").stdout,
      new RegExp(`: ${named.length} files of [\\d.]+ KB deleted, ${5 - named.length} of`),
    );
    assert.deepEqual(
      blocksIn(at("crowded")).filter((name) => named.includes(name)),
      [],
    );
    assert.match(gc("--older-than", "0s", "--yes").stdout, /, 0 of 0 B stay\n$/);
  });

  test("bad input gives one clear line", () => {
    const cases: [args: string[], message: RegExp][] = [
      [["blocks", "verify", "--store", at("nowhere")], /the store .*nowhere cannot be read/],
      [["blocks", "gc", "--store", at("nowhere")], /the store .*nowhere cannot be read/],
      [["blocks", "gc", "--max-size", "2 apples"], /"2 apples" is not a size such as 500MB or 2GB/],
      [["blocks", "gc", "--older-than", "month"], /"month" is not a time such as 12h, 30d or 4w/],
      [["blocks", "run", ...small("x"), "--from", "5", "--to", "4"], /--from 5 --to 4: the end lies before the start/],
      [["blocks", "run", ...small("x"), "--from", "-1"], /"-1" is not a whole number of at least 0/],
      [
        ["compute", ...small("x"), "--out", at("x"), "--parameters", "embedings"],
        /the parameter filter "embedings" fits no parameter of the model: use embeddings, head, biases, lora/,
      ],
      [["compute", ...small("x"), "--out", at("x"), "--parameters", "head,!head"], /leaves no parameter of the model/],
      [["compute", ...small("x"), "--out", at("x"), "--signs", "noise"], /Allowed choices are exact, float32/],
      [["compute", ...small("x"), "--out", at("x"), "--train-block", "0"], /"0" is not a whole number of at least 1/],
    ];
    for (const [args, message] of cases) {
      const { status, stdout, stderr } = run(args);
      assert.equal(status, 1, args.join(" "));
      assert.equal(stdout, "");
      assert.match(stderr, message);
      assert.doesNotMatch(stderr, /\n\s+at /);
    }
    assert.ok(!existsSync(at("x")));
  });
});

describe("kernel-view compute", () => {
  const task = taskByName("sst-2");
  const tokenizer = loadTokenizer(model);
  const sequences = (["train", "test"] as const).map(
    (split) => encodeExamples(readExamples(at("small"), split, task), task, tokenizer).sequences,
  );
  const expected = (options: Partial<Parameters<typeof computeKernel>[0]>) =>
    computeKernel({
      model: tinyRoberta(),
      outputs: promptOutputs(task, tokenizer),
      train: sequences[0],
      evaluate: sequences[1],
      ...options,
    });

  test("--parameters, --signs and --breakdown reach the kernel, the file and its metadata", async () => {
    const options = [
      "--formulas",
      "signgd,asymmetric_signgd",
      "--parameters",
      "*.layer.0.*,!biases,*.key.bias",
      "--breakdown",
      "--split",
      "train,test",
    ];
    for (const signs of ["exact", "float32"] as const) {
      const out = at(`options-${signs}`);
      const filter = ["*.layer.0.*", ...(signs === "exact" ? ["!biases"] : [])];
      const { status, stderr } = run([
        "compute",
        ...small("options", ...options.map((word) => (word.includes("!biases") ? filter.join() : word))),
        "--signs",
        signs,
        "--out",
        out,
      ]);
      assert.equal(status, 0, stderr);
      const { kernels, shares, metadata } = readKernels(out, "test");
      assert.deepEqual(
        [metadata.parameters, metadata.signs, metadata.formulas],
        [filter.join(), signs, "signgd,asymmetric_signgd"],
      );
      const whole = await expected({
        formulas: ["signgd", "asymmetric_signgd"],
        parameters: filter,
        signs,
        breakdown: true,
      });
      for (const [formula, { values }] of kernels) {
        // Blocks pad their examples differently than the whole does: float32 rounding, and the sign of a key bias is just that.
        const near = signs === "exact" ? 1e-3 : 5e-2;
        assertAllclose(values, whole.kernels.get(formula)!.values, { relative: near }, formula);
        const byParameter = shares!.get(formula)!;
        const names = [...whole.shares.values()].flatMap((map) => [...map.keys()]);
        assert.deepEqual([...byParameter.keys()], [...new Set(names)].sort());
        const sum = new Float64Array(values.length);
        for (const share of byParameter.values()) share.values.forEach((value, i) => (sum[i] += value));
        assertAllclose(sum, values, { relative: 1e-12 }, "the shares add up to the kernel");
        assert.equal(byParameter.has("roberta.encoder.layer.0.attention.self.query.bias"), signs === "float32");
      }
      const stored = readSafetensors(join(out, "test.safetensors"));
      const names = JSON.parse(stored.metadata.breakdown) as string[];
      assert.deepEqual(stored.tensors.get("signgd_by_parameter")!.shape, [names.length, 4, 2, 6, 2]);
      assert.equal(stored.tensors.get("signgd_by_parameter")!.dtype, "F64");
    }
  });

  test("asymmetric SignGD alone, and all four formulas: exactly symmetric train × train where they must be", async () => {
    assert.equal(
      run(["compute", ...small("formulas"), "--formulas", "asymmetric_signgd", "--out", at("asymmetric")]).status,
      0,
    );
    const alone = readKernels(at("asymmetric"), "train");
    assert.deepEqual([...alone.kernels.keys()], ["asymmetric_signgd"]);
    const all = "sgd,signgd,asymmetric_signgd,asymmetric_signgd_flipped";
    assert.equal(run(["compute", ...small("formulas"), "--formulas", all, "--out", at("all")]).status, 0);
    const { kernels } = readKernels(at("all"), "train");
    assert.deepEqual([...kernels.keys()].join(), all);
    const values = (name: Parameters<typeof kernels.get>[0]) => kernels.get(name)!.values;
    const transposed = (of: Float64Array) => of.map((_, k) => of[(k % 8) * 8 + Math.floor(k / 8)]);
    for (const name of ["sgd", "signgd"] as const) assert.deepEqual(values(name), transposed(values(name)), name);
    assert.deepEqual(values("asymmetric_signgd_flipped"), transposed(values("asymmetric_signgd")));
    assert.deepEqual(values("asymmetric_signgd"), alone.kernels.get("asymmetric_signgd")!.values);
    const whole = await expected({ evaluate: sequences[0], formulas: ["asymmetric_signgd"] });
    assertAllclose(values("asymmetric_signgd"), whole.kernels.get("asymmetric_signgd")!.values, { relative: 1e-3 });
  });
});
