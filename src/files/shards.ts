import { readFileSync } from "node:fs";
import { basename } from "node:path";

/**
 * The file of each tensor, from `model.safetensors.index.json`.
 *
 * @throws naming the file if it is malformed or a shard's name leads out of the folder
 */
export function readShardIndex(path: string): Record<string, string> {
  let map: unknown;
  try {
    map = (JSON.parse(readFileSync(path, "utf8")) as { weight_map?: unknown } | null)?.weight_map;
  } catch (error) {
    throw new Error(`${path} is not valid JSON: ${(error as Error).message}`, { cause: error });
  }
  if (typeof map !== "object" || map === null || Array.isArray(map)) throw new Error(`${path} has no weight_map`);
  for (const [name, file] of Object.entries(map)) {
    if (typeof file !== "string" || !file.endsWith(".safetensors") || basename(file) !== file || file.includes("\\")) {
      throw new Error(`${path}: weight_map of ${name} is ${JSON.stringify(file)}, not the name of a safetensors file`);
    }
  }
  return map as Record<string, string>;
}
