/** Phrases with choices: frames whose slots are named lists or alternatives in place, "{big/very large in {place}}". */
import { expandFrame, type CompiledFrame } from "../frame";
import { draw, uniform, zipf, type Random, type Weighted } from "../random";

/** Splits "a | b" and lines into their parts. */
export const phrases = (text: string): string[] => text.trim().split(/\s*[|\n]\s*/);
export const words = (text: string): string[] => text.trim().split(/\s+/);

/** What stands in the slots that only the caller can fill, by slot name: "e", "v". */
export type Filling = Readonly<Record<string, string>>;

export type PhraseTable = Weighted<CompiledFrame>;

/** A writer of phrases over named lists; alternatives are drawn by Zipf's law, so the first is the usual one. */
export interface Phrasing {
  /** Compiles phrases and checks that every slot is a list, has alternatives, or is one of `open`. */
  table: (texts: readonly string[], open?: readonly string[]) => PhraseTable;
  say: (random: Random, frames: PhraseTable, filling?: Filling) => string;
  expand: (random: Random, frame: CompiledFrame, filling?: Filling) => string;
}

/** Cuts a text at its outermost braces: literal text at even places, what is in braces at odd ones. */
function cutAtBraces(text: string): string[] {
  const pieces = [""];
  let depth = 0;
  for (const letter of text) {
    if (letter === "{" && (depth += 1) === 1) pieces.push("");
    else if (letter === "}" && (depth -= 1) === 0) pieces.push("");
    else pieces[pieces.length - 1] += letter;
    if (depth < 0) break;
  }
  if (depth !== 0) throw new Error(`phrase "${text}": braces do not pair up`);
  return pieces;
}

/** Splits at the slashes outside of braces. */
function alternativesOf(slot: string): string[] {
  const parts = [""];
  cutAtBraces(slot).forEach((piece, i) => {
    const [first, ...rest] = i % 2 === 0 ? piece.split("/") : [`{${piece}}`];
    parts[parts.length - 1] += first;
    parts.push(...rest);
  });
  return parts;
}

export function createPhrasing(lists: Readonly<Record<string, readonly string[]>>): Phrasing {
  const slots = new Map<string, PhraseTable>();
  const compile = (text: string, open: readonly string[]): CompiledFrame => {
    const frame = cutAtBraces(text);
    for (let at = 1; at < frame.length; at += 2) {
      const slot = frame[at];
      if (slots.has(slot) || open.includes(slot)) continue;
      const listed = Object.hasOwn(lists, slot) ? lists[slot] : alternativesOf(slot);
      if (listed.length < 2 && listed[0] === slot) throw new Error(`phrase "${text}": nothing fills the slot {${slot}}`);
      slots.set(slot, zipf(listed.map((part) => compile(part, open)), 0.5));
    }
    return frame;
  };
  const expand = (random: Random, frame: CompiledFrame, filling: Filling = {}): string =>
    frame.length === 1
      ? frame[0]
      : expandFrame(frame, (slot) => {
          const filled = filling[slot];
          if (filled !== undefined) return filled;
          const choices = slots.get(slot);
          if (choices === undefined) throw new Error(`phrase "${frame.join("|")}": nothing fills the slot {${slot}}`);
          return expand(random, draw(random, choices), filling);
        });
  return {
    table: (texts, open = []) => uniform(texts.map((text) => compile(text, open))),
    expand,
    say: (random, frames, filling) => expand(random, draw(random, frames), filling),
  };
}
