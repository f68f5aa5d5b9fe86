import { runningSignal } from "./running-cell";

/** Longest time without a turn of the event loop, in milliseconds: an answer to an interrupt waits at most for one step more. */
const PATIENCE = 100;

/** Waits for the next turn of the event loop. (A page has no setImmediate.) */
export const nextTurn = (): Promise<void> =>
  new Promise((resolve) => void (globalThis.setImmediate ?? setTimeout)(() => resolve()));

/** A function to call between pieces of work: it gives the event loop a turn when the last one is long ago. */
export function breather(): () => Promise<void> | undefined {
  let last = performance.now();
  const turn = async (): Promise<void> => {
    await nextTurn();
    last = performance.now();
  };
  return () => (performance.now() - last > PATIENCE ? turn() : undefined);
}

/**
 * Runs work that is written as a generator to its end. Between its steps timers, signals and displays get their turn;
 * when `signal` aborts, the work's `finally` blocks run and the signal's reason is thrown.
 *
 * @param signal default: that of the running cell
 * @returns what the generator returns
 */
export async function runSteps<T>(work: Generator<unknown, T>, signal = runningSignal()): Promise<T> {
  const breathe = breather();
  try {
    for (;;) {
      signal?.throwIfAborted();
      const step = work.next();
      if (step.done) return step.value;
      const turn = breathe();
      if (turn) await turn;
    }
  } catch (error) {
    work.return(undefined as T);
    throw error;
  }
}

/** {@link runSteps} for the last bit of something long, which would be lost if that were stopped: no signal stops it. */
export const runToEnd = <T>(work: Generator<unknown, T>): Promise<T> => runSteps(work, new AbortController().signal);

/** Runs work that is written as a generator to its end, without a turn for anything else. */
export function runAtOnce<T>(work: Generator<unknown, T>): T {
  for (;;) {
    const step = work.next();
    if (step.done) return step.value;
  }
}
