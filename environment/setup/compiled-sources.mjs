import { existsSync, mkdirSync, rmSync } from "node:fs";
import path from "node:path";
import { run } from "./command.mjs";
import { declarationsAreThere, writeDeclarations } from "./declarations.mjs";
import { filesUnder, fileState, fingerprint, readIfThere, writeWhole } from "./files.mjs";
import { build, cache, nodeModules, root } from "./places.mjs";
import { SetupError } from "./setup-error.mjs";

const stamp = path.join(build, "kernel-view-setup.txt");
const folders = ["src", "environment/tools", "test", "bench"];

/** Step: TypeScript sources compiled to build/ and the package's types in a few files, when a source has changed. */
export const compiledSources = {
  name: "Compiling",
  detail: "TypeScript sources to build/",
  gigabytes: 0.1,
  isDone: () =>
    readIfThere(stamp) === wanted() && existsSync(path.join(build, "src")) && (!isWhole() || declarationsAreThere()),
  async run() {
    const state = wanted();
    rmSync(stamp, { force: true });
    removeOrphans();
    mkdirSync(path.join(build, "src"), { recursive: true });
    // Without the library (the container installs the packages first) there is nothing to compile yet.
    if (isWhole()) {
      const problem = await compile();
      // With type errors there are declarations too, but not always such as can be put together.
      await writeDeclarations().catch((error) => {
        if (!problem) throw error;
      });
      if (problem) return problem;
    }
    writeWhole(stamp, state);
    return undefined;
  },
};

/** Runs the compiler; returns a remark where it found type errors. */
async function compile() {
  const compiler = path.join(nodeModules, "typescript", "bin", "tsc");
  const log = path.join(cache, "setup", "compile.log");
  try {
    await run(process.execPath, [compiler, "-p", "."], { what: "compiling the sources", log: "compile" });
  } catch (error) {
    const typeErrors = error instanceof SetupError && /^\S+\.ts\(\d+,\d+\): error TS/m.test(readIfThere(log) ?? "");
    if (!typeErrors) throw error;
    // The compiler writes its output in spite of type errors, and `npm test` is what insists on none.
    return `done, but with type errors (see ${path.relative(root, log)}, or run \`npm run build\`)`;
  }
  return undefined;
}

const isWhole = () => existsSync(path.join(root, "src"));

function sources() {
  return folders.flatMap((folder) => filesUnder(path.join(root, folder))).filter((file) => file.endsWith(".ts"));
}

function wanted() {
  return fingerprint(
    ...[...sources(), path.join(root, "tsconfig.json"), path.join(nodeModules, ".package-lock.json")].map(fileState),
  );
}

/** Output whose source is gone would still be found by the test runner; without its record, all is written anew. */
function removeOrphans() {
  const kept = new Set(sources().map((file) => path.join(build, path.relative(root, file)).replace(/\.ts$/, "")));
  for (const folder of folders) {
    for (const file of filesUnder(path.join(build, folder))) {
      const compiled = /^(.*?)\.(?:d\.ts|js\.map|js)$/.exec(file);
      if (compiled && !kept.has(compiled[1])) rmSync(file, { force: true });
    }
  }
  const missing = [...kept].some((file) => !file.endsWith(".d") && !existsSync(`${file}.js`));
  if (missing) rmSync(path.join(build, ".tsbuildinfo"), { force: true });
}
