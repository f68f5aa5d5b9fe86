import { readFileSync } from "node:fs";
import path from "node:path";
import { processEnvironment } from "../process-environment.mjs";
import { readIfThere, writeWhole } from "./files.mjs";
import { build, kernelspec, root } from "./places.mjs";

/** Step: the kernel "TypeScript (Kernel View)", registered in .venv only, so no other Jupyter is touched. */
export const jupyterKernel = {
  name: "Jupyter kernel",
  detail: "TypeScript (Kernel View)",
  gigabytes: 0,
  isDone: () =>
    Object.entries(wantedFiles()).every(([name, text]) => readIfThere(path.join(kernelspec, name)) === text),
  run() {
    for (const [name, text] of Object.entries(wantedFiles())) writeWhole(path.join(kernelspec, name), text);
  },
};

function wantedFiles() {
  const specification = {
    argv: [process.execPath, path.join(build, "src", "jupyter", "kernel.js"), "{connection_file}"],
    display_name: "TypeScript (Kernel View)",
    language: "typescript",
    interrupt_mode: "message",
    env: processEnvironment,
    metadata: { debugger: false },
  };
  return {
    "kernel.json": JSON.stringify(specification, null, 2) + "\n",
    "logo-svg.svg": readFileSync(path.join(root, "environment", "kernel-logo.svg"), "utf8"),
  };
}
