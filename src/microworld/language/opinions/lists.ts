/** Word lists as they are written in this folder. */

/** Words between white space. */
export const words = (text: string): string[] => text.trim().split(/\s+/);

/** Phrases between bars or lines. */
export const phrases = (text: string): string[] => text.trim().split(/\s*[|\n]\s*/);
