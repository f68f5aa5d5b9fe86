/** Fields of values that people and other programs write, checked. */
import type * as Zod from "zod";
import { InputError } from "../errors";

/**
 * A value checked against a schema, with the schema's defaults.
 * @param source what the value is called in errors: the path of its file, or a name
 * @throws InputError naming the source and the field at fault
 */
export function checked<T>(schema: Zod.ZodType<T>, value: unknown, source: string): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const field = fieldName(issue.path);
  throw new InputError(`${source}: ${describe(issue, field, value, schema)}`, { file: source, field });
}

/** The value at a path of keys, or undefined. */
export const valueAt = (value: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce<unknown>((at, key) => (at as Record<PropertyKey, unknown> | null | undefined)?.[key], value);

/** A field as one would write it in JavaScript. */
const fieldName = (path: readonly PropertyKey[]): string =>
  path.map((key, i) => (typeof key === "number" ? `[${key}]` : `${i > 0 ? "." : ""}${String(key)}`)).join("");

function describe(issue: Zod.core.$ZodIssue, field: string, value: unknown, schema: object): string {
  if (issue.code === "unrecognized_keys") {
    const names = issue.keys.map((key) => JSON.stringify(field === "" ? key : `${field}.${key}`)).join(", ");
    const known = "shape" in schema ? Object.keys(schema.shape as object) : [];
    return `unknown field ${names}${known.length > 0 ? `; there are ${known.join(", ")}` : ""}`;
  }
  const missing = valueAt(value, issue.path) === undefined;
  return `${field || "the file"}: ${missing ? "is missing" : issue.message.replace(/^Invalid (input|option): /, "")}`;
}
