import { checked, readJson } from "../files/json";
import { once } from "../lazy";
import { z } from "../packages";
import type { Task } from "./task";
import { templateProblem } from "./template";

/** The fields of `Task`, as a JSON file gives them. */
const schema = once(() => {
  const fileName = z
    .string()
    .regex(/^[\w-][\w.-]*$/, "expected a name of letters, digits, dots, hyphens and underscores");
  const column = z.int().min(0);
  const tokens = z.int().min(1);
  return z
    .strictObject({
      name: fileName,
      folder: fileName.optional(),
      format: z.enum(["tsv", "csv"]),
      missingValues: z.boolean().optional(),
      header: z.boolean(),
      columns: z.strictObject({
        texts: z.array(column).min(1),
        label: z.union([column, z.literal("last")], 'expected a column number, counted from 0, or "last"'),
      }),
      skipShortRows: z.boolean().optional(),
      files: z
        .strictObject({ train: fileName.optional(), dev: fileName.optional(), test: fileName.optional() })
        .optional(),
      originalTests: z.array(fileName).min(1).optional(),
      labels: z.array(z.string().min(1)).min(2),
      labelWords: z.array(z.string().min(1)),
      template: z.string(),
      maxLength: tokens.default(128),
      firstSentenceLimit: tokens.optional(),
      otherSentenceLimit: tokens.optional(),
      metric: z.enum(["accuracy", "f1"]).default("accuracy"),
    })
    .check(({ value: task, issues }) => {
      const refuse = (path: (string | number)[], message: string): void =>
        void issues.push({ code: "custom", input: task, path, message });
      const repeated = task.labels.findIndex((label, i) => task.labels.indexOf(label) < i);
      if (repeated >= 0) refuse(["labels", repeated], `${JSON.stringify(task.labels[repeated])} stands there twice`);
      if (task.labelWords.length !== task.labels.length)
        refuse(["labelWords"], `${task.labelWords.length} words for ${task.labels.length} labels`);
      if (task.metric === "f1" && task.labels.length !== 2)
        refuse(["metric"], `f1 is for two labels, here are ${task.labels.length}`);
      const problem = templateProblem(task.template, task.columns.texts.length);
      if (problem !== undefined) refuse(["template"], problem);
    });
});

/**
 * A task of one's own from a JSON file with the fields of `Task`; `maxLength` is 128 and `metric` accuracy where they
 * are left out.
 *
 * @throws naming the file and the field at fault
 */
export function readTaskFile(path: string): Task {
  return parseTask(readJson(path, `the task file ${path} does not exist`, `the task file ${path}`), path);
}

/**
 * A task of one's own from an object with the fields of `Task`, checked as {@link readTaskFile} checks a file's.
 *
 * @param source what the object is called in errors
 * @throws naming the field at fault
 */
export function parseTask(fields: unknown, source = "the task"): Task {
  return checked(schema(), fields, source);
}
