import { readFileSync } from "node:fs";
import { join } from "node:path";

/** This package's name and version: "kernel-view 0.1.0". */
export function packageVersion(): string {
  const file = join(__dirname, "..", "..", "package.json");
  const { name, version } = JSON.parse(readFileSync(file, "utf8")) as { name: string; version: string };
  return `${name} ${version}`;
}
