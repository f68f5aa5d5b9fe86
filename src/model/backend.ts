/** The tensor backend, as the rooms use it: tensor-library chooses it. */
import type * as Tf from "@tensorflow/tfjs";
// The class itself, so that importing it does not read the declarations of all of tfjs.
import type { Tensor } from "@tensorflow/tfjs-core/dist/tensor";
import { lazy } from "../lazy";
import { backendIsLoaded, gpu, loadTensorLibrary } from "./tensor-library";

export { backendIsLoaded };

/**
 * The tensor library with the chosen backend. It is loaded when something of it is first used; the functions, classes
 * and state are those of `@tensorflow/tfjs`.
 */
export const tf: typeof Tf = lazy(loadTensorLibrary);

export type { Tensor };

/** `tf.tidy` for a function that returns any object of tensors, which tfjs's own type does not allow. */
export const tidy = <T>(compute: () => T): T => tf.tidy(() => compute() as never);

/** Frees the tensors in any object. */
export const dispose = (tensors: unknown): void => tf.dispose(tensors as never);

/** The values of a float32 tensor, row-major. In plain JavaScript they are the tensor's own: copy them before changing them. */
export const floats = (tensor: Tensor): Float32Array => tensor.dataSync<"float32">();

/** The name of the active backend: "tensorflow" (native) or "cpu" (plain JavaScript); in a page also "wasm" or "webgl". */
export const backendName = (): string => tf.getBackend();

interface NativeProperties {
  binding?: { TF_Version?: string };
  isUsingGpuDevice?: boolean;
}

/** What computes and its versions, for provenance. */
export function backendVersions(): { backend: string; tfjs: string; tensorflow?: string; device?: string } {
  const { binding, isUsingGpuDevice } = tf.backend() as NativeProperties;
  return {
    backend: backendName(),
    tfjs: tf.version["tfjs-core"],
    tensorflow: binding?.TF_Version,
    ...(isUsingGpuDevice ? { device: gpu().name } : {}),
  };
}

/** The memory of the GPU that computes, in bytes; undefined where none does. */
export const gpuMemory = (): number | undefined =>
  (tf.backend() as NativeProperties).isUsingGpuDevice ? gpu().memory : undefined;

/** The part of the engine's state that outlives a scope that was never left. */
interface OpenState {
  scopeStack: unknown[];
  /** The operations of the gradient under way, with the tensors kept for the way back. */
  activeTape?: { saved?: Tensor[] }[] | null;
  gradientDepth: number;
  kernelDepth: number;
  numDataMovesStack: number[];
}

/**
 * Ends the tensor scopes that stayed open when JavaScript was terminated within `tf.tidy` or a gradient, and releases
 * their tensors. Call it only while no computation runs. If nothing was computed, it does nothing and loads nothing.
 */
export function abandonScopes(): void {
  if (!backendIsLoaded()) return;
  const engine = tf.engine();
  const state = engine.state as unknown as OpenState;
  for (const { saved } of state.activeTape ?? []) saved?.forEach((tensor) => tensor.dispose());
  while (state.scopeStack.length > 0) engine.endScope();
  Object.assign(state, {
    activeTape: undefined,
    gradientDepth: 0,
    kernelDepth: 0,
    numDataMovesStack: [],
  } satisfies Partial<OpenState>);
}
