/** Runs one input after another, and says which of them a reader neither took nor refused as it should. */
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { getHeapStatistics } from "node:v8";
import { InputError } from "../../src/errors";
import { chance } from "./mutate";
import { fuzzTargets, type Target } from "./targets";

/** Of processor time: a busy machine stops a process for a while. What does not come back at all, the command ends. */
const MAX_MILLISECONDS = 1000;
const MAX_BYTES = 2 ** 30;
const MAX_MESSAGE = 2000;
/** What JavaScript says when a program did not check a value: it may not reach the user in other words either. */
const UNCHECKED =
  /Cannot (read|convert|set|access)|is not (a function|iterable|a constructor)|call stack|Invalid (array|string) length/;

export interface Tally {
  read: number;
  refused: number;
  /** Slowest input, in milliseconds, and the most that heap and array buffers grew by one, in bytes. */
  slowest: number;
  largest: number;
}

export interface Fault {
  target: string;
  /** Number of the input, which makes it again; undefined for one that was kept. */
  input?: number;
  what: string;
}

/** Bytes of the heap and of array buffers, without the cost of process.memoryUsage(). */
function memory(): number {
  const { used_heap_size: heap, external_memory: external } = getHeapStatistics();
  return heap + external;
}

export async function fuzzer() {
  const { byName, refusals } = fuzzTargets();
  const sandbox = mkdtempSync(join(tmpdir(), "kernel-view-fuzz-"));
  const folder = join(sandbox, "outer", "inner");
  const tallies = new Map<string, Tally>();

  async function attempt(target: Target, tally: Tally, input: Buffer): Promise<string | undefined> {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    const before = memory();
    const start = process.cpuUsage();
    let error: unknown;
    try {
      await target.read(input, folder);
      tally.read++;
    } catch (thrown) {
      error = thrown;
      tally.refused++;
    }
    const { user, system } = process.cpuUsage(start);
    const time = (user + system) / 1000;
    const bytes = memory() - before;
    tally.slowest = Math.max(tally.slowest, time);
    tally.largest = Math.max(tally.largest, bytes);
    if (error !== undefined && ![InputError, ...refusals].some((kind) => error instanceof kind))
      return String((error as Error).stack ?? error);
    if (UNCHECKED.test((error as Error | undefined)?.message ?? "")) return `refused with: ${(error as Error).stack}`;
    if (error !== undefined && (error as Error).message.length > MAX_MESSAGE)
      return `a message of ${(error as Error).message.length} characters: ${(error as Error).message.slice(0, 200)}`;
    if (time > MAX_MILLISECONDS) return `${time.toFixed(0)} ms`;
    if (bytes > MAX_BYTES) return `${bytes} bytes`;
    const outside = [...readdirSync(sandbox), ...readdirSync(join(sandbox, "outer"))].join();
    return outside === "outer,inner" ? undefined : `it wrote outside of its folder: ${outside}`;
  }

  const tallyOf = (name: string): Tally => {
    const tally = tallies.get(name) ?? { read: 0, refused: 0, slowest: 0, largest: 0 };
    tallies.set(name, tally);
    return tally;
  };

  /** Runs input number `input` of a target. */
  async function one(name: string, input: number): Promise<Fault | undefined> {
    const target = byName[name];
    const what = await attempt(target, tallyOf(name), target.make(chance(seedOf(name, input))));
    return what === undefined ? undefined : { target: name, input, what };
  }

  /** Runs an input that was kept. */
  async function kept(name: string, content: Buffer): Promise<Fault | undefined> {
    const what = await attempt(byName[name], tallyOf(name), content);
    return what === undefined ? undefined : { target: name, what };
  }

  return {
    /** The targets, each as often in a hundred or so as its weight says. */
    names: Object.keys(byName),
    inputs: (count: number, only?: string): { name: string; input: number }[] => {
      const chosen = Object.entries(byName).filter(([name]) => only === undefined || name === only);
      const total = chosen.reduce((sum, [, { weight }]) => sum + weight, 0);
      return chosen.flatMap(([name, { weight }]) =>
        Array.from({ length: Math.ceil((count * weight) / total) }, (_, input) => ({ name, input })),
      );
    },
    make: (name: string, input: number): Buffer => byName[name].make(chance(seedOf(name, input))),
    one,
    kept,
    tallies,
    tallyOf,
    close: (): void => rmSync(sandbox, { recursive: true, force: true }),
  };
}

const seedOf = (name: string, input: number): number =>
  createHash("sha256").update(`${name} ${input}`).digest().readUInt32LE();
