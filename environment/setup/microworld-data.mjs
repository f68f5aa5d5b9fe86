import path from "node:path";
import { run } from "./command.mjs";
import { readIfThere } from "./files.mjs";
import { build, root } from "./places.mjs";

const folder = path.join(root, "data", "microworld");

const versionIn = (file) => {
  const text = readIfThere(file);
  return text === undefined ? undefined : JSON.parse(text).version;
};

/** Step: the task data of the embedded model, from its generator; the shipped hashes say which version is wanted. */
export const microworldData = {
  name: "Microworld",
  detail: "task data of the embedded model",
  gigabytes: 0.1,
  isDone: () => versionIn(path.join(folder, "tasks", "stamp.json")) === versionIn(path.join(folder, "manifest.json")),
  async run() {
    const program = path.join(build, "src", "microworld", "data-cli.js");
    await run(process.execPath, [program, "--out", folder], { what: "making the microworld's task data", log: "microworld" });
    return undefined;
  },
};
