/** One kernel entry: its three formulas, its parts by layer and kind, and its pairs of tokens. */
import { KERNEL_NAMES, type Formula } from "../../kernels/formula";
import type { EntryAnswer, EntryRequest, ExplorerSpec } from "../answer";
import { h, labelled, largestOf, menu, number, signed, tint } from "./dom";
import { Explorer, FORMULA_CHOICES, submitted } from "./explorer";

export class EntryExplorer extends Explorer<EntryRequest, EntryAnswer> {
  protected readonly heading = "One kernel entry, taken apart";
  #sides: HTMLTextAreaElement[][] = [];
  #formula: Formula = "sgd";
  readonly #said = h("p", { class: "note", "aria-live": "polite" });

  protected form(spec: ExplorerSpec): HTMLElement {
    const { train } = spec.draw;
    this.#formula = spec.formula;
    const short = (text: string): string => (text.length > 60 ? `${text.slice(0, 58)} …` : text);
    const { labelWords } = spec.task;
    const side = (name: string, first: number): HTMLElement => {
      const areas = train[first].texts.map((text, i) =>
        h("textarea", { rows: 2, "aria-label": `${name}, text ${i + 1}` }, text),
      );
      this.#sides.push(areas);
      const choose = menu(
        train.map(({ texts, label }, i) => [String(i), `${labelWords[label]}: ${short(texts[0])}`] as const),
        String(first),
        (place) => {
          areas.forEach((area, i) => (area.value = train[Number(place)].texts[i]));
          void this.update();
        },
      );
      return h("div", {}, labelled(`${name}: a training sentence, or your own`, choose), ...areas);
    };
    this.#sides = [];
    return h(
      "form",
      { onsubmit: submitted(() => this.update()) },
      h("div", { class: "columns wide" }, side("Sentence x", 0), side("Sentence x′", Math.min(1, train.length - 1))),
      h("button", { class: "main" }, "Take apart"),
    );
  }

  protected request(): EntryRequest {
    const [left, right] = this.#sides.map((areas) => areas.map(({ value }) => value));
    return { kind: "entry", left, right };
  }

  protected show(answer: EntryAnswer): string {
    const { values } = answer;
    const parts = h("div");
    const draw = (formula: Formula): void => {
      this.#formula = formula;
      parts.replaceChildren(partTable(answer, formula));
    };
    draw(this.#formula);
    this.result.replaceChildren(
      h(
        "table",
        { class: "plain" },
        h("caption", {}, "K(x, x′) for the three formulas; A-SignGD takes the sign of x"),
        h("thead", {}, h("tr", {}, ...FORMULA_CHOICES.map(([, name]) => h("th", { scope: "col" }, name)))),
        h("tbody", {}, h("tr", {}, ...FORMULA_CHOICES.map(([formula]) => h("td", {}, number(values[formula]!))))),
      ),
      h(
        "div",
        { class: "stack" },
        h("h4", {}, "Where in the model it comes from"),
        h("div", { class: "line" }, labelled("Kernel", menu(FORMULA_CHOICES, this.#formula, draw))),
        parts,
      ),
      this.#tokens(answer),
    );
    return `K(x, x′) is ${FORMULA_CHOICES.map(([formula, name]) => `${number(values[formula]!)} for ${name.replace(/^K \((.*)\)$/, "$1")}`).join(", ")}.`;
  }

  #tokens({ tokens: { left, right, values, rest }, values: entries }: EntryAnswer): HTMLElement {
    const isMask = (token: string): boolean => /mask/i.test(token);
    const largest = largestOf(
      values.filter((_, k) => !isMask(left[Math.floor(k / right.length)]) || !isMask(right[k % right.length])),
    );
    const sum = values.reduce((a, b) => a + b, 0);
    const say = (i: number, j: number): void => {
      this.#said.textContent = `${left[i]} × ${right[j]}: ${signed(values[i * right.length + j])}`;
    };
    this.#said.textContent = "Point at a cell, or move to it with the arrow keys, to read it.";
    const head = (token: string): string | undefined => (isMask(token) ? "mask" : undefined);
    const rows = left.map((token, i) =>
      h(
        "tr",
        {},
        h("th", { scope: "row", class: head(token) }, token),
        ...right.map((other, j) =>
          h("td", {
            "--color": tint(values[i * right.length + j], largest),
            tabindex: i + j === 0 ? 0 : -1,
            "aria-label": `${token} × ${other}: ${signed(values[i * right.length + j])}`,
            onfocus: () => say(i, j),
            onmouseenter: () => say(i, j),
          }),
        ),
      ),
    );
    return h(
      "div",
      { class: "stack" },
      h("h4", {}, `Which pairs of tokens, ${KERNEL_NAMES.sgd}`),
      h(
        "p",
        { class: "note" },
        `Weights and embeddings give ${signed(sum)} as a sum over pairs of tokens, Σ (x·x′)(δ·δ′); biases and norms give the other ${signed(rest)} of ${signed(entries.sgd!)}. What the last layer and the head compute at the mask alone counts for the pair of masks. Orange adds, blue takes away; that pair may be beyond the scale.`,
      ),
      h(
        "div",
        { class: "scroll", role: "region", "aria-label": "pairs of tokens" },
        h(
          "table",
          { class: "heat tokens", onkeydown: moved },
          h(
            "thead",
            {},
            h(
              "tr",
              {},
              h("td"),
              ...right.map((token) => h("th", { scope: "col", class: head(token) }, h("span", {}, token))),
            ),
          ),
          h("tbody", {}, ...rows),
        ),
      ),
      this.#said,
    );
  }
}

/** Arrow keys go from cell to cell. */
function moved(event: Event): void {
  const step = (
    { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] } as Record<string, number[]>
  )[(event as KeyboardEvent).key];
  const cell = event.target as HTMLTableCellElement;
  if (!step || cell.tagName !== "TD") return;
  const body = cell.closest("tbody")!;
  const row = body.rows[(cell.parentElement as HTMLTableRowElement).sectionRowIndex + step[0]];
  const next = row?.cells[cell.cellIndex + step[1]];
  if (next?.tagName !== "TD") return;
  event.preventDefault();
  cell.tabIndex = -1;
  next.tabIndex = 0;
  next.focus();
}

/** Layers down, kinds of parameters across; the margins are sums. */
function partTable({ parts, values }: EntryAnswer, formula: Formula): HTMLElement {
  const of = (names: string[]): string[] => [...new Set(names)];
  const rank = (layer: string): number =>
    layer === "embeddings" ? -1 : layer === "head" ? Infinity : Number(layer.split(" ")[1]);
  const layers = of(parts.map(({ layer }) => layer)).sort((a, b) => rank(a) - rank(b));
  const kinds = of(parts.map(({ kind }) => kind)).reverse();
  const total = (layer?: string, kind?: string): number | undefined => {
    const own = parts.filter(
      (part) => (layer === undefined || part.layer === layer) && (kind === undefined || part.kind === kind),
    );
    return own.length === 0 ? undefined : own.reduce((sum, part) => sum + (part.values[formula] ?? 0), 0);
  };
  const largest = largestOf(parts.map((part) => part.values[formula] ?? 0));
  const cell = (value: number | undefined): HTMLElement =>
    value === undefined ? h("td") : h("td", { "--color": tint(value, largest) }, h("span", {}, number(value)));
  const sum = (value: number | undefined): HTMLElement =>
    h("td", {}, h("strong", {}, value === undefined ? "" : number(value)));
  return h(
    "div",
    { class: "scroll", role: "region", tabindex: 0, "aria-label": "shares by layer and kind of parameter" },
    h(
      "table",
      { class: "heat" },
      h("caption", {}, `All parts add up to ${number(values[formula]!)}`),
      h(
        "thead",
        {},
        h("tr", {}, h("td"), ...kinds.map((kind) => h("th", { scope: "col" }, kind)), h("th", { scope: "col" }, "sum")),
      ),
      h(
        "tbody",
        {},
        ...layers.map((layer) =>
          h(
            "tr",
            {},
            h("th", { scope: "row" }, layer),
            ...kinds.map((kind) => cell(total(layer, kind))),
            sum(total(layer)),
          ),
        ),
        h(
          "tr",
          {},
          h("th", { scope: "row" }, "sum"),
          ...kinds.map((kind) => sum(total(undefined, kind))),
          sum(total()),
        ),
      ),
    ),
  );
}
