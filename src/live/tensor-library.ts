/**
 * The tensor library of a page: TensorFlow.js's own backends. WebAssembly computes where it starts, else WebGL, else plain
 * JavaScript. WebGPU is left out: it can be read only asynchronously, and the rooms read as they compute. Threads need
 * cross-origin isolation, which a file and a static site do not have.
 */
import "@tensorflow/tfjs-core/dist/register_all_gradients";
import "@tensorflow/tfjs-core/dist/public/chained_ops/register_all_chained_ops";
import "@tensorflow/tfjs-backend-cpu";
import { setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import "@tensorflow/tfjs-backend-webgl";
import * as core from "@tensorflow/tfjs-core";
import type * as Tf from "@tensorflow/tfjs";

/** What the rooms use of `@tensorflow/tfjs` is its core. */
const library = { ...core, version: { "tfjs-core": core.version_core } } as unknown as typeof Tf;

export const loadTensorLibrary = (): typeof Tf => library;

export const backendIsLoaded = (): boolean => true;

/** Only the native backend has one to name. */
export function gpu(): never {
  throw new Error("a page does not know its GPU");
}

export const BACKENDS = ["wasm", "webgl", "cpu"] as const;

export type PageBackend = (typeof BACKENDS)[number];

/**
 * Starts the first backend of the list that works here, and tells which.
 * @param wasm the bytes of TensorFlow.js's SIMD binary
 */
export async function startBackend(
  wasm: Uint8Array<ArrayBuffer>,
  backends: readonly PageBackend[] = BACKENDS,
): Promise<PageBackend> {
  // The library asks its platform for the binary by address. The page has it, and may not connect to anything.
  const { env, setBackend } = core;
  Object.assign(env().platform, { fetch: () => Promise.resolve(new Response(wasm)) });
  const file = "tfjs-backend-wasm-simd.wasm";
  setWasmPaths({ [file]: file, "tfjs-backend-wasm.wasm": file, "tfjs-backend-wasm-threaded-simd.wasm": file }, true);
  exactSign();
  lendKernels();
  for (const name of backends) if (await setBackend(name).catch(() => false)) return name;
  throw new Error(`none of the tensor backends ${backends.join(", ")} starts in this browser`);
}

interface Heap {
  typedArrayFromHeap(info: core.TensorInfo): Float32Array;
  makeOutput(shape: number[], dtype: core.DataType): core.TensorInfo;
}

/** The library's own sign takes everything between −1e-7 and 1e-7 for zero. */
function exactSign(): void {
  const kernel = { kernelName: "Sign", backendName: "wasm" };
  core.unregisterKernel(kernel.kernelName, kernel.backendName);
  core.registerKernel({
    ...kernel,
    kernelFunc({ inputs, backend }) {
      const x = inputs.x!;
      const heap = backend as unknown as Heap;
      const y = heap.makeOutput(x.shape, x.dtype);
      const [from, to] = [heap.typedArrayFromHeap(x), heap.typedArrayFromHeap(y)];
      for (let i = 0; i < to.length; i++) to[i] = from[i] > 0 ? 1 : from[i] < 0 ? -1 : 0;
      return y;
    },
  });
}

interface Holder {
  readSync(id: object): Float32Array;
  write(values: Float32Array, shape: number[], dtype: core.DataType): object;
  disposeData(id: object, force: boolean): boolean;
}

/** What WebAssembly lacks (sums by row of a table among it), plain JavaScript computes for it. */
function lendKernels(): void {
  const { findBackend, getKernel, getKernelsForBackend, registerKernel } = core;
  for (const { kernelName, kernelFunc } of getKernelsForBackend("cpu")) {
    if (getKernel(kernelName, "wasm")) continue;
    registerKernel({
      kernelName,
      backendName: "wasm",
      kernelFunc({ inputs, attrs, backend }) {
        const [own, lender] = [backend as Holder, findBackend("cpu") as unknown as Holder];
        const moved = (from: Holder, to: Holder, { dataId, shape, dtype }: core.TensorInfo): core.TensorInfo => ({
          dataId: to.write(from.readSync(dataId), shape, dtype),
          shape,
          dtype,
        });
        const lent = Object.entries(inputs).map(([name, input]) => [name, moved(own, lender, input!)] as const);
        const made = [kernelFunc({ inputs: Object.fromEntries(lent), attrs, backend: lender })].flat();
        const results = made.map((result) => moved(lender, own, result));
        for (const { dataId } of [...made, ...lent.map(([, info]) => info)]) lender.disposeData(dataId, true);
        return results.length === 1 ? results[0] : results;
      },
    });
  }
}
