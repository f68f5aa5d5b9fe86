import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test, type TestContext } from "node:test";
import { root, runNode, temporaryFolder } from "../support/checkout";

const tools = path.join(root, "environment", "tools");

/** A checkout with nothing set up, and without sources. */
function bareCheckout(t: TestContext): string {
  const folder = temporaryFolder(t);
  for (const name of ["environment", "package.json", "package-lock.json", "tsconfig.json"]) {
    cpSync(path.join(root, name), path.join(folder, name), { recursive: true, filter: (file) => file !== tools });
  }
  return folder;
}

/** A PATH with only the given programs, each a shell script. */
function fakePath(folder: string, programs: Record<string, string> = {}): string {
  const bin = path.join(folder, "fake-bin");
  mkdirSync(bin);
  for (const [name, script] of Object.entries(programs)) {
    writeFileSync(path.join(bin, name), `#!/bin/sh\n${script}\n`);
    chmodSync(path.join(bin, name), 0o755);
  }
  return bin;
}

/** Runs one step of set-up in a checkout and returns its complaint. */
function complaintOf(checkout: string, file: string, step: string, env: NodeJS.ProcessEnv): string {
  const script = `import(${JSON.stringify(path.join(checkout, "environment", "setup", file))})
    .then((module) => module.${step}.run({ say() {} }))
    .then(() => process.exit(0), (error) => { console.log(error.constructor.name + ": " + error.message); process.exit(3); });`;
  const result = runNode(["-e", script], { cwd: checkout, env });
  assert.equal(result.status, 3, result.stdout + result.stderr);
  assert.match(result.stdout, /^SetupError: /);
  return result.stdout;
}

test("with everything in place set-up says nothing and takes less than a second", () => {
  runNode(["environment/setup.mjs"]);
  const times = Array.from({ length: 3 }, () => {
    const started = performance.now();
    const result = runNode(["environment/setup.mjs"]);
    assert.equal(result.status, 0);
    assert.equal(result.stdout + result.stderr, "");
    return performance.now() - started;
  });
  assert.ok(Math.min(...times) < 1000, `took ${times.map(Math.round).join(", ")} ms`);
});

test("a Node that is too old is named with the remedy", () => {
  const result = runNode(["environment/setup.mjs"], { env: { KERNEL_VIEW_PRETEND_NODE: "20.18.1" } });
  assert.equal(result.status, 1);
  assert.match(result.stderr, /Node 20\.18\.1 is too old; Kernel View needs Node 20\.19 or newer/);
  assert.match(result.stderr, /nodejs\.org/);
});

test("a full disk is named before anything is written", (t) => {
  const checkout = bareCheckout(t);
  const result = runNode(["environment/setup.mjs"], { cwd: checkout, env: { KERNEL_VIEW_PRETEND_FREE_GB: "0.4" } });
  assert.equal(result.status, 1);
  assert.match(result.stderr, /Not enough disk space: set-up still needs about \d\.\d GB .* and 0\.4 GB are free/);
  assert.ok(!existsSync(path.join(checkout, "node_modules")));
});

test("a set-up for GPUs asks for its space, and an unknown one is refused", (t) => {
  const checkout = bareCheckout(t);
  const result = runNode(["environment/setup.mjs"], {
    cwd: checkout,
    env: { KERNEL_VIEW_PRETEND_FREE_GB: "5", KERNEL_VIEW_TENSORFLOW: "gpu" },
  });
  assert.equal(result.status, 1);
  assert.match(result.stderr, /Not enough disk space: set-up still needs about 1\d\.\d GB .* and 5\.0 GB are free/);
  const complaint = complaintOf(checkout, "native-tensorflow.mjs", "nativeTensorflow", {
    KERNEL_VIEW_TENSORFLOW: "cuda",
  });
  assert.match(complaint, /KERNEL_VIEW_TENSORFLOW=cuda is not known: use installer, wheel, gpu or none\./);
});

test("a missing, an old and a crippled Python are told apart", (t) => {
  const complaint = (programs: Record<string, string>) => {
    const checkout = bareCheckout(t);
    return complaintOf(checkout, "python-environment.mjs", "pythonEnvironment", {
      PATH: fakePath(checkout, programs),
      KERNEL_VIEW_PYTHON: "",
    });
  };
  assert.match(complaint({}), /No Python found; JupyterLab needs Python 3\.10 or newer\. Install it \(Debian/);
  assert.match(complaint({ python3: "echo /usr/bin/python3; echo 3.8.10" }), /too old \(python3 is 3\.8\.10\)/);
  const crippled = 'case "$2" in *ensurepip*) exit 1;; *) echo "$0"; echo 3.11.2;; esac';
  assert.match(
    complaint({ python3: crippled }),
    /Python 3\.11\.2 .* lacks its venv module.*apt-get install python3-venv/s,
  );
});

test("a missing compiler is named with the remedy", (t) => {
  const checkout = bareCheckout(t);
  const env = { PATH: fakePath(checkout), KERNEL_VIEW_TENSORFLOW: "wheel", CXX: "" };
  const complaint = complaintOf(checkout, "native-tensorflow.mjs", "nativeTensorflow", env);
  assert.match(complaint, /needs a C\+\+ compiler and make/);
  assert.match(complaint, /apt-get install g\+\+ make/);
});

/** An address where nobody listens. */
const nowhere = "http://127.0.0.1:9/";

test("without a network npm's step says so", (t) => {
  const checkout = bareCheckout(t);
  const env = {
    npm_config_registry: nowhere,
    npm_config_fetch_retries: "0",
    npm_config_cache: path.join(checkout, "npm-cache"),
    npm_config_offline: "false",
  };
  const complaint = complaintOf(checkout, "node-packages.mjs", "nodePackages", env);
  assert.match(complaint, /No network while installing the Node packages/);
  assert.match(complaint, /what is already set up is kept/);
});

test("without a network pip's step says so, and leaves no stamp", (t) => {
  const checkout = bareCheckout(t);
  const env = {
    PIP_INDEX_URL: `${nowhere}simple`,
    PIP_RETRIES: "0",
    PIP_NO_CACHE_DIR: "1",
    PIP_FIND_LINKS: "",
    PIP_CONFIG_FILE: "/dev/null",
  };
  const complaint = complaintOf(checkout, "python-environment.mjs", "pythonEnvironment", env);
  assert.match(complaint, /No network while installing the Python packages/);
  assert.ok(!existsSync(path.join(checkout, ".venv", "kernel-view-setup.txt")));
});

test("a second set-up waits for the first; a killed one does not block", async (t) => {
  const checkout = bareCheckout(t);
  const log = path.join(checkout, "log");
  const worker = `import(${JSON.stringify(path.join(checkout, "environment", "setup", "lock.mjs"))}).then(({ alone }) => alone(async () => {
    const fs = require("fs");
    fs.appendFileSync(${JSON.stringify(log)}, "in ");
    await new Promise((resolve) => setTimeout(resolve, Number(process.env.HOLD)));
    fs.appendFileSync(${JSON.stringify(log)}, "out ");
  }));`;
  const start = (hold: number) => {
    const child = spawn(process.execPath, ["-e", worker], {
      cwd: checkout,
      env: { ...process.env, HOLD: String(hold) },
      stdio: "ignore",
    });
    return { child, ended: new Promise((resolve) => child.on("close", resolve)) };
  };
  const killed = start(60_000);
  while (!existsSync(log)) await new Promise((resolve) => setTimeout(resolve, 20));
  killed.child.kill("SIGKILL");
  await killed.ended;
  assert.equal(readFileSync(log, "utf8"), "in ");
  assert.ok(existsSync(path.join(checkout, ".cache", "setup", "lock")), "the killed process left its lock");
  await Promise.all([start(300).ended, start(300).ended, start(300).ended]);
  assert.equal(readFileSync(log, "utf8"), "in in out in out in out ");
});

test("type errors are reported by the compiling step, and what was deleted leaves the build", (t) => {
  const checkout = bareCheckout(t);
  symlinkSync(path.join(root, "node_modules"), path.join(checkout, "node_modules"));
  mkdirSync(path.join(checkout, "src"));
  mkdirSync(path.join(checkout, "build", "src"), { recursive: true });
  writeFileSync(path.join(checkout, "src", "kept.ts"), "/** Stays. */\nexport const kept: number = 1;\n");
  writeFileSync(path.join(checkout, "src", "library.ts"), 'export * from "./kept";\n');
  writeFileSync(path.join(checkout, "src", "other-packages.ts"), 'export { kept as other } from "./kept";\n');
  writeFileSync(path.join(checkout, "build", "src", "deleted.js"), "");
  const run = () => {
    const script = `import("./environment/setup/compiled-sources.mjs").then(async ({ compiledSources: step }) => console.log(step.isDone(), await step.run(), step.isDone()));`;
    return runNode(["-e", script], { cwd: checkout }).stdout.trim();
  };
  assert.equal(run(), "false undefined true");
  assert.ok(existsSync(path.join(checkout, "build", "src", "kept.js")));
  assert.ok(!existsSync(path.join(checkout, "build", "src", "deleted.js")));
  const types = path.join(checkout, "build", "types", "kernel-view.d.ts");
  assert.match(readFileSync(types, "utf8"), /\/\*\* Stays\. \*\/\ndeclare const kept: number;/);
  const { mtimeMs } = statSync(types);
  writeFileSync(path.join(checkout, "src", "kept.ts"), "/** Stays. */\nexport const kept: number = 1 + 1;\n");
  assert.equal(run(), "false undefined true");
  assert.equal(statSync(types).mtimeMs, mtimeMs, "no declaration has changed");
  writeFileSync(path.join(checkout, "src", "kept.ts"), 'export const kept: number = "one, with a longer text";\n');
  assert.match(run(), /^false done, but with type errors .* false$/);
  assert.match(run(), /^false done, but with type errors .* false$/, "and again, with nothing changed");
});
