/** JSON files that people and other programs write. */
import { readFileSync } from "node:fs";
import { InputError } from "../errors";
import { withoutMark } from "./file-bytes";

/** No file that we read has a tenth of it. What walks a value by recursion runs out of stack at some thousands. */
const MAX_DEPTH = 200;

/**
 * Reads a JSON file.
 * @param absent the message where there is no such file
 * @param called what other messages call the file
 * @throws InputError naming the file if it is not there, cannot be read, or is not JSON
 */
export function readJson(path: string, absent = `there is no file ${path}`, called = path): unknown {
  const fail = (message: string, cause: unknown): never => {
    throw new InputError(message, { file: path }, { cause });
  };
  let text = "";
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    fail(code === "ENOENT" ? absent : `${called} cannot be read: ${message}`, error);
  }
  return parsedJson(text, path);
}

/**
 * The value of a JSON text.
 * @throws InputError naming its file if it is not JSON, or nested too deeply
 */
export function parsedJson(text: string, path: string): unknown {
  try {
    const value: unknown = JSON.parse(withoutMark(text));
    if (isDeeperThan(MAX_DEPTH, value)) throw new Error(`it is nested more than ${MAX_DEPTH} deep`);
    return value;
  } catch (error) {
    throw new InputError(`${path} is not valid JSON: ${(error as Error).message}`, { file: path }, { cause: error });
  }
}

/** Whether objects and lists lie in each other more than so deep. */
function isDeeperThan(depth: number, value: unknown): boolean {
  let level = [value];
  for (let at = 0; at <= depth && level.length > 0; at++)
    level = level.flatMap((item) => (typeof item === "object" && item !== null ? Object.values(item) : []));
  return level.length > 0;
}
