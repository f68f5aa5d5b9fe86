/**
 * The one file that chooses the tensor backend: TensorFlow's C library through tfjs-node,
 * or, where that cannot be loaded, tfjs in plain JavaScript (the same results, far slower).
 */
import type * as Tf from "@tensorflow/tfjs";

process.env.TF_CPP_MIN_LOG_LEVEL ??= "3";

// tfjs-node 4.22 calls two helpers that Node 23 removed.
const util = require("node:util") as Record<string, (value: unknown) => boolean>;
util.isNullOrUndefined ??= (value) => value === null || value === undefined;
util.isArray ??= (value) => Array.isArray(value);

function chooseBackend(): typeof Tf {
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

export const tf: typeof Tf = chooseBackend();

export type Tensor = Tf.Tensor;

/** The name of the active backend: "tensorflow" (native) or "cpu" (plain JavaScript). */
export const backendName = (): string => tf.getBackend();

/** Versions of what computes, for provenance. */
export function backendVersions(): { backend: string; tfjs: string; tensorflow?: string } {
  const native = (tf.backend() as { binding?: { TF_Version?: string } }).binding;
  return { backend: backendName(), tfjs: tf.version["tfjs-core"], tensorflow: native?.TF_Version };
}
