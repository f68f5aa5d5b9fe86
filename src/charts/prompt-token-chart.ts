import type { Tokenizer } from "../model/tokenizer";
import type { PromptToken } from "../tasks/prompt";
import { type ChartSpec, PALETTE, SOLID_LEGEND, titleLines, VEGA_LITE_SCHEMA } from "./spec";

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
type Origin = keyof typeof COLORS;

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
  const shown = (Object.keys(COLORS) as Origin[]).filter((origin) => cells.some((cell) => cell.origin === origin));
  const lines = Math.ceil(cells.length / perLine);
  const columns = Math.min(perLine, cells.length);
  // Cells are one unit wide and high, and stand at their middle.
  const x = {
    field: "column",
    type: "quantitative",
    axis: null,
    scale: { domain: [-0.5, columns - 0.5], nice: false, zero: false },
  };
  const y = {
    field: "line",
    type: "quantitative",
    axis: null,
    scale: { domain: [lines - 0.5, -0.5], nice: false, zero: false },
  };
  const color = {
    field: "origin",
    type: "nominal",
    title: "comes from",
    scale: { domain: shown, range: shown.map((origin) => COLORS[origin]) },
    legend: { ...SOLID_LEGEND, orient: "bottom", symbolType: "square" },
  };
  const tooltip = [
    { field: "token", title: "token" },
    { field: "id", title: "id" },
    { field: "origin", title: "comes from" },
    { field: "position", title: "position" },
    { field: "seen", title: "seen by the model" },
  ];
  const encoding = { x, y, tooltip };
  const box = { type: "rect", width: CELL.width - 4, height: CELL.height - 4, cornerRadius: 3 };
  const label = { type: "text", fontSize: 12, dy: -5, limit: CELL.width - 8 };
  const number = { type: "text", fontSize: 10, dy: 9 };
  const words = (mark: object, field: string, colored: object) => ({
    mark,
    encoding: { ...encoding, text: { field }, ...colored },
  });
  const [seen, cut] = [[{ filter: "!datum.cut" }], [{ filter: "datum.cut" }]];
  const white = { color: { value: "white" } };
  return {
    $schema: VEGA_LITE_SCHEMA,
    description: `${title}: ${cells.map(({ token, cut: isCut }) => (isCut ? `(${token})` : token)).join(" ")}`,
    title: { text: titleLines(title, 90), anchor: "start" },
    data: { values: cells },
    width: columns * CELL.width,
    height: lines * CELL.height,
    layer: [
      { transform: seen, mark: box, encoding: { ...encoding, color } },
      {
        transform: cut,
        mark: { ...box, filled: false, strokeDash: [4, 3], strokeWidth: 1.5 },
        encoding: { ...encoding, color },
      },
      ...[
        { transform: seen, colored: white },
        { transform: cut, colored: { color } },
      ].flatMap(({ transform, colored }) => [
        { transform, ...words(label, "token", colored) },
        { transform, ...words(number, "id", colored) },
      ]),
    ],
    view: { stroke: null },
  };
}

function originOf(from: PromptToken["from"], text: number | undefined, isMask: boolean): Origin {
  if (isMask) return "mask";
  if (from === "special") return "special token";
  if (from === "template") return "template";
  return text === 0 ? "first text" : "second text";
}
