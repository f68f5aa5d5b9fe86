// What a notebook is about, from its first text cell: its title, and its question in one line.
import { cellSource, type Notebook } from "../../../src/notebook/parameters";

export interface Heading {
  title: string;
  question: string;
}

/**
 * The title and the question of a notebook. The question is what the opening cell has in bold up to a question mark,
 * else its first sentence that ends with one together with the sentence it follows from, else its first sentence. Both
 * are Markdown of one line; the question may be empty.
 */
export function notebookHeading(notebook: Notebook, otherwise: string): Heading {
  const cell = notebook.cells.find(({ cell_type: type }) => type === "markdown");
  const text = cell ? cellSource(cell) : "";
  const title = /^#\s+(.+)$/m.exec(text)?.[1].trim() ?? otherwise;
  return { title, question: questionOf(prose(text)) };
}

/** The running text of a cell: no headings, displayed formulas, code blocks or tables. */
function prose(text: string): string[] {
  return text
    .replace(/^```[\s\S]*?^```/gm, "\n\n")
    .replace(/\$\$[\s\S]*?\$\$/g, "\n\n")
    .replace(/^(?:#|\|).*$/gm, "")
    .split(/\n\s*\n/)
    .map((paragraph) =>
      paragraph
        .replace(/^\s*[-*>]\s+/, "")
        .replace(/\s+/g, " ")
        .trim(),
    )
    .filter((paragraph) => paragraph !== "");
}

function questionOf(paragraphs: string[]): string {
  const bold = paragraphs.map((paragraph) => /\*\*([^*]+\?)\*\*/.exec(paragraph)?.[1]).find(Boolean);
  if (bold) return bold;
  const all = paragraphs.map(sentences);
  const asks = (sentence: string): boolean => /\?["')*_”]*$/.test(sentence);
  const paragraph = all.find((own) => own.some(asks));
  if (!paragraph) return (all[0]?.[0] ?? "").trim();
  // "Which of these does it take?" says nothing alone; a heading such as "Question." adds nothing.
  const at = paragraph.findIndex(asks);
  const before = at > 0 && paragraph[at - 1].split(" ").length > 3 ? `${paragraph[at - 1]} ` : "";
  return `${before}${paragraph[at]}`.trim();
}

/** A sentence ends at . ! ? before a space and a capital letter (or what may stand before one), outside of formulas. */
function sentences(paragraph: string): string[] {
  const ends = /(?<=[.!?]["')*_”]*)\s+(?=["'(*_“$]*\p{Lu}|\$|`)/u;
  const formulas: string[] = [];
  const hidden = paragraph.replace(/\$[^$]+\$/g, (formula) => `$${formulas.push(formula) - 1}$`);
  return hidden
    .split(ends)
    .map((sentence) => sentence.replace(/\$(\d+)\$/g, (_, index: string) => formulas[Number(index)]));
}

/** One line of Markdown as HTML, with formulas left as <x-tex> for drawFormulas. */
export function inlineHtml(markdown: string): string {
  // Of links their text is kept: it may have code in it.
  return markdown
    .replace(/(\$[^$]+\$)|\[([^\]]*)\]\([^)]*\)/g, (_, formula: string | undefined, text: string) => formula ?? text)
    .split(/(\$[^$]+\$|`[^`]+`)/)
    .map((part) => {
      if (/^\$[^$]+\$$/.test(part)) return `<x-tex>${escapeHtml(part.slice(1, -1))}</x-tex>`;
      if (/^`[^`]+`$/.test(part)) return `<code>${escapeHtml(part.slice(1, -1))}</code>`;
      return escapeHtml(part)
        .replace(/\*\*(.+?)\*\*/g, "<strong>$1</strong>")
        .replace(/\*(.+?)\*/g, "<em>$1</em>");
    })
    .join("");
}

/** Text made safe to stand in HTML. */
export function escapeHtml(text: string): string {
  const names: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
  return text.replace(/[&<>"']/g, (character) => names[character]);
}
