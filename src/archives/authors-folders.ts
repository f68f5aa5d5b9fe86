/** Which kernels lie in an unpacked archive of the authors, and what one of their files holds. */
import { existsSync, readdirSync, statSync } from "node:fs";
import { basename } from "node:path";
import { CorruptFileError, InputError } from "../errors";
import { readTorchFile, TorchTensor } from "../files/torch-file";
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

const TYPES: Record<string, string> = {
  F64: "float64",
  F32: "float32",
  F16: "float16",
  BF16: "bfloat16",
  I64: "int64",
  I32: "int32",
  I16: "int16",
  I8: "int8",
  U8: "uint8",
  BOOL: "bool",
};

/** The two parts of a kernels or logits file, told without reading the first one's numbers. */
export function authorsFileParts(path: string): AuthorsFilePart[] {
  const [file, bytes] = [basename(path), statSync(path).size];
  const part = file.includes("_logits_") ? "logits" : "kernel";
  return readTorchFile(path, ({ value, read }) => {
    const [first, labels] = tensorAndLabels(value, path, part);
    const tensor = (name: AuthorsFilePart["part"], of: TorchTensor): AuthorsFilePart => ({
      file,
      bytes,
      part: name,
      type: TYPES[of.dtype] ?? of.dtype,
      shape: [...of.shape],
    });
    const distinct = (values: ArrayLike<number | bigint>): number[] =>
      [...new Set(Array.from(values, Number))].sort((a, b) => a - b);
    if (labels instanceof TorchTensor)
      return [tensor(part, first), { ...tensor("labels", labels), values: distinct(read(labels).data) }];
    if (Array.isArray(labels))
      return [
        tensor(part, first),
        { file, bytes, part: "labels", type: "list", shape: [labels.length], values: distinct(labels as number[]) },
      ];
    throw new CorruptFileError(`${path}: its labels are neither a tensor nor a list`);
  });
}
