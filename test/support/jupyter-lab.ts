import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import os from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { root } from "./checkout";

export interface RunningLab {
  /** Address of a notebook in the lab. */
  address(notebook: string): string;
  stop(): Promise<void>;
}

/** Starts JupyterLab on a folder, with no settings but its own; pages find the application as `window.jupyterapp`. */
export async function startLab(folder: string): Promise<RunningLab> {
  const port = await freePort();
  const token = "kernel-view-test";
  const own = mkdtempSync(path.join(os.tmpdir(), "kernel-view-lab-"));
  const places = Object.fromEntries(
    ["JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "JUPYTERLAB_SETTINGS_DIR", "JUPYTERLAB_WORKSPACES_DIR"].map((name) => [name, path.join(own, name.toLowerCase())]),
  );
  for (const place of Object.values(places)) mkdirSync(place);
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const settings = [`--ServerApp.port=${port}`, "--ServerApp.port_retries=0", `--IdentityProvider.token=${token}`, `--ServerApp.root_dir=${folder}`, "--no-browser", "--allow-root", "--expose-app-in-browser", "--LabApp.news_url="];
  const server = spawn(path.join(root, ".venv", "bin", "jupyter-lab"), settings, { cwd: folder, env: { ...env, ...places } });
  let words = "";
  for (const stream of [server.stdout, server.stderr]) stream.on("data", (text) => (words += String(text)));
  const closed = new Promise<void>((resolve) => server.on("close", () => resolve()));
  const stop = async () => {
    server.kill("SIGTERM"); // its kernels end with it
    await Promise.race([closed, sleep(15_000, undefined, { ref: false }).then(() => void server.kill("SIGKILL"))]);
    rmSync(own, { recursive: true, force: true });
  };
  const base = `http://127.0.0.1:${port}`;
  for (const started = Date.now(); Date.now() - started < 120_000; await sleep(200)) {
    if (server.exitCode !== null) break;
    const answer = await fetch(`${base}/api/status?token=${token}`).catch(() => undefined);
    if (answer?.ok) return { address: (notebook) => `${base}/lab/tree/${notebook}?token=${token}&reset`, stop };
  }
  await stop();
  throw new Error(`JupyterLab did not start:\n${words}`);
}

function freePort(): Promise<number> {
  const server = createServer();
  return new Promise((resolve, reject) => {
    server.on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
