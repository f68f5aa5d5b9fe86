import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { checkTypes } from "../../environment/tools/check-cells";
import { fixtureNotebook, program, root, runNode, temporaryFolder } from "../support/checkout";

test("TensorFlow's start-up lines are taken out of error output, and nothing else", async () => {
  const { withoutNoise } = await program("environment/tensorflow-noise.mjs");
  const lines = [
    "before\n",
    "WARNING: All log messages before absl::InitializeLog() is called are written to STDERR\n",
    "I0000 00:00:1795426787.014554    8197 port.cc:153] oneDNN custom operations are on. You may see slightly different numerical results.\n",
    "I0000 00:00:1795426787.350309    8197 cpu_feature_guard.cc:227] This TensorFlow binary is optimized.\nTo enable the following instructions: AVX2, in other operations, rebuild TensorFlow.\n",
    "WARNING: something of ours é\n",
  ];
  assert.equal(withoutNoise(Buffer.from(lines.join(""))).toString(), "before\nWARNING: something of ours é\n");
  const clean = Buffer.from("\rStep 3/7");
  assert.equal(withoutNoise(clean), clean);
});

test("programs start with the allocator's variables and without TensorFlow's noise", (t) => {
  const script = path.join(temporaryFolder(t), "script.cjs");
  writeFileSync(
    script,
    `const tf = require(${JSON.stringify(path.join(root, "node_modules", "@tensorflow", "tfjs-node"))});
     tf.matMul(tf.ones([64, 64]), tf.ones([64, 64])).dataSync();
     console.log(process.env.MALLOC_TOP_PAD_, process.env.TF_CPP_MIN_LOG_LEVEL, process.argv.slice(2).join("+"));
     console.error("heard"); process.exitCode = 7;`,
  );
  const result = runNode(["environment/run.mjs", script, "a b", "--c"]);
  assert.equal(result.stdout, "268435456 3 a b+--c\n");
  assert.equal(result.stderr, "heard\n");
  assert.equal(result.status, 7);
});

test("a program that is told to stop stops", async (t) => {
  const script = path.join(temporaryFolder(t), "script.cjs");
  writeFileSync(
    script,
    `process.on("SIGTERM", () => { console.log("stopping"); process.exit(5); }); console.log("ready"); setInterval(() => {}, 1000);`,
  );
  const child = spawn(process.execPath, [path.join(root, "environment", "run.mjs"), script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  child.stdout.on("data", (chunk) => {
    output += chunk;
    if (output === "ready\n") child.kill("SIGTERM");
  });
  const code = await new Promise((resolve) => child.on("close", resolve));
  assert.deepEqual({ output, code }, { output: "ready\nstopping\n", code: 5 });
});

test("the cells' type check names notebook, cell and line", async (t) => {
  const folder = path.join(temporaryFolder(t), "notebooks");
  mkdirSync(folder);
  const cells = ["const first = 1;\n", "const list: number[] = [];\nconst x: string = list.find(() => true);"].map(
    (source) => ({ cell_type: "code", source }),
  );
  writeFileSync(path.join(folder, "strict.ipynb"), JSON.stringify({ cells }));
  const notebooks = [fixtureNotebook("chart"), fixtureNotebook("wrong-type"), path.join(folder, "strict.ipynb")];
  const errors = checkTypes(notebooks);
  const of = (name: string): string[] => errors.filter((line) => line.includes(name));
  assert.deepEqual(of("chart.ipynb"), []);
  const [error, ...others] = of("wrong-type.ipynb");
  assert.match(error, /wrong-type\.ipynb, code cell 1, line 2: Type 'string' is not assignable to type 'number'/);
  assert.deepEqual(others, []);
  const [strict] = of("strict.ipynb");
  assert.match(strict, /code cell 2, line 2: Type 'number \| undefined' is not assignable/);
});

test("failed and skipped tests are recorded by name, place and reason", (t) => {
  const folder = temporaryFolder(t);
  const file = path.join(folder, "some.test.cjs");
  writeFileSync(
    file,
    [
      `const { describe, test } = require("node:test");`,
      `describe("a room", () => { test("with # and \\\\", () => { throw new Error("not ok 9\\nmore"); }); test("fine", () => {}); });`,
      `test("outer", async (t) => { await t.test("part", () => { throw new Error("y"); }); });`,
      `test("nothing to see", { skip: "no # here" }, () => {});`,
    ].join("\n"),
  );
  const script = path.join(folder, "run.mjs");
  writeFileSync(
    script,
    `import { runTests } from ${JSON.stringify(path.join(root, "environment", "run-tests.mjs"))};
     const { record } = await runTests([${JSON.stringify(file)}], { concurrency: 1 });
     process.stderr.write(JSON.stringify(record));`,
  );
  const { stderr } = runNode([script]);
  const place = path.relative(root, file);
  assert.deepEqual(JSON.parse(stderr), [
    { kind: "failed", test: `with # and \\ (${place}:2)`, reason: "not ok 9" },
    { kind: "failed", test: `part (${place}:3)`, reason: "y" },
    { kind: "skipped", test: `nothing to see (${place}:4)`, reason: "no # here" },
  ]);
});
