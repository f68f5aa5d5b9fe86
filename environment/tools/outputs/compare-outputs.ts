// Compares what a notebook shows with what is committed: the texts and tables of the cells tagged `results`.
import { hasTag } from "../../../src/notebook/parameters";
import { plain, type NotebookFile, type Output } from "../notebook-file";

export type Tolerance = Record<"relative" | "absolute" | "counts", number>;

/** What compareOutputs finds: how many cells and numbers were compared, and everything that differs. */
export interface Comparison {
  cells: number;
  numbers: number;
  differences: { cell: string; message: string }[];
}

/**
 * How far two numbers may be apart. A cell has others where its metadata say so: `"tolerance": { "absolute": 2 }`.
 *
 * Another processor adds up in another order, so that float32 results differ from the seventh digit on. A training
 * run carries that on, and a sentence whose margin is near 0 changes its class.
 */
export const defaultTolerance: Tolerance = {
  /** Of the larger number. 2 % of an accuracy between 50 % and 100 %: 3 to 6 of 300 sentences, 1 or 2 of 100. */
  relative: 0.02,
  /** In the number's own unit. What is smaller is the rounding of float32 sums, and may be anything. */
  absolute: 1e-4,
  /** For whole numbers that are no percentages: seeds, examples, layers, steps, tasks are counted, not measured. */
  counts: 0,
};

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** What is wrong with a cell's own tolerance, or undefined. */
export function toleranceError(tolerance: unknown): string | undefined {
  if (tolerance === undefined) return undefined;
  const known = Object.keys(defaultTolerance);
  if (!isRecord(tolerance))
    return `has a tolerance that is no object: write { "absolute": 2 }, with any of ${known.join(", ")}.`;
  for (const [name, value] of Object.entries(tolerance)) {
    if (!known.includes(name)) return `has a tolerance ${JSON.stringify(name)}, which is none of ${known.join(", ")}.`;
    if (typeof value !== "number" || !(value >= 0))
      return `has the tolerance ${name} = ${JSON.stringify(value)}: it has to be a number, 0 or larger.`;
  }
  return undefined;
}

/**
 * The differences between two runs of a notebook, in its cells tagged `results`.
 * @param committed the notebook with the outputs that are committed
 * @param fresh the same notebook after another run; its outputs in the form in which they are committed
 */
export function compareOutputs(committed: NotebookFile, fresh: NotebookFile): Comparison {
  const marked = committed.cells.filter((cell) => cell.cell_type === "code" && hasTag(cell, "results"));
  const compared = marked.map((cell) => {
    const other = fresh.cells.find(({ id }) => id === cell.id);
    const { numbers, messages } = compareCells(cell.outputs ?? [], other?.outputs ?? [], {
      ...defaultTolerance,
      ...(isRecord(cell.metadata.tolerance) ? cell.metadata.tolerance : {}),
    });
    return { numbers, differences: messages.map((message) => ({ cell: String(cell.id), message })) };
  });
  return {
    cells: marked.length,
    numbers: compared.reduce((sum, { numbers }) => sum + numbers, 0),
    differences: compared.flatMap(({ differences }) => differences),
  };
}

/** Numbers of a line, or of a cell, that were compared, and what differs there. */
interface Compared {
  numbers: number;
  messages: string[];
}

function compareCells(committed: Output[], fresh: Output[], tolerance: Tolerance): Compared {
  const [before, now] = [committed, fresh].map((outputs) => outputs.flatMap(readableLines));
  if (before.length === 0) return { numbers: 0, messages: ["shows no text and no table that could be compared"] };
  if (before.length !== now.length) {
    const at = before.findIndex((line, index) => words(line) !== words(now[index] ?? ""));
    const first = (lines: string[]): string => (at >= 0 && lines[at] !== undefined ? `“${lines[at]}”` : "nothing more");
    return {
      numbers: 0,
      messages: [
        `shows ${now.length} lines, committed are ${before.length}; the first that differ: ${first(now)}, committed ${first(before)}`,
      ],
    };
  }
  const lines = before.map((line, index) => compareLines(line, now[index], tolerance));
  return {
    numbers: lines.reduce((sum, { numbers }) => sum + numbers, 0),
    messages: lines.flatMap(({ messages }) => messages),
  };
}

/** The lines of a printed text, of a table's text form or of a chart's description, without what only aligns columns. */
function readableLines(output: Output): string[] {
  return plain(output.output_type === "stream" ? output.text : output.data?.["text/plain"])
    .split("\n")
    .map((line) => line.replace(/[─\s]+/g, " ").trim())
    .filter((line) => line !== "");
}

/** A number that stands alone: not one in a name (layer1, 3f2a), nor the 13 of a range 5-13 with a minus. */
const number = /(?<![\w.])[-+−]?\d+(?:,\d{3})*(?:\.\d+)?(?:[eE][-+−]?\d+)?(?!\w|\.\d)/g;

const words = (line: string): string => line.replace(number, "#");

function compareLines(before: string, now: string, tolerance: Tolerance): Compared {
  if (words(before) !== words(now)) return { numbers: 0, messages: [`says “${now}”, committed “${before}”`] };
  const [committed, fresh] = [before, now].map(numbersOf);
  const apart = committed.flatMap((one, index) => {
    const other = fresh[index];
    // A spread over seeds can change as much as the mean in front of it does.
    const scale = one.isSpread ? Math.max(size(committed[index - 1]), size(fresh[index - 1])) : 0;
    const allowed = allowedDifference(one, other, scale, tolerance);
    if (Math.abs(one.value - other.value) <= allowed * (1 + 1e-9)) return [];
    return [`${other.text}, committed ${one.text} (may differ by ${Number(allowed.toPrecision(2))}), in “${now}”`];
  });
  return { numbers: committed.length, messages: apart };
}

interface Shown {
  text: string;
  value: number;
  /** One in the last digit shown, which is rounded. */
  digit: number;
  isCount: boolean;
  isSpread: boolean;
}

function numbersOf(line: string): Shown[] {
  return [...line.matchAll(number)].map((match, place, matches) => {
    const [text] = match;
    const before = matches[place - 1];
    const behind = line.slice(match.index + text.length);
    const between = before ? line.slice(before.index + before[0].length, match.index) : "";
    const [mantissa, exponent = "0"] = text.replaceAll("−", "-").replaceAll(",", "").split(/e/i);
    const decimals = mantissa.split(".")[1]?.length ?? 0;
    return {
      text,
      value: Number(`${mantissa}e${exponent}`),
      digit: 10 ** (Number(exponent) - decimals),
      isCount: !/[.e]/i.test(text) && !/^\s?%/.test(behind),
      isSpread: /^(?:\s?%)? ?± ?$/.test(between) || (between === " (" && behind.startsWith(")")),
    };
  });
}

const size = ({ value }: Shown): number => Math.abs(value);

function allowedDifference(one: Shown, other: Shown, scale: number, { relative, absolute, counts }: Tolerance): number {
  if (one.isCount && other.isCount) return counts;
  return Math.max(absolute, relative * Math.max(size(one), size(other), scale)) + Math.max(one.digit, other.digit);
}
