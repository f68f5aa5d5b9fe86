import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { InputError } from "../errors";
import { formatCsvRow, parseCsv } from "../files/delimited";
import { utf8, withoutMark } from "../files/file-bytes";
import { numpyRandom, shuffle } from "./numpy-random";
import { columnsNeeded, placed, shortageText, unknownLabel } from "./columns";
import { dataFile, isEmptied, readRows } from "./split";
import { classOf, readLabel } from "./labels";
import type { Task } from "./task";

/** A full data set as it is downloaded: what few-shot splits are drawn from. */
export interface Original {
  /** Training rows with their labels; a row that the reader skips keeps whatever its label column holds. */
  train: Table & { labels: string[] };
  /** Test files by the name that a split gives them, without ending. The first one is what the task is tested on. */
  tests: { name: string; table: Table }[];
}

interface Table {
  path: string;
  /** Empty where the files have no header. */
  header: Buffer;
  /** Every row as a split writes it, line end included. */
  rows: Buffer[];
}

/**
 * Reads the files that a task's splits are made from: `train` and the task's test files.
 *
 * @throws naming file and line if a file is missing or malformed, or a training label is unknown
 */
export function readOriginal(directory: string, task: Task): Original {
  const [first, ...more] = task.originalTests ?? ["test"];
  // Files that the task is not tested on are copied where they exist.
  const names = [first, ...more.filter((name) => existsSync(join(directory, `${name}.${task.format}`)))];
  const read = (name: string): Table => readTable(dataFile(directory, name, task), task);
  const train = read("train");
  const tests = names.map((name) => ({ name: name.replace("dev", "test"), table: read(name) }));
  return { train: { ...train, labels: readLabels(train, task) }, tests };
}

function readTable(path: string, task: Task): Table {
  const rows = task.format === "tsv" ? tsvRows(readFileSync(path), task) : csvRows(path, task);
  if (rows.length <= Number(task.header)) throw new InputError(`${path} has no examples`);
  return { path, header: task.header ? rows[0] : Buffer.alloc(0), rows: rows.slice(Number(task.header)) };
}

const NEWLINE = Buffer.from("\n");

/** Lines as Python's text files have them: every end of line is \n, and the last line may lack it. Bytes, because a string cannot hold the largest files. */
function tsvRows(bytes: Buffer, { header }: Task): Buffer[] {
  const rows: Buffer[] = [];
  let carriageReturn = bytes.indexOf("\r");
  // A byte-order mark stays in a header, where readers expect it.
  let start = !header && bytes.subarray(0, 3).equals(Buffer.of(0xef, 0xbb, 0xbf)) ? 3 : 0;
  while (start < bytes.length) {
    const newline = bytes.indexOf("\n", start);
    if (carriageReturn >= 0 && carriageReturn < start) carriageReturn = bytes.indexOf("\r", start);
    if (carriageReturn >= 0 && (newline < 0 || carriageReturn < newline)) {
      rows.push(Buffer.concat([bytes.subarray(start, carriageReturn), NEWLINE]));
      start = carriageReturn + (newline === carriageReturn + 1 ? 2 : 1);
    } else {
      const end = newline < 0 ? bytes.length : newline + 1;
      rows.push(bytes.subarray(start, end));
      start = end;
    }
  }
  return rows;
}

/** Rows as pandas reads and writes them: quotes only where they are needed, and nothing where the task has missing values. */
function csvRows(path: string, task: Task): Buffer[] {
  const rows = readRows(path, task);
  const { label } = placed(task, rows[0]?.cells ?? [], path).columns;
  // A label may be called NA.
  const isLabel = (column: number, width: number): boolean => column === (label === "last" ? width - 1 : label);
  return rows.map(({ cells }) =>
    Buffer.from(
      formatCsvRow(
        cells.map((cell, i) => (isEmptied(cell, task) && !isLabel(i, cells.length) ? "" : cell)),
        task.delimiter,
      ),
    ),
  );
}

/** The label of every row. A row that the reader skips has its own cell as its label, as in the authors' generator. */
function readLabels({ path, header, rows }: Table, task: Task): string[] {
  const cellsOf = (row: Buffer, line: number): string[] => {
    const text = utf8(row);
    if (text === undefined) throw new InputError(`${path}, line ${line} is not utf-8 text`, { file: path });
    return task.format === "csv" ? parseCsv(text, task.delimiter)[0].cells : pythonStrip(withoutMark(text)).split("\t");
  };
  const first = cellsOf(task.header ? header : rows[0], 1);
  const own = placed(task, first, path);
  const needed = columnsNeeded(own);
  // The generator takes the last cell of whatever a row has when the label is in the last column.
  const column = own.columns.label === "last" || own.columns.label >= first.length - 1 ? -1 : own.columns.label;
  const labelOf = (row: Buffer, i: number): { cell: string; isShort: boolean } => {
    const cells = cellsOf(row, i + 1 + Number(task.header));
    return { cell: cells.at(column) ?? "", isShort: cells.length < needed };
  };
  return rows.map((row, i) => {
    const { cell, isShort } = labelOf(row, i);
    const label = readLabel(cell, task);
    if (label !== undefined) return task.labels[classOf(label)];
    if (task.skipShortRows === true && isShort) return cell;
    const all = rows.map((other, j) => labelOf(other, j).cell);
    throw new InputError(`${path}, row ${i + 1 + Number(task.header)}: ${unknownLabel(cell, all, task)}`, {
      file: path,
    });
  });
}

const SPACE = "[\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]+";
const AROUND = new RegExp(`^${SPACE}|${SPACE}$`, "g");

/** Python's str.strip(): JavaScript's trim() counts other characters as space. */
export function pythonStrip(text: string): string {
  return text.replace(AROUND, "");
}

export interface KShotOptions {
  /** Training examples of each label, and as many for development. */
  k: number;
  /** Seed of the shuffle, 0 to 2³² − 1. */
  seed: number;
  /** Limit on the test examples, the same ones for every seed: 1,000 in the paper, Infinity in LM-BFF. */
  testExamples?: number;
}

export interface KShotSplit {
  /** Contents by file name. */
  files: Map<string, Buffer>;
  /** Labels that have fewer than 2k examples, with what they got. */
  shortages: { label: string; train: number; dev: number }[];
}

/** Test examples of the paper; the paper's mode of the generator is called k-shot-1k-test. */
const TEST_EXAMPLES = 1000;

/** The authors' shuffle of test files, whatever the split's seed. */
const TEST_SEED = 42;

/**
 * A few-shot split with the bytes of the authors' generator (`tools/generate_k_shot_data.py --mode k-shot-1k-test`):
 * training rows are shuffled as numpy does after `np.random.seed(seed)` and grouped by label in order of first
 * appearance; train has the first k of each group, dev the next k. Numbers are grouped by the bound that they are nearer
 * to, as LM-BFF's generator does for STS-B. Test files of more than `testExamples` rows are
 * shuffled with seed 42 and cut.
 *
 * One difference: where the last line of a file has no line end, the generator joins it with the line it puts behind;
 * here it gets one.
 *
 * @throws naming the label if it has no example
 */
export function kShotSplit(
  original: Original,
  task: Task,
  { k, seed, testExamples = TEST_EXAMPLES }: KShotOptions,
): KShotSplit {
  const { train, tests } = original;
  const groups = labelGroups(train, seed);
  const rows = rowsOf(groups, k);
  const take = (which: readonly number[]): Buffer[] => which.map((row) => train.rows[row]);
  const names = { dev: task.files?.dev ?? "dev", train: task.files?.train ?? "train" };
  const files = new Map([
    [`${names.train}.${task.format}`, joined([train.header, ...take(rows.train)])],
    [`${names.dev}.${task.format}`, joined([train.header, ...take(rows.dev)])],
    ...tests.map(
      ({ name, table }) =>
        [`${name}.${task.format}`, joined([table.header, ...testRows(table, testExamples)])] as const,
    ),
  ]);
  const shortages = task.labels.map((label) => {
    const count = groups.get(label)?.length ?? 0;
    if (count === 0) throw new InputError(`${shortageText(train.path, 0, k, label)} (task ${task.name})`);
    return { label, train: Math.min(count, k), dev: Math.min(Math.max(count - k, 0), k) };
  });
  return { files, shortages: shortages.filter(({ dev }) => dev < k) };
}

/**
 * The rows of a split within the full training file, counted from 0 after the header, in the order of the split's files:
 * what {@link kShotSplit} writes.
 */
export function kShotRows(
  original: Pick<Original, "train">,
  { k, seed }: Pick<KShotOptions, "k" | "seed">,
): { train: number[]; dev: number[] } {
  return rowsOf(labelGroups(original.train, seed), k);
}

function rowsOf(groups: ReadonlyMap<string, number[]>, k: number): { train: number[]; dev: number[] } {
  const take = (from: number, to: number): number[] => [...groups.values()].flatMap((rows) => rows.slice(from, to));
  return { train: take(0, k), dev: take(k, 2 * k) };
}

/** Shuffled row numbers by label, in order of first appearance. */
function labelGroups({ labels }: Original["train"], seed: number): Map<string, number[]> {
  const order = Uint32Array.from(labels, (_, i) => i);
  shuffle(order, numpyRandom(seed));
  const groups = new Map<string, number[]>();
  for (const i of order) {
    const group = groups.get(labels[i]);
    if (group === undefined) groups.set(labels[i], [i]);
    else group.push(i);
  }
  return groups;
}

function testRows({ rows }: Table, most: number): Buffer[] {
  if (rows.length <= most) return rows;
  const order = Uint32Array.from(rows, (_, i) => i);
  shuffle(order, numpyRandom(TEST_SEED));
  return Array.from(order.subarray(0, most), (i) => rows[i]);
}

/** One after the other, with a line end between two lines that have none. */
function joined(lines: Buffer[]): Buffer {
  const unended = (line: Buffer): boolean => line.length > 0 && line[line.length - 1] !== NEWLINE[0];
  return Buffer.concat(lines.flatMap((line, i) => (i < lines.length - 1 && unended(line) ? [line, NEWLINE] : [line])));
}
