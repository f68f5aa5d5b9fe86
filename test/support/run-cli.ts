import { spawn } from "node:child_process";
import { join } from "node:path";
import { root } from "./checkout";

/** Runs `kernel-view` as a process in a folder; not spawnSync, so that a server in the test's own process can answer it. */
export function runCli(
  folder: string,
  args: string[],
): Promise<{ status: number | null; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [join(root, "build", "src", "cli.js"), ...args], {
    cwd: folder,
    env: { ...process.env, KERNEL_VIEW_DEBUG: "", FORCE_COLOR: "0" },
  });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (text) => (stdout += String(text)));
  child.stderr.on("data", (text) => (stderr += String(text)));
  return new Promise((done) => child.on("close", (status) => done({ status, stdout, stderr })));
}
