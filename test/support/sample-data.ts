import { formatCsvRow } from "../../src/files/delimited";
import { columnsNeeded, placed } from "../../src/tasks/columns";
import { taskByName, taskFolder, taskNames, type Task } from "../../src/tasks/task";
import type { MadeTarEntry } from "./make-tar";

/** A file of a task in its layout, with `perLabel` rows of every label. */
export function sampleFile(task: Task, perLabel: number, what: string): string {
  const own = placed(task, []);
  const { label } = own.columns;
  const width = columnsNeeded(own) + Number(label === "last");
  const column = label === "last" ? width - 1 : label;
  const line = (cells: string[]): string => (task.format === "csv" ? formatCsvRow(cells) : `${cells.join("\t")}\n`);
  const row = (i: number, value: string): string[] =>
    Array.from({ length: width }, (_, at) => (at === column ? value : `${what} ${i}, column ${at} "so"`));
  const rows = Array.from({ length: perLabel * task.labels.length }, (_, i) =>
    line(row(i, task.labels[i % task.labels.length])),
  );
  return [...(task.header ? [line(Array.from({ length: width }, (_, at) => `name${at}`))] : []), ...rows].join("");
}

/** CR's source as LM-BFF has it: "LABEL TEXT" lines. */
export const sampleReviews = (perLabel: number): string =>
  Array.from({ length: 2 * perLabel }, (_, i) => `${i % 2} review ${i} , "quoted" text \n`).join("");

/** The entries of an archive with LM-BFF's layout: small samples of the 13 tasks in it, and what else is in it. */
export function sampleArchive(perLabel = 3): MadeTarEntry[] {
  const tasks = taskNames.map(taskByName).filter(({ name }) => name !== "ag_news");
  const files = tasks.flatMap((task) =>
    ["train", ...(task.originalTests ?? ["test"])].map((name) => ({
      name: `original/${taskFolder(task)}/${name}.${task.format}`,
      content: sampleFile(task, perLabel, `${task.name} ${name}`),
    })),
  );
  const glue = taskByName("sst-2");
  return [
    { name: "original/" },
    ...files,
    { name: "original/GLUE-SST-2/" },
    ...["train", "dev"].map((name) => ({
      name: `original/GLUE-SST-2/${name}.tsv`,
      content: sampleFile(glue, perLabel, `glue ${name}`),
    })),
    { name: "original/cr/custrev.all", content: sampleReviews(252) },
    { name: "original/cr/process.py", content: "raise SystemExit('not to be run')\n" },
    { name: "original/STS-B/train.tsv", content: "not needed\n" },
  ];
}
