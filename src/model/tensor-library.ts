/**
 * The one file that chooses the tensor backend: TensorFlow's C library through tfjs-node,
 * or, where that cannot be loaded, tfjs in plain JavaScript (the same results, far slower).
 * A page has its own in its place: live/tensor-library.
 */
import { execFileSync } from "node:child_process";
import type * as Tf from "@tensorflow/tfjs";

process.env.TF_CPP_MIN_LOG_LEVEL ??= "3";

// tfjs-node 4.22 calls two helpers that Node 23 removed.
const util = require("node:util") as Record<string, (value: unknown) => boolean>;
util.isNullOrUndefined ??= (value) => value === null || value === undefined;
util.isArray ??= (value) => Array.isArray(value);

/** The tensor library with the chosen backend. */
export function loadTensorLibrary(): typeof Tf {
  if (process.env.KERNEL_VIEW_BACKEND === "cpu") return require("@tensorflow/tfjs") as typeof Tf;
  try {
    return require("@tensorflow/tfjs-node") as typeof Tf;
  } catch (error) {
    const reason = (error as Error).message.split("\n")[0];
    process.stderr.write(
      `Native TensorFlow could not be loaded (${reason}). Falling back to plain JavaScript: ` +
        "results are the same, but everything is about a hundred times slower. Run `npm run setup` to repair it.\n",
    );
    return require("@tensorflow/tfjs") as typeof Tf;
  }
}

/** Whether the tensor library is loaded: something was computed with it, here or by another package (danfojs). */
export const backendIsLoaded = (): boolean =>
  Object.keys(require.cache).some((file) => /[\\/]@tensorflow[\\/]tfjs-core[\\/]/.test(file));

let knownGpu: { name: string; memory: number } | undefined;

/** The GPU that computes, if one does: its name, and its memory in bytes. */
export function gpu(): { name: string; memory: number } {
  if (!knownGpu) {
    const [line] = execFileSync("nvidia-smi", ["--query-gpu=name,memory.total", "--format=csv,noheader,nounits"], {
      encoding: "utf8",
    }).split("\n");
    const [name, mebibytes] = line.split(", ");
    knownGpu = { name, memory: Number(mebibytes) * 2 ** 20 };
  }
  return knownGpu;
}
