// Bundles what a page runs: the library's own compiled files, with what package.json's "browser" names in their place.
import { readFileSync } from "node:fs";
import path from "node:path";
import { root } from "../checkout";

/** The script of an entry file below build/, with everything that it imports. */
export async function bundled(entry: string): Promise<string> {
  const { build } = await import("esbuild");
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: [path.resolve(root, entry)],
    bundle: true,
    write: false,
    platform: "browser",
    format: "iife",
    target: "es2022",
    minify: true,
    legalComments: "none",
    define: { "process.env.NODE_ENV": '"production"' },
    logLevel: "error",
  });
  return outputFiles[0].text;
}

/** TensorFlow.js's WebAssembly binary. */
export const wasmBinary = (): Buffer =>
  readFileSync(require.resolve("@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm"));
