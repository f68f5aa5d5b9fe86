/**
 * npm run fuzz -- [--count N] [--target NAME] [--from I]: mutated inputs for every reader, and a table of what came out.
 * npm run fuzz -- --target NAME --show I: input I itself, on standard output.
 */
import { fork } from "node:child_process";
import { parseArgs } from "node:util";
import { fuzzer, type Fault, type Tally } from "./run";

/** Longer than any limit: an input that does not come back. */
const HANGS = 30_000;

interface Message {
  /** The input that is read next. */
  at?: string;
  found?: { faults: Fault[]; tallies: [string, Tally][]; peak: number };
}

const { values } = parseArgs({
  options: {
    count: { type: "string", default: "100000" },
    target: { type: "string" },
    from: { type: "string", default: "0" },
    show: { type: "string" },
  },
});
const { target } = values;

/** In a process of its own, which can be ended if it hangs. */
async function work(tell: (message: Message) => void): Promise<void> {
  const fuzz = await fuzzer();
  const faults: Fault[] = [];
  for (const { name, input } of fuzz.inputs(Number(values.count), target)) {
    const number = Number(values.from) + input;
    tell({ at: `${name} ${number}` });
    // Lets the message go out before a reader that may not come back.
    await new Promise(setImmediate);
    const fault = await fuzz.one(name, number);
    if (fault) faults.push(fault);
  }
  fuzz.close();
  tell({ found: { faults, tallies: [...fuzz.tallies], peak: process.resourceUsage().maxRSS } });
}

function main(): void {
  const started = Date.now();
  const worker = fork(__filename, process.argv.slice(2), { env: { ...process.env, KERNEL_VIEW_FUZZ_WORKER: "1" } });
  let [at, last, isDone] = ["the start", Date.now(), false];
  const watch = setInterval(() => {
    if (Date.now() - last > HANGS) worker.kill("SIGKILL");
  }, 1000);
  worker.on("message", (message: Message) => {
    last = Date.now();
    at = message.at ?? at;
    if (message.found) isDone = report(message.found, (Date.now() - started) / 1000);
  });
  worker.on("close", (code, signal) => {
    clearInterval(watch);
    if (isDone) return;
    process.exitCode = 1;
    console.error(
      `${at}: ended by ${signal ?? `exit code ${code}`}${signal === "SIGKILL" ? `: no answer for ${HANGS / 1000} s` : ""}`,
    );
  });
}

function report({ faults, tallies, peak }: NonNullable<Message["found"]>, seconds: number): true {
  const rows = tallies.map(([reader, { read, refused, slowest, largest }]) => ({
    reader,
    inputs: read + refused,
    read,
    refused,
    "slowest, ms": Math.round(slowest),
    "largest, MB": Number((largest / 1e6).toFixed(1)),
  }));
  console.table(rows);
  // One of each kind: the first line without numbers.
  const kinds = new Map<string, Fault[]>();
  for (const fault of faults) {
    const kind = `${fault.target} ${fault.what.split("\n")[0].replace(/\d+/g, "N").slice(0, 60)}`;
    kinds.set(kind, [...(kinds.get(kind) ?? []), fault]);
  }
  for (const [{ target: name, input, what }, ...others] of kinds.values())
    console.error(`${name} ${input}${others.length > 0 ? ` and ${others.length} like it` : ""}: ${what}\n`);
  const inputs = rows.reduce((sum, row) => sum + row.inputs, 0);
  console.log(
    `${inputs} inputs, ${faults.length} faults of ${kinds.size} kinds, ${seconds.toFixed(0)} s, ${(peak / 1e6).toFixed(2)} GB of memory at most`,
  );
  process.exitCode = faults.length > 0 ? 1 : 0;
  return true;
}

if (process.env.KERNEL_VIEW_FUZZ_WORKER === "1")
  void work((message) => process.send!(message)).then(() => process.disconnect());
else if (target !== undefined && values.show !== undefined)
  void fuzzer().then((fuzz) => {
    process.stdout.write(fuzz.make(target, Number(values.show)));
    fuzz.close();
  });
else main();
