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
  quickenProducts();
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

/** Multiplications from which a product in a batch is worth its own call. */
const LARGE_PRODUCT = 1e5;

/**
 * The backend is four to fourteen times slower at products of transposed matrices, and at batches of products. So
 * matrices are turned first, and large products of a batch are taken one by one.
 */
function quickenProducts(): void {
  const [kernelName, backendName] = ["BatchMatMul", "wasm"];
  const { kernelFunc: own, setupFunc } = core.getKernel(kernelName, backendName);
  const transpose = core.getKernel("Transpose", backendName).kernelFunc;
  core.unregisterKernel(kernelName, backendName);
  core.registerKernel({
    kernelName,
    backendName,
    setupFunc,
    kernelFunc({ inputs, attrs, backend }) {
      const heap = backend as unknown as Heap & { disposeData(id: object): void };
      const made: core.TensorInfo[] = [];
      const keep = (info: core.TensorInfo): core.TensorInfo => (made.push(info), info);
      const turned = (x: core.TensorInfo, turn: unknown): core.TensorInfo => {
        const rank = x.shape.length;
        const perm = [...Array(rank - 2).keys(), rank - 1, rank - 2];
        return turn ? keep(transpose({ inputs: { x }, attrs: { perm }, backend }) as core.TensorInfo) : x;
      };
      const product = (a: core.TensorInfo, b: core.TensorInfo): core.TensorInfo =>
        own({ inputs: { a, b }, attrs: { transposeA: false, transposeB: false }, backend }) as core.TensorInfo;
      const [a, b] = [turned(inputs.a!, attrs!.transposeA), turned(inputs.b!, attrs!.transposeB)];
      const [[n, k], m] = [a.shape.slice(-2), b.shape.at(-1)!];
      const batch = a.shape.slice(0, -2);
      const count = batch.reduce((product, size) => product * size, 1);
      const oneByOne = count > 1 && n * k * m > LARGE_PRODUCT && b.shape.slice(0, -2).join() === batch.join();
      const result = oneByOne ? heap.makeOutput([...batch, n, m], "float32") : product(a, b);
      for (let i = 0; oneByOne && i < count; i++) {
        const part = (x: core.TensorInfo, rows: number, columns: number): core.TensorInfo => {
          const one = keep(heap.makeOutput([1, rows, columns], "float32"));
          const size = rows * columns;
          heap.typedArrayFromHeap(one).set(heap.typedArrayFromHeap(x).subarray(i * size, (i + 1) * size));
          return one;
        };
        const one = keep(product(part(a, n, k), part(b, k, m)));
        heap.typedArrayFromHeap(result).set(heap.typedArrayFromHeap(one), i * n * m);
      }
      made.forEach(({ dataId }) => heap.disposeData(dataId));
      return result;
    },
  });
}
