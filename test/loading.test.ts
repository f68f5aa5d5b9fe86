/** What loading the package costs, and what is loaded only when it is used: asked in fresh processes. */
import { describe, test } from "node:test";
import assert from "node:assert/strict";
import path from "node:path";
import { backendIsLoaded, tf } from "../src/model/backend";
import { lazy, once } from "../src/lazy";
import { root, runNode, temporaryFolder } from "./support/checkout";

const HEAVY = [
  "@tensorflow/tfjs",
  "@tensorflow/tfjs-core",
  "@tensorflow/tfjs-node",
  "vega",
  "vega-lite",
  "@resvg/resvg-js",
  "danfojs-node",
  "@huggingface/hub",
  "ml-matrix",
  "katex",
  "tar",
  "zod",
];

/**
 * What a script prints as JSON, in a process of its own. There `loaded()` names the heavy packages that are loaded, and
 * `internal(file)` is a module of the sources.
 */
function ask(script: string, env: NodeJS.ProcessEnv = {}): unknown {
  const internal = `const internal = (file) => require(${JSON.stringify(path.join(root, "build", "src"))} + "/" + file);`;
  const loaded = `const loaded = () => ${JSON.stringify(HEAVY)}.filter((name) => Object.keys(require.cache).some((file) => file.split("\\\\").join("/").includes("/node_modules/" + name + "/")));`;
  const { status, stdout, stderr } = runNode(
    [
      "--eval",
      `(async () => { ${internal} ${loaded} ${script} })().then((answer) => console.log(JSON.stringify(answer)))`,
    ],
    { env },
  );
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout);
}

describe("loading the package", () => {
  test("loads no heavy package, and takes little memory and time", () => {
    const attempts = [1, 2, 3].map(
      () =>
        ask(`
      const start = performance.now();
      require("kernel-view");
      const time = performance.now() - start;
      return { loaded: loaded(), memory: process.memoryUsage.rss() / 1e6, time };`) as {
          loaded: string[];
          memory: number;
          time: number;
        },
    );
    assert.deepEqual(attempts[0].loaded, []);
    assert.ok(attempts[0].memory < 90, `${attempts[0].memory} MB`);
    // Some 0.2 s where nothing else runs.
    assert.ok(Math.min(...attempts.map(({ time }) => time)) < 1000, JSON.stringify(attempts));
  });

  test("each package is loaded when it is first used", (t) => {
    const folder = temporaryFolder(t);
    const uses: [string, string, string[]][] = [
      ["a tensor", "kv.tf.scalar(1).dispose();", ["@tensorflow/tfjs"]],
      [
        "a chart",
        `await internal("notebook/static-chart").drawStatic({ data: { values: [{ a: 1 }] }, mark: "point", encoding: { x: { field: "a", type: "quantitative" } } });`,
        ["vega", "vega-lite", "@resvg/resvg-js"],
      ],
      ["a task file", `try { kv.parseTask({}); } catch {}`, ["zod"]],
      ["training settings", `try { internal("finetune/training-config").parseTrainingConfig({}); } catch {}`, ["zod"]],
      [
        "a model by its id",
        `await kv.loadLanguageModel("nobody/nothing", { cacheDir: ${JSON.stringify(folder)}, offline: true }).catch(() => {});`,
        ["@huggingface/hub"],
      ],
      ["a solver", `kv.largestSingularValue(new Float64Array([2]), 1);`, ["ml-matrix"]],
    ];
    for (const [what, use, expected] of uses) {
      const [before, after] = ask(
        `const kv = require("kernel-view"); const before = loaded(); ${use} return [before, loaded()];`,
      ) as [string[], string[]];
      assert.deepEqual(before, [], what);
      for (const name of expected)
        assert.ok(after.includes(name), `${what} loads ${name}, not only ${after.join(", ")}`);
      if (!expected.includes("@tensorflow/tfjs"))
        assert.ok(!after.includes("@tensorflow/tfjs-core"), `${what} needs no TensorFlow`);
    }
  });

  test("provenance does not load TensorFlow, and tells of it once something was computed", () => {
    const [before, after] = ask(`
      const { tf } = require("kernel-view");
      const { provenance } = internal("notebook/provenance");
      const before = provenance().tensorflow;
      tf.scalar(1).dispose();
      return [before, provenance().tensorflow];`) as string[];
    assert.equal(before, "not loaded");
    assert.match(after, /tfjs \d/);
  });

  test("tf of the package and @tensorflow/tfjs are one engine, whichever comes first", () => {
    const script = (first: string, second: string): string => `
      const ${first};
      const ${second};
      const x = tfjs.tensor1d([1, 2]);
      const sum = tf.tidy(() => tf.sum(x).dataSync()[0]);
      return [sum, x instanceof tf.Tensor, tf.engine() === tfjs.engine(), Object.keys(tf).includes("matMul"), "add" in tf];`;
    const [ours, theirs] = [`{ tf } = require("kernel-view")`, `tfjs = require("@tensorflow/tfjs")`];
    assert.deepEqual(ask(script(ours, theirs)), [3, true, true, true, true]);
    assert.deepEqual(ask(script(theirs, ours)), [3, true, true, true, true]);
  });

  test("whoever asks for @tensorflow/tfjs in a program of the project gets the chosen backend", () => {
    const script = `require(${JSON.stringify(path.join(root, "environment", "node-compat.cjs"))}); const tfjs = require("@tensorflow/tfjs"); await tfjs.ready();`;
    const [own, chosen] = ask(
      `${script} return [tfjs.getBackend(), internal("model/backend").backendName()];`,
    ) as string[];
    assert.equal(own, chosen);
    assert.equal(ask(`${script} return tfjs.getBackend();`, { KERNEL_VIEW_BACKEND: "cpu" }), "cpu");
  });

  test("a missing native TensorFlow is told when something is computed, and not before", (t) => {
    const broken = path.join(temporaryFolder(t), "broken.cjs");
    const script = (use: string): string => `
      const Module = require("node:module");
      const load = Module._load;
      Module._load = function (request, ...rest) {
        if (request === "@tensorflow/tfjs-node") throw new Error("no such library (${path.basename(broken)})");
        return load.call(this, request, ...rest);
      };
      const { tf } = require("kernel-view");
      ${use}`;
    const quiet = runNode(["--eval", script("")]);
    assert.deepEqual([quiet.status, quiet.stderr], [0, ""]);
    const computing = runNode(["--eval", script("console.log(tf.scalar(2).dataSync()[0]);")]);
    assert.match(computing.stderr, /^Native TensorFlow could not be loaded \(no such library/);
    assert.equal(computing.stdout, "2\n");
  });
});

describe("lazy", () => {
  test("loads once, at the first property, and forwards everything", () => {
    let loads = 0;
    const real = { value: 1, add: (x: number): number => x + real.value };
    const standIn = lazy(() => (loads++, real));
    assert.equal(loads, 0);
    assert.equal(standIn.add(1), 2);
    standIn.value = 5;
    assert.deepEqual(
      [real.value, standIn.add(1), { ...standIn }.value, "add" in standIn, Object.keys(standIn), loads],
      [5, 6, 5, true, ["value", "add"], 1],
    );
  });

  test("tries again when loading fails", () => {
    let attempts = 0;
    const value = once(() => {
      if (attempts++ === 0) throw new Error("not yet");
      return attempts;
    });
    assert.throws(value, /not yet/);
    assert.deepEqual([value(), value()], [2, 2]);
  });

  test("importing the backend loads nothing", () => {
    assert.equal(backendIsLoaded(), false);
    assert.equal(typeof tf.add, "function");
    assert.equal(backendIsLoaded(), true);
  });
});
