// Loaded before everything else, in the process that runs cells and by run.mjs.
const Module = require("node:module");
const path = require("node:path");
const util = require("node:util");

// tfjs-node 4.22 calls two functions that Node 23 removed from `util`.
util.isNullOrUndefined ??= (value) => value === null || value === undefined;
util.isArray ??= Array.isArray;

const load = Module._load;
Module._load = function (request, parent, isMain) {
  if (request === "@tensorflow/tfjs" && isOwn(parent?.filename)) chooseBackend();
  try {
    return load.call(this, request, parent, isMain);
  } catch (error) {
    // danfojs-node insists on tfjs-node. Where its native part is missing, tfjs in plain JavaScript serves tables as well.
    const forTables = request === "@tensorflow/tfjs-node" && /[\\/]danfojs-node[\\/]/.test(parent?.filename ?? "");
    if (!forTables) throw error;
    return load.call(this, "@tensorflow/tfjs", parent, isMain);
  }
};

const build = path.join(__dirname, "..", "build");
let chosen = false;

/** Whoever asks for tfjs by its own name computes with the library's backend too, not in plain JavaScript. */
function chooseBackend() {
  if (chosen) return;
  chosen = true;
  try {
    require(path.join(build, "src", "model", "backend.js")).backendName();
  } catch (error) {
    // Before the sources are compiled there is no choice to be made.
    if (error.code !== "MODULE_NOT_FOUND") throw error;
  }
}

/** Neither of a package nor of the library, which makes the choice. */
const isOwn = (file = "") => !/[\\/]node_modules[\\/]/.test(file) && !file.startsWith(build + path.sep);
