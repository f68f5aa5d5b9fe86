// Where set-up puts things. Everything stays inside the checkout.
import path from "node:path";
import { fileURLToPath } from "node:url";

/** The repository's root folder. */
export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..", "..");

const windows = process.platform === "win32";
export const nodeModules = path.join(root, "node_modules");
export const cache = path.join(root, ".cache");
export const venv = path.join(root, ".venv");
export const venvBin = path.join(venv, windows ? "Scripts" : "bin");
export const venvPython = path.join(venvBin, windows ? "python.exe" : "python");
export const kernelspec = path.join(venv, "share", "jupyter", "kernels", "kernel-view");
export const build = path.join(root, "build");
