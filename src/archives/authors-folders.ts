/** Which kernels lie in an unpacked archive of the authors, and what one of their files holds. */
import { existsSync, readdirSync, statSync } from "node:fs";
import { basename } from "node:path";
import { CorruptFileError, InputError } from "../errors";
import { readTorchTensor, TorchTensor } from "../files/torch-file";
import { tensorAndLabels, trainTask } from "./authors-kernels";

/** The kernels of one task and one few-shot split, as `readAuthorsKernels` takes them. */
export interface AuthorsFolder {
  directory: string;
  /** As in the files' names. */
  task: string;
}

/**
 * Every train kernel in a folder and the folders in it, sorted by path: an archive may have a folder for each task and
 * each few-shot split.
 *
 * @param task only this task's, as in the files' names
 * @throws if there are none, naming the tasks that are there
 */
export function authorsFolders(directory: string, task?: string): AuthorsFolder[] {
  if (!existsSync(directory))
    throw new InputError(
      `the folder ${directory} does not exist: download an archive of the authors' kernels with kernel-view authors-kernels --download`,
    );
  const all = readdirSync(directory, { recursive: true, withFileTypes: true }).flatMap((file): AuthorsFolder[] => {
    const name = file.isFile() ? trainTask(file.name) : undefined;
    return name === undefined ? [] : [{ directory: file.parentPath, task: name }];
  });
  const wanted = all.filter((one) => task === undefined || one.task === task);
  if (wanted.length === 0) {
    const there = [...new Set(all.map((one) => one.task))].sort().join(", ");
    throw new InputError(
      all.length === 0
        ? `${directory} has no file train_kernels_TASK.pt, nor has a folder in it: it does not hold the authors' kernels`
        : `${directory} has no kernels of ${task}; it has those of: ${there}`,
    );
  }
  return wanted.sort((a, b) =>
    a.directory === b.directory ? a.task.localeCompare(b.task) : a.directory.localeCompare(b.directory),
  );
}

/** One part of a file of the authors: a row of a table. */
export interface AuthorsFilePart {
  file: string;
  /** Size of the whole file. */
  bytes: number;
  part: "kernel" | "logits" | "labels";
  /** float64, int64 and so on; "list" for labels that are no tensor. */
  type: string;
  shape: number[];
  /** The different values among labels, in increasing order. */
  values?: number[];
}

/** Python's names of the stored types, which begin as ours do: F64 is float64. */
const TYPES: Record<string, string> = { F: "float", BF: "bfloat", I: "int", U: "uint", BOOL: "bool" };

/** The two parts of a kernels or logits file, told without reading the first one's numbers. */
export function authorsFileParts(path: string): AuthorsFilePart[] {
  const [file, bytes] = [basename(path), statSync(path).size];
  const part = file.includes("_logits_") ? "logits" : "kernel";
  const [first, labels] = tensorAndLabels(path, part);
  const row = (name: AuthorsFilePart["part"], type: string, shape: readonly number[]): AuthorsFilePart => ({
    file,
    bytes,
    part: name,
    type: type.replace(/^[A-Z]+/, (start) => TYPES[start]),
    shape: [...shape],
  });
  const isTensor = labels instanceof TorchTensor;
  if (!isTensor && !Array.isArray(labels))
    throw new CorruptFileError(`${path}: its labels are neither a tensor nor a list`);
  const values = isTensor ? readTorchTensor(labels).data : (labels as number[]);
  return [
    row(part, first.dtype, first.shape),
    {
      ...row("labels", isTensor ? labels.dtype : "list", isTensor ? labels.shape : [labels.length]),
      values: [...new Set(Array.from<number | bigint, number>(values, Number))].sort((a, b) => a - b),
    },
  ];
}
