// Started by Jupyter: node launch.cjs CONNECTION_FILE. Runs tslab as the kernel "TypeScript (Kernel View)".
// kernel.json gives the process its environment variables (see ../process-environment.mjs).
const path = require("node:path");

require("../node-compat.cjs");

// tslab resolves imports from its working folder. The repository's root works for every notebook, wherever it lies:
// `import … from "kernel-view"` and paths such as data/… mean the same thing everywhere.
process.env.KERNEL_VIEW_NOTEBOOK_FOLDER ??= process.cwd();
process.chdir(path.join(__dirname, "..", ".."));

// The same copy that our display code and `import … from "tslab"` find: only one can be connected to Jupyter.
const { repairPropertyNames } = require("./property-names.cjs");
const { leavePackagesUnwatched } = require("./packages-stay.cjs");
const ts = require("@tslab/typescript-for-tslab");
leavePackagesUnwatched(ts);
repairPropertyNames(require("tslab/dist/executor.js"), ts);
const { startKernel } = require("tslab/dist/main.js");
startKernel({ configPath: process.argv[2], enableFindLocal: false });
