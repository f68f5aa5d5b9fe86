// What the user sees while set-up works: one line for each step, with the time that it takes.

const WHEEL = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏";
/** The steps under way, each a function that says what it is doing. */
const underWay = new Set();
let turn = 0;
let wheel;

/** In a terminal, the steps under way share the last line, which is rewritten every 0.2 s. */
function redraw() {
  const line = [...underWay].map((state) => state()).join("  ·  ");
  const width = (process.stderr.columns ?? 80) - 5;
  process.stderr.write(`\r\x1b[2K${line === "" ? "" : `  ${WHEEL[turn++ % WHEEL.length]} ${line.slice(0, width)}`}`);
}

/**
 * Starts a step. A terminal shows what it is doing and then its closing line; elsewhere (CI logs) a line is printed at
 * the start, every 15 s, and at the end. Everything goes to standard error, so that results stay alone on standard output.
 */
export function startStep(name, detail) {
  const started = Date.now();
  const terminal = process.stderr.isTTY;
  let note = detail;
  const seconds = () => ((Date.now() - started) / 1000).toFixed(1);
  const state = (text) => `${name}${text ? ` – ${text}` : ""}  ${seconds()} s`;
  const shown = () => state(note);
  const timer = terminal ? undefined : setInterval(() => console.error(`  … ${shown()}`), 15_000);
  underWay.add(shown);
  if (terminal) wheel ??= setInterval(redraw, 200);
  else console.error(`  … ${name}${note ? ` – ${note}` : ""}`);
  const end = (mark, text) => {
    clearInterval(timer);
    underWay.delete(shown);
    if (terminal) process.stderr.write("\r\x1b[2K");
    console.error(`  ${mark} ${state(text)}`);
    if (underWay.size > 0 || wheel === undefined) return;
    clearInterval(wheel);
    wheel = undefined;
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
