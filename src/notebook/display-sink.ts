import { AsyncLocalStorage } from "node:async_hooks";

/** What is shown, in several forms at once, by media type; the page picks the richest it can draw. */
export type MimeBundle = Record<string, unknown>;

/** Where shown things go: a notebook's page, a terminal, or an array in a test. */
export interface DisplaySink {
  /** Whether this is a page that draws rich forms (if not, only text/plain is worth making). */
  rich: boolean;
  /** Shows a new thing; with an `id` it can be replaced later. */
  show(bundle: MimeBundle, id?: string): void;
  /** Replaces what was shown under `id`. */
  update(bundle: MimeBundle, id: string): void;
}

let chosen: DisplaySink | undefined;

/** Sends everything shown from now on to `sink`; without one, back to the terminal. */
export function setDisplaySink(sink?: DisplaySink): void {
  chosen = sink;
}

const within = new AsyncLocalStorage<DisplaySink>();

/** Sends what `work` shows, and whatever it starts, to `sink` instead. */
export const withDisplaySink = <T>(sink: DisplaySink, work: () => T): T => within.run(sink, work);

/** The sink in use: the injected one (in a notebook the kernel's), else standard output. */
export function displaySink(): DisplaySink {
  return within.getStore() ?? chosen ?? terminalSink;
}

/** Prints the plain-text form. Used by scripts. */
export const terminalSink: DisplaySink = {
  rich: false,
  show: (bundle) => console.log(String(bundle["text/plain"] ?? "")),
  update: (bundle) => console.log(String(bundle["text/plain"] ?? "")),
};
