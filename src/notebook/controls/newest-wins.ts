/**
 * Work on a value that changes faster than it can be worked on. What arrives meanwhile is not queued: when the work on
 * one value has ended, the newest is next, and those between are dropped.
 *
 * @returns what takes a value; its promise ends when nothing is left to do, and fails with what the work throws
 */
export function newestWins<Value>(work: (value: Value) => Promise<void>): (value: Value) => Promise<void> {
  const waiting: Value[] = [];
  let running: Promise<void> | undefined;
  const run = async (): Promise<void> => {
    try {
      while (waiting.length > 0) await work(waiting.pop()!);
    } finally {
      waiting.length = 0;
      running = undefined;
    }
  };
  return (value) => {
    waiting.length = 0;
    waiting.push(value);
    return (running ??= run());
  };
}
