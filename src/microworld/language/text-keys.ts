/** When two texts count as the same, and which texts a document holds. */
import { replyMarkers } from "./reply-markers";

/** The form under which two texts count as the same. */
export function sentenceKey(sentence: string): string {
  return sentence.toLowerCase().replace(/[^a-z0-9 ]/g, "");
}

/** First words behind which a whole statement or question may follow without a comma. */
const openings = [...Object.values(replyMarkers).flat().filter((marker) => !marker.endsWith(",")), "So", "This means that", "Please"].map((opening) => `${opening.toLowerCase()} `);

/** A text, and what is behind each colon, comma or opening in it: "Number: …", "Yes, …", "It may be that …". */
function endings(text: string): string[] {
  const behindMarks = [...text.matchAll(/[:,] /g)].map(({ index }) => text.slice(index + 2));
  const lower = text.toLowerCase();
  return [text, ...behindMarks, ...openings.filter((opening) => lower.startsWith(opening)).map((opening) => text.slice(opening.length))];
}

/** The keys of the texts in a document's sentence: of both sides of "…? Yes, …", whole and behind their openings. */
export function textKeys(sentence: string): string[] {
  const mark = sentence.indexOf("? ");
  const sides = mark < 0 ? [sentence] : [sentence, sentence.slice(0, mark), sentence.slice(mark + 2)];
  return [...new Set(sides.flatMap(endings).map(sentenceKey))];
}

/** The keys of the texts in a document: in each sentence, and those that are several sentences in a row. */
export function documentKeys(document: readonly string[]): string[] {
  const keys = document.map(sentenceKey);
  const rows = keys.flatMap((_, first) => keys.slice(first + 1).map((_, more) => keys.slice(first, first + more + 2).join(" ")));
  return [...document.flatMap(textKeys), ...rows];
}
