// npm run lab: JupyterLab in notebooks/, with the kernel ready. Arguments after -- go to JupyterLab.
import path from "node:path";
import { runProgram } from "./run.mjs";
import { root, venvBin } from "./setup/places.mjs";

// Jupyter refuses to run as root (the usual user in a container) unless told.
const asRoot = process.getuid?.() === 0 ? ["--allow-root"] : [];
const args = process.argv.slice(2);
const folder = args.some((argument) => /^--(?:notebook-dir|ServerApp\.root_dir|LabApp\.root_dir)=/.test(argument))
  ? []
  : [`--notebook-dir=${path.join(root, "notebooks")}`];
process.exitCode = await runProgram(path.join(venvBin, "jupyter-lab"), [...folder, ...asRoot, ...args], { cwd: root });
