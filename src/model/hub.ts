import { statSync } from "node:fs";

export interface HubOptions {
  /** Branch, tag or commit. Default "main". */
  revision?: string;
}

/** A folder as it is. */
export async function resolveModel(idOrDirectory: string, _options: HubOptions = {}): Promise<string> {
  if (statSync(idOrDirectory, { throwIfNoEntry: false })?.isDirectory()) return idOrDirectory;
  throw new Error(`${idOrDirectory} is not a folder`);
}
