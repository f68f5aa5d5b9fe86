import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { markUsed } from "../kernels/block-file";
import { writeFileAtomically } from "../files/atomic-write";

/** The folder for results kept between runs: `kernels` in KERNEL_VIEW_CACHE, or in `.cache` of the package. */
export function defaultStore(): string {
  return join(process.env.KERNEL_VIEW_CACHE || join(__dirname, "..", "..", "..", ".cache"), "kernels");
}

/**
 * A result as JSON, from disk when it was computed before with the same key, which must name everything that the
 * result depends on. A damaged file is computed anew. Without a store, always computes.
 *
 * @param onReuse called when the result came from disk
 */
export async function remember<T>(
  store: string | undefined,
  key: unknown,
  compute: () => Promise<T>,
  onReuse?: () => void,
): Promise<T> {
  if (store === undefined) return compute();
  const path = join(store, `${createHash("sha256").update(JSON.stringify(key)).digest("hex")}.json`);
  if (existsSync(path)) {
    try {
      const result = JSON.parse(readFileSync(path, "utf8")) as T;
      markUsed(path);
      onReuse?.();
      return result;
    } catch {
      process.stderr.write(`A stored result is damaged and will be computed again: ${path}\n`);
    }
  }
  const result = await compute();
  mkdirSync(store, { recursive: true });
  writeFileAtomically(path, (append) => append(Buffer.from(JSON.stringify(result))));
  return result;
}
