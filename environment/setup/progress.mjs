// What the user sees while set-up works: one line per step, with the time it takes.

/**
 * Starts the line of one step. In a terminal the line is rewritten every 0.2 s; elsewhere (CI logs) it is printed
 * at the start, every 15 s, and at the end. Everything goes to standard error, so that results stay alone on
 * standard output.
 */
export function startStep(name, detail) {
  const started = Date.now();
  const seconds = () => ((Date.now() - started) / 1000).toFixed(1);
  const terminal = process.stderr.isTTY;
  let note = detail;
  const line = (mark, text) => `  ${mark} ${name}${text ? ` – ${text}` : ""}  ${seconds()} s`;
  const wheel = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏";
  let turn = 0;
  if (!terminal) console.error(`  … ${name}${note ? ` – ${note}` : ""}`);
  const timer = setInterval(
    () => {
      if (terminal) process.stderr.write(`\r\x1b[2K${line(wheel[turn++ % wheel.length], note)}`);
      else console.error(line("…", note));
    },
    terminal ? 200 : 15_000,
  );
  const end = (mark, text) => {
    clearInterval(timer);
    if (terminal) process.stderr.write("\r\x1b[2K");
    console.error(line(mark, text));
  };
  return {
    /** Changes what the step says it is doing now. */
    say(text) {
      if (text !== note && !terminal) console.error(`  … ${name} – ${text}`);
      note = text;
    },
    done: (text) => end("✓", text),
    failed: () => end("✗"),
  };
}
