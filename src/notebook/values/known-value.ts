import type { MimeBundle } from "../sink";
import { isObject } from "./facts";
import { fineTuningBundle } from "./fine-tuning";
import { kernelBundle } from "./kernel";
import { modelBundle } from "./model";
import { taskBundle } from "./task";

/**
 * How a value of the library is shown, or undefined for any other.
 *
 * Values are recognized by what they hold, not by a method of theirs: they stay plain data, a copy with one entry
 * changed (`{ ...task, template }`) or one read back from disk is shown like the first, and the rooms in which they are
 * made know nothing of how they look.
 */
export function knownBundle(value: object): MimeBundle | undefined {
  if (!isObject(value)) return undefined;
  for (const bundleOf of [modelBundle, fineTuningBundle, kernelBundle, taskBundle]) {
    const bundle = bundleOf(value);
    if (bundle) return bundle;
  }
  return undefined;
}
