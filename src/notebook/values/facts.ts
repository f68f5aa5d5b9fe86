import { tableBundle, type Records } from "../show-table";
import type { MimeBundle } from "../display-sink";

/** What is known of a value, one line for each name that has something to say. */
export function facts(known: Readonly<Record<string, unknown>>, caption?: string): MimeBundle {
  const rows = Object.entries(known)
    .filter(([, value]) => value !== undefined)
    .map(([what, value]) => ({ what, value }));
  return tableBundle(rows, { caption });
}

/** Several tables, one below the other. */
export function stacked(...bundles: MimeBundle[]): MimeBundle {
  const [html, text] = ["text/html", "text/plain"].map((type) => bundles.map((bundle) => String(bundle[type])));
  return { "text/html": html.join("\n<br>\n"), "text/plain": text.join("\n\n") };
}

export const table = (rows: Records, caption: string, maxRows?: number): MimeBundle =>
  tableBundle(rows, { caption, maxRows });

/** "87.5 %" of a share from 0 to 1. */
export const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
