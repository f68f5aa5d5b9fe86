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
