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
  completeWasm();
  for (const name of backends) if (await setBackend(name).catch(() => false)) return name;
  throw new Error(`none of the tensor backends ${backends.join(", ")} starts in this browser`);
}

/** Memory of the WebAssembly backend. */
interface Heap {
  typedArrayFromHeap(info: core.TensorInfo): Float32Array;
  makeOutput(shape: number[], dtype: core.DataType): core.TensorInfo;
}

/** Two operations that the WebAssembly backend has wrong or not at all, as loops over its memory. */
const LOOPS: Record<string, { shape: (x: number[], attrs: core.NamedAttrMap) => number[]; fill: Loop }> = {
  // Its own takes everything between −1e-7 and 1e-7 for zero.
  Sign: {
    shape: (x) => x,
    fill(y, x) {
      for (let i = 0; i < y.length; i++) y[i] = x[i] > 0 ? 1 : x[i] < 0 ? -1 : 0;
    },
  },
  UnsortedSegmentSum: {
    shape: (x, { numSegments }) => [numSegments as number, ...x.slice(1)],
    fill(y, x, segments) {
      const width = x.length / segments.length;
      y.fill(0);
      for (let i = 0; i < x.length; i++) y[segments[Math.floor(i / width)] * width + (i % width)] += x[i];
    },
  },
};

type Loop = (y: Float32Array, x: Float32Array, segments: Float32Array) => void;

function completeWasm(): void {
  for (const [kernelName, { shape, fill }] of Object.entries(LOOPS)) {
    if (core.getKernel(kernelName, "wasm")) core.unregisterKernel(kernelName, "wasm");
    core.registerKernel({
      kernelName,
      backendName: "wasm",
      kernelFunc({ inputs: { x, segmentIds }, attrs, backend }) {
        const heap = backend as unknown as Heap;
        const y = heap.makeOutput(shape(x!.shape, attrs!), x!.dtype);
        // After the output is made, which may move the memory.
        const [to, from, segments] = [y, x!, segmentIds ?? x!].map((info) => heap.typedArrayFromHeap(info));
        fill(to, from, segments);
        return y;
      },
    });
  }
}
