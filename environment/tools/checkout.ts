// Where things are in the checkout, and its plain programs, which run before anything is compiled.
import path from "node:path";
import { pathToFileURL } from "node:url";

/** The repository's root folder, seen from build/environment/tools. */
export const root = path.join(__dirname, "..", "..", "..");
export const cache = path.join(root, ".cache");
export const venvPython = path.join(
  root,
  ".venv",
  ...(process.platform === "win32" ? ["Scripts", "python.exe"] : ["bin", "python"]),
);

interface PlainPrograms {
  "run.mjs": {
    /** Runs a compiled program with TensorFlow's environment; returns its exit code. */
    runNode(file: string, args: readonly string[]): Promise<number>;
  };
  "tensorflow-noise.mjs": {
    /** Output without TensorFlow's start-up lines. */
    withoutNoise(chunk: Buffer): Buffer;
  };
}

/** Imports one of the plain programs in environment/. */
export const plainProgram = <Name extends keyof PlainPrograms>(name: Name): Promise<PlainPrograms[Name]> =>
  import(pathToFileURL(path.join(root, "environment", name)).href) as Promise<PlainPrograms[Name]>;

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
