/** JSON files that people and other programs write. */
import { readFileSync } from "node:fs";
import { InputError } from "../errors";
import { withoutMark } from "./file-bytes";

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
 * @throws InputError naming its file if it is not JSON
 */
export function parsedJson(text: string, path: string): unknown {
  try {
    return JSON.parse(withoutMark(text));
  } catch (error) {
    throw new InputError(`${path} is not valid JSON: ${(error as Error).message}`, { file: path }, { cause: error });
  }
}
