import { randomUUID } from "node:crypto";
import { displaySink, type DisplaySink, type MimeBundle } from "./display-sink";
import { escapeHtml } from "./show-table";

/** How far a job is; of what is done, `reused` came from disk. All three may be fractions while something is under way. */
export interface ProgressState {
  done: number;
  total?: number;
  reused?: number;
}

/** A running display of how far a long job is. */
export interface Progress {
  /** Reports `done` of `total` (the total may become known, or change, on the way). */
  (state: ProgressState): void;
  /**
   * The `onProgress` of the next of several `jobs`, one after the other; what they report is added up.
   * @param size units that the job counts for, where it reports in others (a fine-tuning run in its steps).
   *   Default: what it reports itself
   */
  job(size?: number): (state: Required<Pick<ProgressState, "done" | "total">> & ProgressState) => void;
  /** Replaces the display by one summary line. Called by itself when `done` reaches the total; later calls do nothing. */
  finish(note?: string): void;
}

export interface ProgressOptions {
  /** What is counted, in the plural: "steps", "blocks". */
  unit?: string;
  total?: number;
  /** How many jobs report through `job()`. The total of those that have not begun is taken to be that of the others. */
  jobs?: number;
  /** Test hooks: where it is shown, the time in milliseconds, and the terminal. */
  sink?: DisplaySink;
  now?: () => number;
  terminal?: ProgressTerminal;
}

export interface ProgressTerminal {
  write(text: string): void;
  /** Width of a terminal that can rewrite its line; undefined where it cannot (a log file). */
  columns?: number;
}

/** A notebook page is updated at most four times a second, a log file once in ten seconds. */
const pageInterval = 250;
const terminalInterval = 100;
const logInterval = 10_000;

/** Sums of fractions such as 0.1 + 0.2 are off by less. */
const rounding = 1e-6;

/**
 * Shows the progress of a long job: in a notebook one display that is rewritten, in a terminal one line, in a log
 * file a line now and then. The result is a function to pass as `onProgress`.
 *
 * `const done = showProgress("Kernel", { unit: "blocks" }); await computeKernel({ …, onProgress: done });`
 *
 * The line that stays says what came from disk: "Kernel: 3 of 4 blocks from disk, 1 computed in 2.1 s". Where a cell
 * does several such jobs, one display adds them up:
 *
 *     const progress = showProgress(`Kernels of ${draws.length} draws`, { unit: "blocks", jobs: draws.length });
 *     for (const draw of draws) kernels.push(await splitKernels({ …, onProgress: progress.job() }));
 *
 *     const tuning = showProgress("Fine-tuning", { unit: "runs", jobs: draws.length });
 *     for (const draw of draws) tuned.push(await fineTuningRun({ …, onProgress: tuning.job(learningRates.length) }));
 */
export function showProgress(label: string, options: ProgressOptions = {}): Progress {
  const { unit = "", now = () => performance.now() } = options;
  const output = outputFor(options);
  const started = now();
  let last = -Infinity;
  let finished = false;
  let state: ProgressState = { done: 0, total: options.total };
  const jobs: Required<ProgressState>[] = [];

  const finish = (note?: string) => {
    if (finished) return;
    finished = true;
    output.end(summary(label, unit, state, (now() - started) / 1000, note));
  };
  const report = (next: ProgressState) => {
    if (finished) return;
    state = { ...next, total: next.total ?? state.total };
    if (state.total !== undefined && state.done >= state.total - rounding) return finish();
    if (now() - last < output.interval) return;
    last = now();
    output.show(state, label, running(unit, state, (now() - started) / 1000));
  };
  const job: Progress["job"] = (size) => {
    const own = { done: 0, total: 0, reused: 0 };
    jobs.push(own);
    return ({ done, total, reused = 0 }) => {
      const scale = size === undefined ? 1 : size / total;
      Object.assign(own, { done: done * scale, total: total * scale, reused: reused * scale });
      report(added(jobs, options.jobs));
    };
  };
  return Object.assign(report, { job, finish });
}

/** All jobs as one. Without the number of jobs there is no total, and the end is for the caller to say. */
function added(jobs: readonly Required<ProgressState>[], count: number | undefined): ProgressState {
  const sum = (field: keyof ProgressState): number => jobs.reduce((all, job) => all + job[field], 0);
  const total = count === undefined ? undefined : (sum("total") * Math.max(count, jobs.length)) / jobs.length;
  return { done: sum("done"), reused: sum("reused"), total };
}

interface ProgressOutput {
  interval: number;
  show(state: ProgressState, label: string, amounts: string): void;
  end(text: string): void;
}

function outputFor(options: ProgressOptions): ProgressOutput {
  const sink = options.sink ?? displaySink();
  return sink.rich && !options.terminal ? pageOutput(sink) : terminalOutput(options.terminal ?? standardError());
}

function pageOutput(sink: DisplaySink): ProgressOutput {
  const id = randomUUID();
  let shown = false;
  const put = (bundle: MimeBundle) => {
    if (shown) sink.update(bundle, id);
    else sink.show(bundle, id);
    shown = true;
  };
  return {
    interval: pageInterval,
    show: ({ done, total }, label, amounts) => {
      const text = `${label}: ${amounts}`;
      const value = total === undefined ? "" : ` value="${done}" max="${total}"`;
      put({
        "text/html": `<progress${value} style="vertical-align:middle"></progress> ${escapeHtml(text)}`,
        "text/plain": text,
      });
    },
    end: (text) => put({ "text/html": escapeHtml(text), "text/plain": text }),
  };
}

function terminalOutput(terminal: ProgressTerminal): ProgressOutput {
  const { columns } = terminal;
  if (columns === undefined) {
    return {
      interval: logInterval,
      show: (_, label, amounts) => terminal.write(`${label}: ${amounts}\n`),
      end: (text) => terminal.write(`${text}\n`),
    };
  }
  // A line that wraps cannot be rewritten: a long label gives way to the amounts.
  const fitted = (label: string, amounts: string) => {
    const room = Math.max(columns - 3 - amounts.length, Math.min(label.length, 12));
    return `${label.length > room ? `${label.slice(0, room - 1)}…` : label}: ${amounts}`.slice(0, columns - 1);
  };
  return {
    interval: terminalInterval,
    show: (_, label, amounts) => terminal.write(`\r\x1b[2K${fitted(label, amounts)}`),
    end: (text) => terminal.write(`\r\x1b[2K${text}\n`),
  };
}

/** Standard error, so that results stay alone on standard output. The launcher passes on the terminal's width. */
function standardError(): ProgressTerminal {
  const columns = process.stderr.isTTY
    ? process.stderr.columns
    : Number(process.env.KERNEL_VIEW_TERMINAL_COLUMNS) || undefined;
  return { write: (text) => void process.stderr.write(text), columns };
}

/** What came from disk took no time: the rate, and with it the time left, is that of the rest. */
function running(unit: string, { done, total, reused = 0 }: ProgressState, seconds: number): string {
  const worked = done - reused;
  const rate = worked > rounding && seconds > 0 ? worked / seconds : undefined;
  return [
    `${count(done, total)}${unit ? ` ${unit}` : ""}`,
    rate === undefined ? undefined : rateText(rate),
    rate === undefined || total === undefined ? undefined : `${duration((total - done) / rate)} left`,
  ]
    .filter((part) => part !== undefined)
    .join(" · ");
}

/** "Kernel: 3 of 4 blocks from disk, 1 computed in 2.1 s", or without what came from disk "Kernel: 4 blocks in 8.4 s". */
function summary(
  label: string,
  unit: string,
  { done, total, reused = 0 }: ProgressState,
  seconds: number,
  note?: string,
): string {
  const [all, kept] = [whole(done), Math.round(reused)];
  const amount = all >= whole(total ?? done) ? `${all}` : count(done, total);
  const units = unit ? ` ${amount === "1" ? unit.replace(/s$/, "") : unit}` : "";
  const fromDisk = `${kept} of ${amount}${units} from disk${all > kept ? `, ${all - kept} computed` : ""}`;
  return `${label}: ${kept > 0 ? fromDisk : `${amount}${units}`} in ${duration(seconds)}${note ? ` · ${note}` : ""}`;
}

/** What is complete: 0.99 of a run is none yet. */
const whole = (amount: number) => Math.floor(amount + rounding);

const count = (done: number, total: number | undefined) =>
  total === undefined ? `${whole(done)}` : `${whole(done)}/${Math.round(total)}`;

const rateText = (perSecond: number) =>
  perSecond >= 1 ? `${Number(perSecond.toPrecision(2))}/s` : `${duration(1 / perSecond)} each`;

/** "0.4 s", "12 s", "3 min 5 s", "2 h 10 min". */
export function duration(seconds: number): string {
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}
