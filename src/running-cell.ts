/** The notebook cell in whose name code runs, also in its timers and promises. */
export interface RunningCell {
  /** Aborts when the user interrupts the cell. */
  readonly signal: AbortSignal;
}

// A page has neither cells nor Node's modules.
const hooks = globalThis.process?.getBuiltinModule("node:async_hooks");
const cells = hooks && new hooks.AsyncLocalStorage<RunningCell>();

/** Runs `work` in the name of a cell: `runningCell()` is that cell in everything that `work` starts. */
export const inRunningCell = <T>(cell: RunningCell, work: () => T): T => (cells ? cells.run(cell, work) : work());

/** The cell that runs the caller, or undefined outside a notebook. */
export const runningCell = (): RunningCell | undefined => cells?.getStore();

/** The signal that long functions take by default: that of the running cell, or undefined outside a notebook. */
export const runningSignal = (): AbortSignal | undefined => runningCell()?.signal;
