/** The script of a test page: the same numbers on a backend of the browser. */
import { decompressed, unpack } from "../../src/live/packed";
import { startBackend, type PageBackend } from "../../src/live/tensor-library";
import { numbersOf, type Given, type Numbers } from "./numbers";

async function run(backend: PageBackend, wasm: string, given: string): Promise<Numbers & { seconds: number[] }> {
  await startBackend(await decompressed(wasm), [backend]);
  const start = performance.now();
  const numbers = await numbersOf(unpack(await decompressed(given)) as Given);
  return { ...numbers, seconds: [(performance.now() - start) / 1000] };
}

Object.assign(globalThis, { run });
