// npm run lab: JupyterLab in notebooks/, with the kernel ready. Arguments after -- go to JupyterLab.
import path from "node:path";
import { changedNotebooks } from "../build/environment/tools/report/committed.js";
import { runProgram } from "./run.mjs";
import { root, venvBin } from "./setup/places.mjs";

// Jupyter refuses to run as root (the usual user in a container) unless told.
const asRoot = process.getuid?.() === 0 ? ["--allow-root"] : [];
const args = process.argv.slice(2);
const folder = args.some((argument) => /^--(?:notebook-dir|ServerApp\.root_dir|LabApp\.root_dir)=/.test(argument))
  ? []
  : [`--notebook-dir=${path.join(root, "notebooks")}`];
const changed = changedNotebooks(path.join(root, "notebooks"));
console.log(
  `JupyterLab saves what you change into notebooks/${changed.length > 0 ? `; not as committed now: ${changed.join(", ")}` : ""}.
As committed again:  git restore notebooks/NAME.ipynb  (to keep both: File ▸ Duplicate, before you change it)\n`,
);
process.exitCode = await runProgram(path.join(venvBin, "jupyter-lab"), [...folder, ...asRoot, ...args], { cwd: root });
