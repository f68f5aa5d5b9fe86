/** Work that Ctrl-C stops in an orderly way. */
import { showProgress, type Progress } from "../notebook/progress";

/** Exit codes as shells give them for the signals. */
const EXIT_CODES: Partial<Record<NodeJS.Signals, number>> = { SIGINT: 130, SIGTERM: 143 };
const SIGNALS = Object.keys(EXIT_CODES);

/** An error with the exit code of the command line. */
export type ErrorWithExitCode = Error & { exitCode?: number };

/**
 * Runs work with a signal that SIGINT (Ctrl-C) and SIGTERM abort. A second one ends the process at once, as it would
 * have without this function.
 *
 * @param message what to say when it was stopped
 * @param progress what shows the work; it ends when the work fails
 * @throws the message, with the exit code 130 or 143, if it was stopped; the work's own errors
 */
export async function interruptible<T>(
  work: (signal: AbortSignal) => Promise<T>,
  message: () => string,
  progress?: Progress,
): Promise<T> {
  const controller = new AbortController();
  const { signal } = controller;
  let exitCode: number | undefined;
  const onSignal = (name: NodeJS.Signals): void => {
    forget();
    exitCode = EXIT_CODES[name];
    controller.abort();
  };
  const forget = (): void => SIGNALS.forEach((name) => process.off(name, onSignal));
  SIGNALS.forEach((name) => process.on(name, onSignal));
  try {
    return await work(signal);
  } catch (error) {
    progress?.finish("stopped");
    if (error !== signal.reason || exitCode === undefined) throw error;
    throw Object.assign(new Error(message()), { exitCode });
  } finally {
    forget();
  }
}

/** Shows the bytes of several steps, each in a line with its own title. */
export function showSteps(title: (step: string) => string = (step) => step) {
  let shown: { step: string; progress: Progress } | undefined;
  return ({ step, ...state }: { step: string; done: number; total: number }): void => {
    if (shown?.step !== step) {
      shown?.progress.finish();
      shown = { step, progress: showProgress(title(step), { unit: "bytes" }) };
    }
    shown.progress(state);
  };
}
