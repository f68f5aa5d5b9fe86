/** Colours in a terminal that has them; FORCE_COLOR and NO_COLOR decide where they are set. */
import { styleText } from "node:util";

type Stream = "stdout" | "stderr";

function hasColours(stream: Stream): boolean {
  const { FORCE_COLOR, NO_COLOR, TERM, KERNEL_VIEW_TERMINAL_COLUMNS } = process.env;
  if (FORCE_COLOR !== undefined) return !["0", "false"].includes(FORCE_COLOR);
  if (NO_COLOR || TERM === "dumb") return false;
  // The launcher reads standard error through a pipe, and says whether it goes on to a terminal.
  return process[stream].isTTY || (stream === "stderr" && KERNEL_VIEW_TERMINAL_COLUMNS !== undefined);
}

/** The text in a colour. */
export const coloured = (colour: "red" | "yellow" | "green", text: string, stream: Stream = "stderr"): string =>
  hasColours(stream) ? styleText(colour, text, { validateStream: false }) : text;

const VERDICTS = { yes: "green", no: "red" } as const;

/** A Markdown table for standard output, its cells "yes" and "no" in colour. */
export const verdictColours = (markdown: string): string =>
  markdown.replace(/(?<=\| )(yes|no)(?= \|)/g, (verdict) =>
    coloured(VERDICTS[verdict as keyof typeof VERDICTS], verdict, "stdout"),
  );
