import { runningCell, type RunningCell } from "../../running-cell";
import type { Publication } from "../runtime-messages";

/** What an interrupted cell throws. */
export class InterruptedError extends Error {
  override name = "Interrupted";
  constructor() {
    super("The cell was interrupted.");
    this.stack = `${this.name}: ${this.message}`;
  }
}

/**
 * What the interrupt thread and this one share.
 * `stop[0]`: a cell has to end. Set by the interrupt thread, also while this one is busy.
 * `stop[1]`: 1 while a cell runs in its first stretch, before any `await`, where it can be ended by force; 2 when it was.
 * `stop[2]`: so many interrupts have come.
 * `stop[3]`: so many of them have been served: this thread was back in its event loop.
 */
export const stop = new Int32Array(new SharedArrayBuffer(16));

/** How long an interrupted cell has to end by itself, in milliseconds. After that its end is reported without it. */
const PATIENCE = 300;

let lastOrdinal = 0;
/** Executions up to this one have been interrupted, and whatever they left running. */
let interruptedUpTo = 0;
const known = new Set<WeakRef<Execution>>();

/** One run of a cell, or of a handler of a comm: in whose name messages are sent, and what an interrupt ends. */
export class Execution implements RunningCell {
  readonly ordinal = ++lastOrdinal;
  readonly signal: AbortSignal;
  /** Clears the timers that the cell's own code has set. */
  readonly timers = new Set<NodeJS.Timeout | NodeJS.Immediate>();
  /** Called when the kernel stops waiting for this execution, which was interrupted. */
  onAbandoned: () => void = () => {};
  readonly #controller = new AbortController();
  #ended = false;

  constructor(
    readonly request: number,
    readonly allowInput: boolean,
    private readonly send: (message: Publication) => void,
  ) {
    this.signal = live(this.#controller.signal);
    for (const reference of known) if (!reference.deref()) known.delete(reference);
    known.add(new WeakRef(this));
  }

  get interrupted(): boolean {
    return this.ordinal <= interruptedUpTo;
  }

  /** The kernel has reported how it ended; what an interrupted cell prints after that is dropped. */
  end(): void {
    this.#ended = true;
  }

  publish(
    messageType: Publication["messageType"],
    content: Record<string, unknown>,
    more: Pick<Publication, "metadata" | "buffers"> = {},
  ): void {
    if (this.#ended && this.interrupted) return;
    this.send({
      type: "publish",
      request: this.request,
      messageType,
      content: messageType === "stream" ? content : asJson(content),
      ...more,
    });
  }

  interrupt(reason: Error): void {
    this.#controller.abort(reason);
    for (const timer of this.timers) clearTimeout(timer as NodeJS.Timeout);
    this.timers.clear();
    setTimeout(() => this.onAbandoned(), PATIENCE);
  }
}

/**
 * What of a content can be sent: a front end reads JSON.
 * @throws TypeError for a content that refers to itself
 */
export const asJson = <T>(content: T): T =>
  JSON.parse(JSON.stringify(content, (_, value: unknown) => (typeof value === "bigint" ? String(value) : value))) as T;

/** The execution in whose name the caller runs: in timers and promises, too. */
export const runningExecution = (): Execution | undefined => runningCell() as Execution | undefined;

let noticed = 0;

/**
 * Ends everything that cells have running when an interrupt has come. The cell has a moment of peace to clean up; if
 * it goes on, having caught the error, the interrupt thread raises the flag again, which then stays.
 */
function notice(): void {
  if (stop[2] === noticed) return;
  noticed = stop[2];
  stop[0] = 0;
  const reason = new InterruptedError();
  const fresh = [...known]
    .map((reference) => reference.deref())
    .filter((execution) => execution && !execution.interrupted);
  interruptedUpTo = lastOrdinal;
  for (const execution of fresh) execution!.interrupt(reason);
}

/** The same in the event loop, where nothing can be in its way. */
export function serveInterrupt(): void {
  stop[0] = 0;
  stop[1] = 0;
  notice();
  stop[3] = noticed;
}

/** Called in the loops and functions of cells while an interrupt waits. */
export function stopHere(): void {
  notice();
  if (stop[2] === stop[3]) stop[0] = 0; // raised when it was served already
  throwIfInterrupted();
}

export function throwIfInterrupted(): void {
  if (runningExecution()?.interrupted) throw new InterruptedError();
}

/** A signal that looks for a waiting interrupt whenever it is asked, so that work which never pauses sees it, too. */
function live(signal: AbortSignal): AbortSignal {
  const aborted = Object.getOwnPropertyDescriptor(AbortSignal.prototype, "aborted")!.get!;
  Object.defineProperties(signal, {
    aborted: { get: () => (notice(), aborted.call(signal) as boolean) },
    throwIfAborted: { value: () => (notice(), AbortSignal.prototype.throwIfAborted.call(signal)) },
  });
  return signal;
}
