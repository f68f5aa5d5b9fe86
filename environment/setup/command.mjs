// Running other programs, with their output in a log file.
import { spawn, spawnSync } from "node:child_process";
import { closeSync, existsSync, mkdirSync, openSync, realpathSync } from "node:fs";
import path from "node:path";
import { cache, root } from "./places.mjs";
import { explainFailure } from "./setup-error.mjs";

/**
 * Runs a program to its end; its output goes to `.cache/setup/<log>.log`.
 * @throws SetupError with the reason and the remedy when the program cannot start or does not end with code 0
 */
export async function run(program, args, { what, source, log, cwd = root, env = {}, timeoutSeconds }) {
  const logFile = path.join(cache, "setup", `${log}.log`);
  mkdirSync(path.dirname(logFile), { recursive: true });
  const output = openSync(logFile, "w");
  try {
    const code = await new Promise((resolve, reject) => {
      const child = spawn(program, args, { cwd, env: { ...process.env, ...env }, stdio: ["ignore", output, output] });
      const timer = timeoutSeconds && setTimeout(() => child.kill("SIGKILL"), timeoutSeconds * 1000);
      child.on("error", reject);
      child.on("close", (exitCode, signal) => {
        clearTimeout(timer);
        resolve(exitCode ?? signal);
      });
    });
    if (code !== 0) throw explainFailure({ what, source, logFile, code });
  } finally {
    closeSync(output);
  }
}

/** Runs a short program and returns its standard output, or undefined where it is missing or fails. */
export function ask(program, args, options = {}) {
  const result = spawnSync(program, args, { encoding: "utf8", cwd: root, timeout: 60_000, ...options });
  return result.status === 0 ? result.stdout.trim() : undefined;
}

/** The full path of a program on PATH, or undefined. */
export function findProgram(name) {
  for (const folder of (process.env.PATH ?? "").split(path.delimiter)) {
    const candidate = path.join(folder, process.platform === "win32" ? `${name}.cmd` : name);
    if (folder && existsSync(candidate)) return candidate;
  }
  return undefined;
}

/** How to start npm: through the npm that started us where there is one, otherwise the one on PATH. */
export function npmCommand() {
  const script = npmScript();
  return script ? { program: process.execPath, args: [script] } : { program: "npm", args: [] };
}

function npmScript() {
  const started = process.env.npm_execpath;
  if (started && /npm-cli\.c?js$/.test(started) && existsSync(started)) return started;
  const found = findProgram("npm");
  const real = found && realpathSync(found);
  return real && /npm-cli\.c?js$/.test(real) ? real : undefined;
}

/** The node-gyp that comes with npm, or undefined (then node-pre-gyp looks for one itself). */
export function bundledNodeGyp() {
  const script = npmScript();
  const gyp = script && path.join(path.dirname(script), "..", "node_modules", "node-gyp", "bin", "node-gyp.js");
  return gyp && existsSync(gyp) ? gyp : undefined;
}
