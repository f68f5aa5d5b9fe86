import assert from "node:assert/strict";
import fs, {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { blockDamage, blockPath, blockStore, expectedBlock } from "../../src/kernels/block-store";
import { FORMULAS } from "../../src/kernels/formula";
import { computeBlocks } from "../../src/kernels/compute-blocks";
import { computeKernel, type KernelOptions } from "../../src/kernels/kernel";
import { logitOutputs, marginOutput } from "../../src/kernels/outputs";
import { kernelPlan } from "../../src/kernels/plan";
import { deleteFiles, planGc, storeFiles, verifyStore } from "../../src/store/garbage";
import { labelWordHead } from "../../src/model/head";
import { readSafetensors, writeSafetensors, type StoredTensor } from "../../src/files/safetensors";
import { temporaryFolder } from "../support/checkout";
import { readJson, tinyRoberta, type Prompt } from "../support/tiny-roberta";

const { train, evaluate } = readJson<{ train: Prompt[]; evaluate: Prompt[] }>("tiny-roberta", "oracle-kernels.json");
const outputs = logitOutputs(labelWordHead([7, 9]), 2);
const model = tinyRoberta();

type Stored = KernelOptions & { store: string };
const inNewStore = (t: TestContext, more: Partial<KernelOptions> = {}): Stored => {
  const store = join(temporaryFolder(t), "store");
  mkdirSync(store);
  return { model, outputs, train, evaluate, store, trainBlock: 2, evaluateBlock: 2, ...more };
};
const blockFiles = (store: string): string[] => readdirSync(store).filter((name) => name.endsWith(".safetensors"));
const later = (milliseconds: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, milliseconds));

/** What is written to standard error while `work` runs. */
async function standardErrorOf(t: TestContext, work: () => Promise<unknown>): Promise<string[]> {
  const lines: string[] = [];
  const write = t.mock.method(process.stderr, "write", (text: string) => lines.push(text) > 0);
  await work();
  write.mock.restore();
  return lines;
}

describe("finished blocks on disk", () => {
  it("are used again, with the same bytes", async (t) => {
    const options = inNewStore(t, { formulas: FORMULAS, breakdown: true });
    const first = await computeKernel(options);
    assert.deepEqual(first.progress, { done: 6, total: 6, reused: 0 });
    const second = await computeKernel(options);
    assert.deepEqual(second.progress, { done: 6, total: 6, reused: 6 });
    assert.deepEqual(second.kernels, first.kernels);
    assert.deepEqual(second.shares, first.shares);
    assert.deepEqual(second.evaluateLogits, first.evaluateLogits);
    assert.deepEqual(second.trainLogits, first.trainLogits);
    const { store: _, ...withoutStore } = options;
    assert.deepEqual((await computeKernel(withoutStore)).kernels, first.kernels, "the store changes nothing");
  });

  it("are not used for another model, prompt, head, formula, filter, rounding of signs or breakdown", async (t) => {
    const options = inNewStore(t);
    await computeKernel(options);
    const moved = evaluate.map((prompt) => ({ ...prompt, maskPosition: 1 }));
    const changes: Partial<KernelOptions>[] = [
      { model: { ...model, hash: "other" } },
      { outputs: marginOutput(labelWordHead([7, 9])) },
      { outputs: logitOutputs(labelWordHead([7, 9], { tied: true }), 2) },
      { outputs: logitOutputs(labelWordHead([9, 7]), 2) },
      { formulas: ["signgd"] },
      { evaluate: moved },
      { train: moved.slice(0, train.length) },
      { parameters: ["!embeddings"] },
      { signs: "float32" },
      { breakdown: true },
    ];
    for (const change of changes)
      assert.equal((await computeKernel({ ...options, ...change })).progress.reused, 0, Object.keys(change).join());
  });

  it("say in words what they depend on", async (t) => {
    const options = inNewStore(t, { parameters: ["biases"], signs: "float32" });
    await computeKernel(options);
    const { metadata } = readSafetensors(join(options.store, blockFiles(options.store)[0]));
    assert.equal(metadata.model, model.hash);
    assert.match(metadata.outputs, /label words 7,9 untied/);
    assert.deepEqual(
      [metadata.formulas, metadata.signs, metadata.breakdown, metadata.combine],
      ["sgd", "float32", "false", "[[1,0],[0,1]]"],
    );
    assert.match(metadata.parameters, /^lm_head\.bias,.*\.bias$/);
    assert.ok(Math.abs(Date.parse(metadata.time) - Date.now()) < 60_000);
    for (const field of [
      "format",
      "name",
      "checksum",
      "trainExamples",
      "evaluateExamples",
      "trainHash",
      "evaluateHash",
    ])
      assert.ok(metadata[field], field);
  });

  it("survive an interruption; only the missing ones are computed, and the kernel has the same bytes", async (t) => {
    const options = inNewStore(t);
    const whole = await computeKernel(inNewStore(t));
    const controller = new AbortController();
    const stop = ({ done }: { done: number }): void => void (done === 4 && controller.abort());
    await assert.rejects(computeKernel({ ...options, signal: controller.signal, onProgress: stop }), /abort/i);
    assert.equal(readdirSync(options.store).length, 4, "four blocks, no claims, nothing half-written");
    const rest = await computeKernel(options);
    assert.deepEqual(rest.progress, { done: 6, total: 6, reused: 4 });
    assert.deepEqual(rest.kernels, whole.kernels);
  });

  it("a numbered part of them is computed like the whole", async (t) => {
    const options = inNewStore(t);
    const plan = kernelPlan(options);
    await computeBlocks(plan, plan.blocks.slice(2, 5), { cache: blockStore(options.store) }, () => {});
    assert.deepEqual(
      blockFiles(options.store).sort(),
      plan.blocks
        .slice(2, 5)
        .map(({ name }) => `${name}.safetensors`)
        .sort(),
    );
    assert.equal((await computeKernel(options)).progress.reused, 3);
  });

  it("two computations at once share the work and get the same bytes", async (t) => {
    const options = inNewStore(t, { trainBlock: 1, evaluateBlock: 1 });
    const [one, other] = await Promise.all([computeKernel(options), computeKernel(options)]);
    assert.deepEqual(one.kernels, other.kernels);
    assert.deepEqual(one.kernels, (await computeKernel(inNewStore(t, { trainBlock: 1, evaluateBlock: 1 }))).kernels);
    assert.equal(one.progress.reused + other.progress.reused, one.progress.total, "each block was computed once");
    assert.ok(storeFiles(options.store).every(({ kind }) => kind === "block"));
  });
});

describe("a damaged block", () => {
  type Tensors = Map<string, StoredTensor>;
  const rewrite = (path: string, change: (tensors: Tensors, metadata: Record<string, string>) => void): void => {
    const { tensors, metadata } = readSafetensors(path);
    change(tensors, metadata);
    writeSafetensors(path, tensors, metadata);
  };
  const flip = (path: string, at: number): void => {
    const bytes = readFileSync(path);
    bytes[at < 0 ? bytes.length + at : at] ^= 1;
    writeFileSync(path, bytes);
  };
  const damages: [name: string, damage: (path: string, options: Stored) => void, message: RegExp][] = [
    ["a flipped bit in its numbers", (path) => flip(path, -100), /content does not fit its checksum/],
    [
      "a truncated end",
      (path) => writeFileSync(path, readFileSync(path).subarray(0, -8)),
      /not a valid safetensors file/,
    ],
    ["an empty file", (path) => writeFileSync(path, ""), /0 bytes/],
    ["a missing tensor", (path) => rewrite(path, (tensors) => tensors.delete("sgd")), /checksum/],
    ["NaN", (path) => rewrite(path, (tensors) => ((tensors.get("sgd")!.data as Float64Array)[0] = NaN)), /checksum/],
    ["another shape", (path) => rewrite(path, (tensors) => (tensors.get("sgd")!.shape = [1, 4, 2, 2])), /checksum/],
    [
      "another origin than it was written with",
      (path) => rewrite(path, (_, metadata) => (metadata.model = "other")),
      /checksum/,
    ],
    ["no checksum", (path) => rewrite(path, (_, metadata) => delete metadata.checksum), /no checksum/],
    ["an older format", (path) => rewrite(path, (_, metadata) => (metadata.format = "1")), /format is "1"/],
    [
      "another block's content",
      (path, { store }) =>
        copyFileSync(
          join(
            store,
            blockFiles(store).find((name) => !path.endsWith(name))!,
          ),
          path,
        ),
      /under another name/,
    ],
  ];
  for (const [name, damage, message] of damages) {
    it(`with ${name} is reported in one line and computed again`, async (t) => {
      const options = inNewStore(t);
      const first = await computeKernel(options);
      const path = blockPath(options.store, kernelPlan(options).blocks[3].name);
      damage(path, options);
      assert.match(blockDamage(path) ?? "", message);
      const said = await standardErrorOf(t, async () => {
        const second = await computeKernel(options);
        assert.equal(second.progress.reused, 5);
        assert.deepEqual(second.kernels, first.kernels);
      });
      assert.equal(said.length, 1);
      assert.match(said[0], message);
      assert.match(said[0], /^A stored kernel block is damaged and will be computed again: [^\n]*\n$/);
      assert.ok(said[0].includes(path));
      assert.equal(blockDamage(path), undefined);
    });
  }

  it("is found whichever bit of the file is flipped", async (t) => {
    const options = inNewStore(t);
    await computeKernel(options);
    const path = blockPath(options.store, kernelPlan(options).blocks[0].name);
    const whole = readFileSync(path);
    for (let at = 0; at < whole.length; at++) {
      const bytes = Buffer.from(whole);
      bytes[at] ^= 1 << (at % 8);
      writeFileSync(path, bytes);
      assert.notEqual(blockDamage(path), undefined, `byte ${at} of ${whole.length}`);
    }
  });

  it("is one, too, when sound in itself but not what the plan expects", async (t) => {
    const options = inNewStore(t);
    await computeKernel(options);
    const plan = kernelPlan(options);
    const expected = expectedBlock(plan, plan.blocks[0]);
    const path = blockPath(options.store, plan.blocks[0].name);
    assert.equal(blockDamage(path, expected), undefined);
    const problem = (change: Partial<typeof expected>): string | undefined =>
      blockDamage(path, { ...expected, ...change });
    assert.match(
      problem({ shape: [1, 2, 2, 2] }) ?? "",
      /tensor "sgd" is F64 \[2, 2, 2, 2\], expected F64 \[1, 2, 2, 2\]/,
    );
    assert.match(problem({ formulas: ["sgd", "signgd"] }) ?? "", /tensor "signgd" is missing/);
    assert.match(problem({ breakdown: true }) ?? "", /shares of sgd are missing/);
  });
});

describe("claims", () => {
  it("of a process that was killed between storing a block and releasing it go when the block is read", async (t) => {
    const options = inNewStore(t);
    await computeKernel(options);
    const [first, second] = kernelPlan(options).blocks.map((planned) => join(options.store, `${planned.name}.claim`));
    writeFileSync(first, JSON.stringify({ pid: 2 ** 22 + 1, host: hostname(), token: "x" }));
    writeFileSync(second, JSON.stringify({ pid: 1, host: "another machine", token: "x" }));
    await computeKernel(options);
    assert.deepEqual([existsSync(first), existsSync(second)], [false, true], "another machine may be at work");
  });

  it("of another machine are waited for, and its block is used when it comes", async (t) => {
    const [options, elsewhere] = [inNewStore(t), inNewStore(t)];
    const whole = await computeKernel(elsewhere);
    const { name: block } = kernelPlan(options).blocks[1];
    const claim = join(options.store, `${block}.claim`);
    writeFileSync(claim, JSON.stringify({ pid: 1, host: "another machine", token: "x" }));
    const seen: number[] = [];
    const running = computeKernel({ ...options, onProgress: ({ done }) => seen.push(done) });
    for (let i = 0; i < 400 && seen.length < 5; i++) await later(20);
    await later(100);
    assert.deepEqual(seen, [1, 2, 3, 4, 5], "the other blocks are computed first");
    copyFileSync(blockPath(elsewhere.store, block), blockPath(options.store, block));
    const result = await running;
    assert.equal(result.progress.reused, 1);
    assert.deepEqual(result.kernels, whole.kernels);
  });

  it("of another machine do not keep an interrupt waiting", async (t) => {
    const options = inNewStore(t, { trainBlock: 64, evaluateBlock: 64 });
    writeFileSync(
      join(options.store, `${kernelPlan(options).blocks[0].name}.claim`),
      JSON.stringify({ pid: 1, host: "another machine", token: "x" }),
    );
    const controller = new AbortController();
    const running = computeKernel({ ...options, signal: controller.signal });
    await later(50);
    const aborted = performance.now();
    controller.abort();
    await assert.rejects(running, /abort/i);
    assert.ok(performance.now() - aborted < 2000);
  });
});

describe("a full disk", () => {
  for (const [when, skip] of [
    ["while a block is written", 0],
    ["while it is claimed", 1],
  ] as const) {
    it(`${when}: one error names the folder, nothing half-written is left, and the same call goes on`, async (t) => {
      const options = inNewStore(t);
      const whole = await computeKernel(inNewStore(t));
      const { writeSync } = fs;
      let writes = 0;
      const failing = (...args: Parameters<typeof writeSync>): number => {
        // A claim is one short text; a block's file is several arrays of bytes.
        const isClaim = typeof args[1] === "string";
        if (isClaim) writes++;
        if (writes > 3 && isClaim === (skip === 1))
          throw Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" });
        return writeSync(...args);
      };
      const mock = t.mock.method(fs, "writeSync", failing as typeof writeSync);
      await assert.rejects(computeKernel(options), (error: Error) =>
        error.message.includes(`no space is left in ${options.store} (ENOSPC`),
      );
      mock.mock.restore();
      assert.deepEqual(
        readdirSync(options.store).map((name) => name.replace(/^[0-9a-f]{64}/, "")),
        Array(3).fill(".safetensors"),
      );
      const rest = await computeKernel(options);
      assert.equal(rest.progress.reused, 3);
      assert.deepEqual(rest.kernels, whole.kernels);
    });
  }
});

describe("the store", () => {
  const hash = (digit: string): string => digit.repeat(64);
  const MINUTE = 60_000;
  const aged = (path: string, age: number): void => {
    const when = new Date(Date.now() - age);
    utimesSync(path, when, when);
  };

  it("verifies: sound, damaged and outdated blocks, and JSON results", async (t) => {
    const options = inNewStore(t);
    await computeKernel(options);
    assert.deepEqual(verifyStore(options.store), { sound: 6, outdated: 0, damaged: [] });
    writeFileSync(join(options.store, `${hash("a")}.json`), "{}");
    writeFileSync(join(options.store, `${hash("b")}.json`), "{");
    writeFileSync(join(options.store, "notes.txt"), "mine");
    writeSafetensors(
      blockPath(options.store, hash("c")),
      new Map([["sgd", { dtype: "F64", shape: [1], data: new Float64Array(1) }]]),
      { format: "2" },
    );
    const { name } = kernelPlan(options).blocks[2];
    writeFileSync(blockPath(options.store, name), readFileSync(blockPath(options.store, name)).subarray(0, 300));
    const report = verifyStore(options.store);
    assert.deepEqual([report.sound, report.outdated], [6, 1]);
    assert.deepEqual(
      report.damaged.map(({ path }) => path).sort(),
      [blockPath(options.store, name), join(options.store, `${hash("b")}.json`)].sort(),
    );
    assert.throws(() => verifyStore(join(options.store, "nowhere")), /store .*nowhere cannot be read/);
  });

  it("gives up the longest unused first; reading renews", async (t) => {
    const options = inNewStore(t);
    await computeKernel(options);
    const plan = kernelPlan(options);
    const path = (block: number): string => blockPath(options.store, plan.blocks[block].name);
    plan.blocks.forEach((_, i) => aged(path(i), (10 - i) * MINUTE));
    assert.ok(blockStore(options.store)(plan, plan.blocks[0]).read(), "block 0 is now the last used");
    const sizes = plan.blocks.map((_, i) => statSync(path(i)).size);
    const total = sizes.reduce((sum, size) => sum + size, 0);

    assert.deepEqual(planGc(options.store), { files: [], freed: 0, kept: { files: 6, bytes: total } });
    assert.equal(planGc(options.store, { maxSize: total }).files.length, 0);
    const one = planGc(options.store, { maxSize: total - 1 });
    assert.deepEqual(
      one.files.map((file) => file.path),
      [path(1)],
    );
    assert.deepEqual(one.kept, { files: 5, bytes: total - sizes[1] });
    assert.deepEqual(
      planGc(options.store, { maxSize: 0 }).files.map((file) => file.path),
      [1, 2, 3, 4, 5, 0].map(path),
    );
    assert.deepEqual(
      planGc(options.store, { olderThan: 6.5 * MINUTE })
        .files.map((file) => file.path)
        .sort(),
      [1, 2, 3].map(path).sort(),
    );
    assert.equal(blockFiles(options.store).length, 6, "a plan deletes nothing");
    deleteFiles(one.files);
    assert.ok(!existsSync(path(1)));
    assert.equal((await computeKernel(options)).progress.reused, 5);
  });
});
