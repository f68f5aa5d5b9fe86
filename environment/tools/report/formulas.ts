// Formulas drawn by KaTeX when the page is made, so that the page needs neither KaTeX's script nor its server.
import { readFileSync } from "node:fs";
import path from "node:path";
import katex from "katex";
import { messageOf } from "../checkout";

const folder = path.join(path.dirname(require.resolve("katex/package.json")), "dist");

/**
 * Replaces every <x-tex> of a page by KaTeX's output and adds its style sheet with the fonts inside.
 * @throws Error that quotes the formula KaTeX does not understand
 */
export function drawFormulas(page: string): string {
  let count = 0;
  const drawn = page.replace(
    /<x-tex( display="true")?>([\s\S]*?)<\/x-tex>/g,
    (_, display: string | undefined, escaped: string) => {
      count++;
      const tex = unescapeHtml(escaped).trim();
      try {
        return katex.renderToString(tex, {
          displayMode: display !== undefined,
          throwOnError: true,
          strict: false,
          output: "htmlAndMathml",
        });
      } catch (error) {
        throw new Error(`The formula ${JSON.stringify(tex)} cannot be drawn: ${messageOf(error)}`);
      }
    },
  );
  return drawn.replace("<!--katex-css-->", () => (count > 0 ? `<style>${styleSheet()}</style>` : ""));
}

/** KaTeX's style sheet, with only the woff2 form of each font, as data. */
function styleSheet(): string {
  const css = readFileSync(path.join(folder, "katex.min.css"), "utf8");
  return css.replace(/src:(url\([^;}]*)/g, (_, sources: string) => {
    const font = /url\((fonts\/[^)]+\.woff2)\)/.exec(sources)![1];
    return `src:url(data:font/woff2;base64,${readFileSync(path.join(folder, font)).toString("base64")}) format("woff2")`;
  });
}

function unescapeHtml(text: string): string {
  const characters: Record<string, string> = {
    "&lt;": "<",
    "&gt;": ">",
    "&quot;": '"',
    "&#x27;": "'",
    "&#39;": "'",
    "&amp;": "&",
  };
  return text.replace(/&(?:lt|gt|quot|#x27|#39|amp);/g, (entity) => characters[entity]);
}
