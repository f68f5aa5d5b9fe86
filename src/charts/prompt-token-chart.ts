import type { Tokenizer } from "../model/tokenizer";
import type { PromptToken } from "../tasks/prompt";
import { type ChartSpec, figure, PALETTE, series, SOLID_LEGEND, tooltip } from "./figure";
import { layer } from "./marks";

export interface PromptTokenOptions {
  title?: string;
  /** Tokens in a line of the figure. Default 10. */
  perLine?: number;
}

const CELL = { width: 78, height: 34 };
const COLORS = {
  "special token": PALETTE.grey,
  template: PALETTE.blue,
  mask: PALETTE.vermilion,
  "first text": PALETTE.green,
  "second text": PALETTE.purple,
} as const;

/**
 * A prompt token by token as `promptTokens` gives it: the token as the vocabulary writes it (␣ for the space before a
 * word), its id beneath, its colour by where it comes from. Dashed cells are cut off: the model does not see them.
 * The tooltip has the position.
 */
export function promptTokenChart(
  tokens: readonly PromptToken[],
  tokenizer: Pick<Tokenizer, "idToToken" | "maskId">,
  options: PromptTokenOptions = {},
): ChartSpec {
  const { title = "A prompt, token by token", perLine = 10 } = options;
  let kept = 0;
  const cells = tokens.map(({ id, from, text, cutBy }, i) => ({
    token: (tokenizer.idToToken(id) ?? `#${id}`).replaceAll("Ġ", "␣"),
    id,
    origin: originOf(from, text, id === tokenizer.maskId),
    seen: cutBy === undefined ? "yes" : `no: cut off by the ${cutBy}`,
    cut: cutBy !== undefined,
    position: cutBy === undefined ? String(kept++) : "none",
    line: Math.floor(i / perLine),
    column: i % perLine,
  }));
  const origins = Object.entries(COLORS).filter(([origin]) => cells.some((cell) => cell.origin === origin));
  const lines = Math.ceil(cells.length / perLine);
  const columns = Math.min(perLine, cells.length);
  // Cells are one unit wide and high, and stand at their middle.
  const place = (field: string, domain: readonly number[]) => ({
    field,
    type: "quantitative",
    axis: null,
    scale: { domain, nice: false, zero: false },
  });
  const encoding = {
    x: place("column", [-0.5, columns - 0.5]),
    y: place("line", [lines - 0.5, -0.5]),
    tooltip: tooltip({
      token: "token",
      id: "id",
      origin: "comes from",
      position: "position",
      seen: "seen by the model",
    }),
  };
  const color = series(
    "origin",
    origins.map(([origin]) => origin),
    {
      title: "comes from",
      range: origins.map(([, own]) => own),
      legend: { ...SOLID_LEGEND, orient: "bottom", symbolType: "square" },
    },
  );
  const box = { type: "rect", width: CELL.width - 4, height: CELL.height - 4, cornerRadius: 3 };
  const [seen, cut] = ["!datum.cut", "datum.cut"].map((filter) => ({ transform: [{ filter }] }));
  return figure({
    title,
    reading: cells.map(({ token, cut: isCut }) => (isCut ? `(${token})` : token)).join(" "),
    data: { values: cells },
    width: columns * CELL.width,
    height: lines * CELL.height,
    layer: [
      layer(undefined, box, { ...encoding, color }, seen),
      layer(undefined, { ...box, filled: false, strokeDash: [4, 3], strokeWidth: 1.5 }, { ...encoding, color }, cut),
      ...[
        { shown: seen, look: { value: "white" } },
        { shown: cut, look: color },
      ].flatMap(({ shown, look }) => [
        layer(
          undefined,
          { type: "text", fontSize: 12, dy: -5, limit: CELL.width - 8 },
          { ...encoding, text: { field: "token" }, color: look },
          shown,
        ),
        layer(
          undefined,
          { type: "text", fontSize: 10, dy: 9 },
          { ...encoding, text: { field: "id" }, color: look },
          shown,
        ),
      ]),
    ],
    view: { stroke: null },
  });
}

function originOf(from: PromptToken["from"], text: number | undefined, isMask: boolean): keyof typeof COLORS {
  if (isMask) return "mask";
  if (from === "special") return "special token";
  if (from === "template") return "template";
  return text === 0 ? "first text" : "second text";
}
