// Started by Jupyter: node launch.cjs CONNECTION_FILE. Runs tslab as the kernel "TypeScript (Kernel View)".
// kernel.json gives the process its environment variables (see ../process-environment.mjs).
const path = require("node:path");

require("../node-compat.cjs");

// tslab resolves imports from its working folder. The repository's root works for every notebook, wherever it lies:
// `import … from "kernel-view"` and paths such as data/… mean the same thing everywhere.
process.env.KERNEL_VIEW_NOTEBOOK_FOLDER ??= process.cwd();
process.chdir(path.join(__dirname, "..", ".."));

// Through the package's main file, not dist/main.js: `import … from "tslab"` in cells and our display code then share
// the one copy that is connected to Jupyter.
const { startKernel } = require(require.resolve("tslab/dist/main.js"));
startKernel({ configPath: process.argv[2], enableFindLocal: false });
