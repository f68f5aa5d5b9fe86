import type { Task } from "../../tasks/task";
import type { MimeBundle } from "../display-sink";
import { facts, isObject } from "./facts";
import { fineTuningBundle } from "./fine-tuning";
import { kernelBundle } from "./kernel";
import { modelBundle } from "./model";

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

/** A task: its prompt, and the word for each label. */
function taskBundle(value: Record<string, unknown>): MimeBundle | undefined {
  if (!isTask(value)) return undefined;
  const { name, template, labels, labelWords, metric, maxLength, columns } = value;
  const known = {
    name,
    template,
    "label → word": labels.map((label, i) => `${label} → ${labelWords[i]}`).join(", "),
    "texts of an example": columns.texts.length,
    metric: metric === "accuracy" ? metric : `${metric === "f1" ? "f1 of class 1" : metric}, beside accuracy`,
    "longest sequence": `${maxLength} tokens`,
  };
  return facts(known, "Task");
}

const isTask = (value: Record<string, unknown>): value is Record<string, unknown> & Task =>
  ["name", "template", "metric"].every((key) => typeof value[key] === "string") &&
  Array.isArray(value.labels) &&
  Array.isArray(value.labelWords) &&
  Array.isArray((value.columns as Partial<Task["columns"]> | undefined)?.texts);
