import { inspect } from "node:util";
import { chartBundle } from "./show-chart";
import { tableBundle, type DataFrameLike, type Records } from "./show-table";
import type { MimeBundle } from "./display-sink";
import { knownBundle } from "./values/known-value";

/** The method by which a value shows itself: Deno's convention, and ours. */
export const displayMethod: unique symbol = Symbol.for("Jupyter.display") as never;

/** How a value is shown as the result of a cell, or under controls, by media type; undefined for nothing. */
export async function bundleOf(value: unknown): Promise<MimeBundle | undefined> {
  if (value === undefined || isTimer(value)) return undefined;
  try {
    const own = await ownBundle(value);
    return own ?? { "text/plain": plain(value) };
  } catch (error) {
    // A value that cannot be drawn is still there to be looked at.
    return { "text/plain": `${plain(value)}\n(not shown otherwise: ${(error as Error).message})` };
  }
}

async function ownBundle(value: unknown): Promise<MimeBundle | undefined> {
  if (typeof value === "function") return { "text/plain": functionText(value as (...given: never[]) => unknown) };
  if (typeof value !== "object" || value === null) return undefined;
  const display = (value as Record<symbol, unknown>)[displayMethod];
  if (typeof display === "function") return (await (display as () => unknown).call(value)) as MimeBundle;
  if (isDataFrame(value) || isRecords(value)) return tableBundle(value);
  if (isVegaLite(value)) return chartBundle(value);
  if (isTensor(value)) return { "text/plain": tensorText(value) };
  return knownBundle(value);
}

/** `setTimeout(…)` as a last line is not about the timer. */
const isTimer = (value: unknown): boolean =>
  /^(?:Timeout|Immediate)$/.test((value as object | null)?.constructor?.name ?? "");

const plain = (value: unknown): string =>
  inspect(value, { depth: 4, maxArrayLength: 100, maxStringLength: 10_000, breakLength: 100 });

/** Its first line, without what the compiler made of its body. */
function functionText(value: (...given: never[]) => unknown): string {
  const source = Function.prototype.toString.call(value);
  if (/^class\b/.test(source)) return `class ${value.name || "(anonymous)"}`;
  const parameters = /^(?:async\s*)?(?:function\s*\*?\s*[\w$]*\s*)?(\([^)]*\)|[\w$]+)/.exec(source)?.[1] ?? "(…)";
  return `${/^async\b/.test(source) ? "async " : ""}function ${value.name || "(anonymous)"}${parameters.startsWith("(") ? parameters : `(${parameters})`}`;
}

function isDataFrame(value: object): value is DataFrameLike {
  const { columns, values, constructor } = value as {
    columns?: unknown;
    values?: unknown;
    constructor?: { name?: string };
  };
  return Array.isArray(columns) && Array.isArray(values) && /^(?:DataFrame|Series)$/.test(constructor?.name ?? "");
}

/** Records with the same few plain entries each; whatever is deeper, or ragged, reads better as text. */
function isRecords(value: object): value is Records {
  if (!Array.isArray(value) || value.length === 0) return false;
  const keys = (record: unknown): string => Object.keys(record as object).join("\n");
  return (
    value.every(
      (record: unknown) =>
        isPlainObject(record) && Object.values(record).every(isPlainValue) && keys(record) === keys(value[0]),
    ) && keys(value[0]) !== ""
  );
}

const isPlainObject = (value: unknown): value is object =>
  typeof value === "object" &&
  value !== null &&
  [Object.prototype, null].includes(Object.getPrototypeOf(value) as object | null);

const isPlainValue = (value: unknown): boolean => value === null || !/^(?:object|function|symbol)$/.test(typeof value);

/** Whether a value is a chart: a specification that names Vega-Lite's schema. */
export const isVegaLite = (value: object): value is Record<string, unknown> =>
  /\/schema\/vega-lite\//.test(String((value as { $schema?: unknown }).$schema ?? ""));

interface TensorLike {
  shape: number[];
  dtype: string;
  size: number;
  isDisposed: boolean;
  dataSync(): ArrayLike<number | string>;
  flatten(): TensorLike;
  slice(begin: number, size: number): TensorLike;
  dispose(): void;
}

const isTensor = (value: object): value is TensorLike =>
  Array.isArray((value as TensorLike).shape) &&
  typeof (value as TensorLike).dtype === "string" &&
  typeof (value as TensorLike).dataSync === "function";

/** Shape, type and first values: "Tensor float32 [2, 3]: 1, 2, 3, …". */
function tensorText(tensor: TensorLike): string {
  const kind = `Tensor ${tensor.dtype} [${tensor.shape.join(", ")}]`;
  if (tensor.isDisposed) return `${kind}, disposed`;
  const shown = 12;
  const flat = tensor.flatten();
  const head = flat.slice(0, Math.min(shown, tensor.size));
  const values = Array.from(head.dataSync(), (value) =>
    typeof value === "number" ? String(Number(value.toPrecision(6))) : String(value),
  );
  head.dispose();
  flat.dispose();
  return `${kind}: ${values.join(", ")}${tensor.size > shown ? ", …" : ""}`;
}
