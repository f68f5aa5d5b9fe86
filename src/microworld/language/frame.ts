/** Sentence frames: text with slots in braces, "the {aspect} {was} {adj}". */
import { weighted, type Weighted } from "./random";

/** A frame and how often it is used relative to the others of its kind; a plain string has weight 1. */
export type Frame = string | readonly [text: string, weight: number];

/** A frame cut at its slots: literal text at even places, slot names at odd ones. */
export type CompiledFrame = readonly string[];

export type FrameTable = Weighted<CompiledFrame>;

/** Cuts a frame at its slots. @throws if a brace is missing */
export function compileFrame(text: string): CompiledFrame {
  const pieces = text.split(/[{}]/);
  if (pieces.length % 2 === 0 || pieces.some((piece, i) => i % 2 === 1 && piece === "")) throw new Error(`frame "${text}": braces do not pair up`);
  return pieces;
}

/** Frames ready to draw from. */
export function compileFrames(frames: readonly Frame[]): FrameTable {
  const parts = frames.map((frame): readonly [string, number] => (typeof frame === "string" ? [frame, 1] : frame));
  return weighted(parts.map(([text]) => compileFrame(text)), parts.map(([, weight]) => weight));
}

/** Fills a frame's slots from left to right. */
export function expandFrame(frame: CompiledFrame, fill: (slot: string) => string): string {
  let text = frame[0];
  for (let i = 1; i < frame.length; i += 2) text += fill(frame[i]) + frame[i + 1];
  return text;
}

/** Words that sound otherwise than they are written: an hour, a university, a one-way ticket. */
const silentStart = /^(hour|honest|honour|heir)/i;
const consonantStart = /^(uni(?!m|n)|use|usu|utensil|one\b|once\b|europ|eu[a-z]|ewe)/i;

/** "a" or "an" before a word. */
export function article(word: string): "a" | "an" {
  if (silentStart.test(word) || /^(8|11|18)(?!\d)/.test(word)) return "an";
  return /^[aeiou]/i.test(word) && !consonantStart.test(word) ? "an" : "a";
}

/** Every "a" and "an" as the word behind it wants it. */
export function settleArticles(text: string): string {
  return text.replace(/\b([Aa])n? (?=(\w+))/g, (_, first: string, word: string) => `${first}${article(word).slice(1)} `);
}

/** Settles articles, begins with a capital and ends with a mark. */
export function finishSentence(text: string, ending = "."): string {
  const settled = settleArticles(text);
  return settled[0].toUpperCase() + settled.slice(1) + ending;
}

/** With a small first letter, as the prompts have it. */
export function lowered(text: string): string {
  return text[0].toLowerCase() + text.slice(1);
}
