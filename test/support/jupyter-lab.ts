import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { Page } from "playwright-core";
import { root } from "./checkout";

export const jupyterLab = path.join(root, ".venv", "bin", "jupyter-lab");
export const hasJupyterLab = (): boolean => existsSync(jupyterLab);

export interface Lab {
  /** The address of a notebook among those in the lab's folder. */
  address(notebook: string): string;
  stop(): Promise<void>;
}

/** Starts JupyterLab in a folder, with settings of its own in the folder `settings`; pages find the application as `window.jupyterapp`. */
export async function startLab(folder: string, settings: string, theme: "light" | "dark" = "light"): Promise<Lab> {
  const themes = path.join(settings, "lab", "@jupyterlab", "apputils-extension");
  mkdirSync(themes, { recursive: true });
  writeFileSync(
    path.join(themes, "themes.jupyterlab-settings"),
    JSON.stringify({ theme: `JupyterLab ${theme === "dark" ? "Dark" : "Light"}`, "adaptive-theme": false }),
  );
  const flags = [
    "--no-browser",
    "--allow-root",
    "--expose-app-in-browser",
    "--ServerApp.port=0",
    "--IdentityProvider.token=",
    "--ServerApp.password=",
    "--ServerApp.disable_check_xsrf=True",
    "--LabApp.news_url=None",
    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
  ];
  const env = {
    ...process.env,
    JUPYTERLAB_SETTINGS_DIR: path.join(settings, "lab"),
    JUPYTERLAB_WORKSPACES_DIR: path.join(settings, "workspaces"),
    JUPYTER_RUNTIME_DIR: path.join(settings, "runtime"),
    JUPYTER_CONFIG_DIR: path.join(settings, "config"),
  };
  const server = spawn(jupyterLab, [...flags, `--notebook-dir=${folder}`], {
    env,
    stdio: ["ignore", "ignore", "pipe"],
  });
  const url = await addressOf(server);
  return {
    address: (notebook) => `${url}lab/tree/${notebook}?reset`,
    stop: () =>
      new Promise((resolve) => {
        server.once("close", () => resolve());
        server.kill("SIGTERM");
        setTimeout(() => server.kill("SIGKILL"), 10_000).unref();
      }),
  };
}

function addressOf(server: ChildProcess): Promise<string> {
  let log = "";
  return new Promise((resolve, reject) => {
    server.stderr!.on("data", (chunk: Buffer) => {
      log += chunk.toString();
      const found = /http:\/\/(?:localhost|127\.0\.0\.1):(\d+)\//.exec(log);
      if (found) resolve(found[0]);
    });
    server.once("close", () => reject(new Error(`JupyterLab did not start:\n${log}`)));
  });
}

/** Runs every cell of the notebook that a page shows, and waits until the kernel is idle again. */
export async function runAll(page: Page): Promise<void> {
  await page.waitForSelector(".jp-Notebook .jp-CodeCell", { timeout: 60_000 });
  await page.getByText("TypeScript (Kernel View) | Idle").waitFor({ timeout: 60_000 }); // before, JupyterLab would ask for a kernel
  await page.getByRole("menuitem", { name: "Run", exact: true }).click();
  await page.getByText("Run All Cells", { exact: true }).click();
}
