// Loaded before everything else, by the kernel's launcher and by run.mjs.
const Module = require("node:module");
const util = require("node:util");

// tfjs-node 4.22 calls two functions that Node 23 removed from `util`.
util.isNullOrUndefined ??= (value) => value === null || value === undefined;
util.isArray ??= Array.isArray;

// danfojs-node insists on tfjs-node. Where its native part is missing, tfjs in plain JavaScript serves tables as well.
const load = Module._load;
Module._load = function (request, parent, isMain) {
  try {
    return load.call(this, request, parent, isMain);
  } catch (error) {
    const forTables = request === "@tensorflow/tfjs-node" && /[\\/]danfojs-node[\\/]/.test(parent?.filename ?? "");
    if (!forTables) throw error;
    return load.call(this, "@tensorflow/tfjs", parent, isMain);
  }
};
