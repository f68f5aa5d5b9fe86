const said = new Set<string>();

/** Prints a warning on standard error, unless this process has printed the same one before. */
export function warnOnce(message: string): void {
  if (said.has(message)) return;
  said.add(message);
  console.warn(`warning: ${message}`);
}
