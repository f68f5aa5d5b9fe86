import { DELIMITERS } from "../files/delimited";
import { checked } from "../files/fields";
import { readJson } from "../files/json";
import { once } from "../lazy";
import { z } from "../packages";
import { isNumberMetric, METRICS, WORD_COMBINATIONS, type Task } from "./task";
import { templateProblem } from "./template";

/** The fields of `Task`, as a JSON file gives them. */
const schema = once(() => {
  const fileName = z
    .string()
    .regex(/^[\w-][\w.-]*$/, "expected a name of letters, digits, dots, hyphens and underscores");
  const column = (alternative: string) =>
    z.union([z.int().min(0), z.string().min(1)], `expected a column's number, counted from 0, ${alternative}`);
  const tokens = z.int().min(1);
  return z
    .strictObject({
      name: fileName,
      folder: fileName.optional(),
      format: z.enum(["tsv", "csv"]),
      delimiter: z.enum(DELIMITERS).optional(),
      missingValues: z.boolean().optional(),
      header: z.boolean(),
      columns: z.strictObject({
        texts: z.array(column("or its name in the header")).min(1),
        label: column('its name in the header, or "last"'),
      }),
      skipShortRows: z.boolean().optional(),
      files: z
        .strictObject({ train: fileName.optional(), dev: fileName.optional(), test: fileName.optional() })
        .optional(),
      originalTests: z.array(fileName).min(1).optional(),
      labels: z.array(z.string().min(1)).min(2),
      labelWords: z.array(z.string().min(1)),
      combineWords: z.enum(WORD_COMBINATIONS).optional(),
      template: z.string(),
      maxLength: tokens.default(128),
      firstSentenceLimit: tokens.optional(),
      otherSentenceLimit: tokens.optional(),
      target: z.literal("number").optional(),
      metric: z.enum(METRICS).optional(),
    })
    .check(({ value: task, issues }) => {
      const refuse = (path: (string | number)[], message: string): void =>
        void issues.push({ code: "custom", input: task, path, message });
      const named = [...task.columns.texts, task.columns.label].filter((column) => typeof column === "string");
      const numbers = 1 + task.columns.texts.length - named.length;
      if (task.columns.label === "last") named.pop();
      if (named.length > 0 && !task.header) refuse(["columns"], "columns have names only where header is true");
      if (named.length > 0 && numbers > 0) refuse(["columns"], "give all columns by number, or all by name");
      if (task.delimiter !== undefined && task.format === "tsv")
        refuse(["delimiter"], "is for csv; a tsv file has tabs, and quotation marks are ordinary characters in it");
      const repeated = task.labels.findIndex((label, i) => task.labels.indexOf(label) < i);
      if (repeated >= 0) refuse(["labels", repeated], `${JSON.stringify(task.labels[repeated])} stands there twice`);
      if (task.labelWords.length !== task.labels.length)
        refuse(["labelWords"], `${task.labelWords.length} words for ${task.labels.length} labels`);
      if (task.metric === "f1" && task.labels.length !== 2)
        refuse(["metric"], `f1 is for two labels, here are ${task.labels.length}: choose macro-f1`);
      if (task.target !== undefined) {
        const [low, high] = task.labels.map(Number);
        if (task.labels.length !== 2 || !(Number.isFinite(low) && low < high && Number.isFinite(high)))
          refuse(["labels"], `with the target "number" they are the lowest and the highest number, as in ["0", "5"]`);
        if (task.missingValues === true) refuse(["missingValues"], `does not go with the target "number"`);
      }
      if (task.metric !== undefined && isNumberMetric(task.metric) !== (task.target !== undefined))
        refuse(
          ["metric"],
          task.target
            ? `with the target "number" it is pearson or spearman`
            : `${task.metric} needs the target "number"`,
        );
      const problem = templateProblem(task.template, task.columns.texts.length);
      if (problem !== undefined) refuse(["template"], problem);
    });
});

/**
 * A task of one's own from a JSON file with the fields of `Task`; `maxLength` is 128 and `metric` accuracy (pearson for
 * the target "number") where they are left out.
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
  const { metric, ...task } = checked(schema(), fields, source);
  return { ...task, metric: metric ?? (task.target ? "pearson" : "accuracy") };
}
