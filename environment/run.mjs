// Runs one of the project's programs with the right environment: node environment/run.mjs FILE [ARGUMENTS]
// The allocator's variables count only if they are there when a process starts, so this starts a second one.
import { spawn } from "node:child_process";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { withProcessEnvironment } from "./process-environment.mjs";
import { withoutNoise } from "./tensorflow-noise.mjs";
import { isProgram } from "./setup/files.mjs";

const here = path.dirname(fileURLToPath(import.meta.url));

/** Runs `node FILE ARGUMENTS` to its end and returns its exit code. Signals and standard streams are passed on. */
export function runNode(file, args, { env = process.env } = {}) {
  return runProgram(process.execPath, ["--require", path.join(here, "node-compat.cjs"), file, ...args], { env });
}

/**
 * Runs a program with the project's environment, its error output freed of TensorFlow's start-up lines.
 * `cleanOutput` does the same to standard output (Node's test runner passes its children's errors on there).
 */
export function runProgram(program, args, { env = process.env, cwd, cleanOutput = false } = {}) {
  const terminal = process.stderr.isTTY ? { KERNEL_VIEW_TERMINAL_COLUMNS: String(process.stderr.columns ?? 80) } : {};
  const child = spawn(program, args, {
    cwd,
    env: {
      ...withProcessEnvironment(env),
      ...terminal,
      ...(cleanOutput && process.stdout.isTTY ? { FORCE_COLOR: "1" } : {}),
    },
    stdio: ["inherit", cleanOutput ? "pipe" : "inherit", "pipe"],
  });
  child.stdout?.on("data", (chunk) => process.stdout.write(withoutNoise(chunk)));
  child.stderr.on("data", (chunk) => process.stderr.write(withoutNoise(chunk)));
  // A terminal sends Ctrl-C to both processes: this one waits for the other's answer. The rest is passed on.
  const onInterrupt = () => {};
  const passOn = (signal) => child.kill(signal);
  process.on("SIGINT", onInterrupt);
  for (const signal of ["SIGTERM", "SIGHUP"]) process.on(signal, passOn);
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => {
      process.off("SIGINT", onInterrupt);
      for (const name of ["SIGTERM", "SIGHUP"]) process.off(name, passOn);
      if (signal && signal !== "SIGINT") console.error(`${path.basename(program)} was ended by ${signal}`);
      resolve(code ?? (signal === "SIGINT" ? 130 : 1));
    });
  });
}

if (isProgram(import.meta.url)) {
  const [file, ...args] = process.argv.slice(2);
  if (!file) {
    console.error("usage: node environment/run.mjs FILE [ARGUMENTS]");
    process.exitCode = 2;
  } else {
    process.exitCode = await runNode(path.resolve(file), args);
  }
}
