/** Documents that are a statement or question and several short replies to it. */
import type { Document } from "./document";
import { lowered } from "./frame";

/** What is replied: a finished sentence or a piece of one, behind the first words with their comma. */
export interface Reply {
  marker: string;
  text: string;
}

/** Few words, so that several documents fit a row, and many replies a document. */
const mostWords = 40;
const mostReplies = 6;
const mostAttempts = 12;

/** The text and the replies to it until there are enough, none twice. `next` gives undefined where it finds none. */
export function withReplies(text: string, next: () => Reply | undefined): Document {
  const document = [text];
  const seen = new Set<string>();
  let words = text.split(" ").length;
  for (let i = 0; i < mostAttempts && words < mostWords && seen.size < mostReplies; i += 1) {
    const reply = next();
    if (reply === undefined || seen.has(reply.text)) continue;
    seen.add(reply.text);
    document.push(`${reply.marker} ${lowered(reply.text)}`);
    words += reply.text.split(" ").length + 1;
  }
  return document;
}
