/** Starts the measuring processes, one at a time, and reads what they write. */
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join, resolve } from "node:path";

const ROOT = resolve(__dirname, "..", "..");

/** Command lines of one measurement without the output file, which takes the place of OUT. */
export const OUT = "{out}";
export type CommandLine = [program: string, ...rest: string[]];

export const ours = (...rest: string[]): CommandLine => [
  process.execPath,
  join(ROOT, "environment", "run.mjs"),
  join(__dirname, "kernel-run.js"),
  ...rest,
];
export const pytorch = (python: string, ...rest: string[]): CommandLine => [
  python,
  join(ROOT, "bench", "kernel-engine.py"),
  ...rest,
];

/**
 * Runs a program to its end, with as many threads as there are cores, and returns the JSON it wrote.
 *
 * @throws with the end of its error output if it fails or writes nothing
 */
export async function measure<T>(commandLine: CommandLine, { show = false } = {}): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "kernel-bench-"));
  try {
    const out = join(folder, "out.json");
    await runToEnd(commandLine.map((part) => (part === OUT ? out : part)) as CommandLine, show);
    if (!existsSync(out)) throw new Error(`${commandLine.join(" ")} wrote no result`);
    return JSON.parse(readFileSync(out, "utf8")) as T;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export async function runToEnd([program, ...rest]: CommandLine, show = false): Promise<void> {
  const child = spawn(program, rest, {
    env: { ...process.env, OMP_NUM_THREADS: String(cpus().length) },
    stdio: ["ignore", "ignore", "pipe"],
  });
  // Ctrl-C reaches both processes; the rest is passed on, so that no measurement is left running.
  let received: NodeJS.Signals | undefined;
  const passOn = (signal: NodeJS.Signals): void => void child.kill((received = signal));
  for (const signal of ["SIGTERM", "SIGHUP"] as const) process.on(signal, passOn);
  let errors = "";
  child.stderr.on("data", (chunk: Buffer) => {
    if (show) process.stderr.write(chunk);
    errors = (errors + chunk.toString()).slice(-2000);
  });
  const ended = await new Promise<string>((done, fail) => {
    child.on("error", (error) => fail(new Error(`${program} could not be started: ${error.message}`)));
    child.on("close", (code, signal) =>
      done(code === 0 ? "" : signal ? `was ended by ${signal}` : `failed with exit code ${code}`),
    );
  });
  for (const signal of ["SIGTERM", "SIGHUP"] as const) process.off(signal, passOn);
  if (received) process.kill(process.pid, received);
  if (ended) throw new Error(`${[program, ...rest].join(" ")} ${ended}:\n${errors}`);
}
