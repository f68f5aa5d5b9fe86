import type { DisplaySink } from "./sink";

export type { DisplaySink, MimeBundle } from "./sink";

let chosen: DisplaySink | undefined;

/** Sends everything shown from now on to `sink`; without one, back to the terminal. */
export function setDisplaySink(sink?: DisplaySink): void {
  chosen = sink;
}

/** The sink in use: the injected one (in a notebook the kernel's), else standard output. */
export function displaySink(): DisplaySink {
  return chosen ?? terminalSink;
}

/** Prints the plain-text form. Used by scripts. */
export const terminalSink: DisplaySink = {
  rich: false,
  show: (bundle) => console.log(String(bundle["text/plain"] ?? "")),
  update: (bundle) => console.log(String(bundle["text/plain"] ?? "")),
};
