import { spawnSync, type SpawnSyncReturns } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";

/** The repository's root folder, seen from build/test/support. */
export const root = path.join(__dirname, "..", "..", "..");

/** Imports one of the project's plain-JavaScript programs, by its path in the checkout. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export const program = (file: string): Promise<any> => import(pathToFileURL(path.join(root, file)).href);

/** Runs a Node program of the checkout and waits for its end. */
export function runNode(
  args: string[],
  options: { env?: NodeJS.ProcessEnv; cwd?: string; input?: string } = {},
): SpawnSyncReturns<string> {
  // Tests are themselves started by node --test, which tells its children so.
  const { NODE_TEST_CONTEXT: _, ...env } = { ...process.env, ...options.env };
  return spawnSync(process.execPath, args, {
    encoding: "utf8",
    cwd: options.cwd ?? root,
    env,
    input: options.input,
    maxBuffer: 1 << 28,
  });
}

/** A folder that is gone after the test. */
export function temporaryFolder(t: { after(clean: () => void): void }): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), "kernel-view-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A notebook among the fixtures. */
export const fixtureNotebook = (name: string): string =>
  path.join(root, "test", "fixtures", "notebooks", `${name}.ipynb`);

/** The Chromium the browser tests use, or undefined. */
export function chromium(): string | undefined {
  return [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(
    (file) => file && existsSync(file),
  );
}

/** Without them a browser looks for its maker's servers by itself. */
export const chromiumFlags = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
