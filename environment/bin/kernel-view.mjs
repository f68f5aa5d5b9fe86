#!/usr/bin/env node
// The command `kernel-view`: sets up what is missing, then runs the command line with the right environment.
import { existsSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { checkNodeVersion } from "../setup/node-version.mjs";

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), "..", "..");
const complaint = checkNodeVersion(process.versions.node);
if (complaint) {
  console.error(complaint);
  process.exitCode = 1;
} else {
  // An installed package has no lock file: npm has installed its packages, and there are no sources to compile.
  if (existsSync(path.join(root, "package-lock.json"))) {
    const { main } = await import("../setup/main.mjs");
    await main([]);
  }
  if (!process.exitCode) {
    const { runNode } = await import("../run.mjs");
    process.exitCode = await runNode(path.join(root, "build", "src", "cli.js"), process.argv.slice(2));
  }
}
