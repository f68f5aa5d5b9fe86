/** Phrases with choices: frames whose slots are named lists, other phrases, or alternatives in place, "{big/large}". */
import { compileFrame, expandFrame, type CompiledFrame } from "../frame";
import { draw, uniform, zipf, type Random, type Weighted } from "../random";

/** Splits "a | b" and lines into their parts. */
export const phrases = (text: string): string[] => text.trim().split(/\s*[|\n]\s*/);
export const words = (text: string): string[] => text.trim().split(/\s+/);

/** What stands in the slots that only the caller can fill, by slot name: "e", "v". */
export type Filling = Readonly<Record<string, string>>;

export type PhraseTable = Weighted<CompiledFrame>;

/** A writer of phrases over named lists; alternatives in place are drawn by Zipf's law, so the first is the usual one. */
export interface Phrasing {
  /** Compiles phrases and checks that every slot is a list, has alternatives, or is one of `open`. */
  table: (texts: readonly string[], open?: readonly string[]) => PhraseTable;
  say: (random: Random, frames: PhraseTable, filling?: Filling) => string;
  expand: (random: Random, frame: CompiledFrame, filling?: Filling) => string;
}

export function createPhrasing(lists: Readonly<Record<string, readonly string[]>>): Phrasing {
  const slots = new Map<string, PhraseTable>(
    Object.entries(lists).map(([name, texts]) => [name, zipf(texts.map(compileFrame), 0.5)]),
  );
  const alternatives = (slot: string): PhraseTable | undefined => {
    const known = slots.get(slot);
    if (known !== undefined || !slot.includes("/")) return known;
    const made = zipf(slot.split("/").map((part) => compileFrame(part)), 0.5);
    slots.set(slot, made);
    return made;
  };
  const expand = (random: Random, frame: CompiledFrame, filling: Filling = {}): string =>
    expandFrame(frame, (slot) => {
      const filled = filling[slot];
      if (filled !== undefined) return filled;
      const choices = slots.get(slot);
      if (choices === undefined) throw new Error(`phrase "${frame.join("|")}": nothing fills the slot {${slot}}`);
      return expand(random, draw(random, choices), filling);
    });
  const table = (texts: readonly string[], open: readonly string[] = []): PhraseTable => {
    const frames = texts.map(compileFrame);
    frames.forEach((frame, i) => {
      for (let at = 1; at < frame.length; at += 2) {
        if (!open.includes(frame[at]) && alternatives(frame[at]) === undefined) throw new Error(`phrase "${texts[i]}": nothing fills the slot {${frame[at]}}`);
      }
    });
    return uniform(frames);
  };
  return { table, expand, say: (random, frames, filling) => expand(random, draw(random, frames), filling) };
}
