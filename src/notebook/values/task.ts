import type { Task } from "../../tasks/task";
import type { MimeBundle } from "../sink";
import { facts } from "./facts";

/** A task: its prompt, and the word for each label. */
export function taskBundle(value: Record<string, unknown>): MimeBundle | undefined {
  if (!isTask(value)) return undefined;
  const { name, template, labels, labelWords, metric, maxLength, columns } = value;
  return facts("Task", {
    name,
    template,
    "label → word": labels.map((label, i) => `${label} → ${labelWords[i]}`).join(", "),
    "texts of an example": columns.texts.length,
    metric: metric === "f1" ? "f1 of class 1, beside accuracy" : metric,
    "longest sequence": `${maxLength} tokens`,
  });
}

const isTask = (value: Record<string, unknown>): value is Record<string, unknown> & Task =>
  ["name", "template", "metric"].every((key) => typeof value[key] === "string") &&
  Array.isArray(value.labels) &&
  Array.isArray(value.labelWords) &&
  Array.isArray((value.columns as Partial<Task["columns"]> | undefined)?.texts);
