/** Work that Ctrl-C stops in an orderly way. */

/** Exit codes as shells give them for the signals. */
const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const;

/** An error that the command line turns into an exit code of its own. */
export type ErrorWithExitCode = Error & { exitCode?: number };

/**
 * Runs work with a signal that SIGINT (Ctrl-C) and SIGTERM abort. A second one ends the process at once, as it would
 * have without this function.
 *
 * @param message what to say when it was stopped
 * @throws the message, with the exit code 130 or 143, if it was stopped; the work's own errors
 */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>, message: () => string): Promise<T> {
  const controller = new AbortController();
  const { signal } = controller;
  let exitCode: number | undefined;
  const onSignal = (name: NodeJS.Signals): void => {
    forget();
    exitCode = EXIT_CODES[name as keyof typeof EXIT_CODES];
    controller.abort();
  };
  const forget = (): void =>
    (Object.keys(EXIT_CODES) as NodeJS.Signals[]).forEach((name) => process.off(name, onSignal));
  (Object.keys(EXIT_CODES) as NodeJS.Signals[]).forEach((name) => process.on(name, onSignal));
  try {
    return await work(signal);
  } catch (error) {
    if (error !== signal.reason || exitCode === undefined) throw error;
    throw Object.assign(new Error(message()), { exitCode });
  } finally {
    forget();
  }
}
