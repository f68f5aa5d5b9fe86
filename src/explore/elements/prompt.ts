/** Another template, other label words: what becomes of the kernel of all training sentences. */
import { doubleCentered } from "../../solvers/double-centered";
import type { Formula } from "../../kernels/formula";
import type { ExplorerSpec, PromptAnswer, PromptMeasures, PromptRequest } from "../answer";
import { h, labelled, largestOf, menu, number, percent, s, signed, tint } from "./dom";
import { classColor, className, Explorer, FORMULA_CHOICES, submitted } from "./explorer";

export class PromptExplorer extends Explorer<PromptRequest, PromptAnswer> {
  protected readonly heading = "Change the prompt";
  readonly #template = h("input", { type: "text", spellcheck: "false" });
  #words: HTMLInputElement[] = [];
  #formula: Formula = "sgd";

  protected form({ task, formula }: ExplorerSpec): HTMLElement {
    this.#formula = formula;
    this.#words = task.labelWords.map((_, i) =>
      h("input", { type: "text", size: 12, "aria-label": `label word of class ${i}` }),
    );
    const own = (): void => {
      this.#template.value = task.template;
      this.#words.forEach((input, i) => (input.value = task.labelWords[i]));
    };
    own();
    return h(
      "form",
      { onsubmit: submitted(() => this.update()) },
      h(
        "div",
        { class: "field wide" },
        labelled("Template: *mask* is where the label word goes, *sent_0* the sentence, _ a space", this.#template),
      ),
      ...this.#words.map((input, i) => labelled(`Label word of class ${i}`, input)),
      labelled(
        "Kernel",
        menu(FORMULA_CHOICES, formula, (value) => (this.#formula = value)),
      ),
      h("button", { class: "main" }, "Compute the kernel"),
      h("button", { type: "button", onclick: own }, "The task's own prompt"),
    );
  }

  protected request(): PromptRequest {
    return {
      kind: "prompt",
      template: this.#template.value,
      labelWords: this.#words.map(({ value }) => value.trim()),
      formula: this.#formula,
    };
  }

  protected show({ now, before, shown, labels, tests }: PromptAnswer): string {
    const row = (
      name: string,
      of: (measures: PromptMeasures) => number,
      format: (value: number) => string,
    ): HTMLElement => {
      const [from, to] = [of(before), of(now)];
      return h("tr", {}, h("th", { scope: "row" }, name), h("td", {}, format(from)), h("td", {}, format(to)));
    };
    this.result.replaceChildren(
      h("p", { class: "prompt" }, shown),
      h(
        "table",
        { class: "plain" },
        h("caption", {}, `Accuracies on the ${tests} test sentences of this page`),
        h(
          "thead",
          {},
          h(
            "tr",
            {},
            h("td"),
            h("th", { scope: "col" }, "the task's own prompt"),
            h("th", { scope: "col" }, "this prompt"),
          ),
        ),
        h(
          "tbody",
          {},
          row("kernel regression", ({ kernel }) => kernel, percent),
          row("zero-shot", ({ zeroShot }) => zeroShot, percent),
          row("kernel–target alignment", ({ alignment }) => alignment, signed),
        ),
      ),
      h(
        "div",
        { class: "columns" },
        matrix("The task's own prompt", before, labels),
        matrix("This prompt", now, labels),
      ),
    );
    const change = now.kernel - before.kernel;
    const points = `${Math.abs(100 * change).toFixed(1)} points ${change < 0 ? "worse" : "better"} than`;
    return `With this prompt the kernel gets ${percent(now.kernel)} right, ${change === 0 ? "as much as" : points} with the task's own, and its alignment is ${number(now.alignment)}.`;
  }
}

/** The kernel of the training sentences without its row and column means, class by class, against its own largest entry. */
function matrix(
  title: string,
  { matrix: values, labelWords, alignment }: PromptMeasures,
  labels: readonly number[],
): HTMLElement {
  const n = labels.length;
  const order = labels.map((_, i) => i).sort((a, b) => labels[a] - labels[b] || a - b);
  const centred = doubleCentered(Float64Array.from(values), n, n);
  // The diagonal is far above all others and would leave them pale.
  const largest = largestOf([...centred].filter((_, k) => k % (n + 1) !== 0));
  const cells = order.flatMap((i, y) =>
    order.map((j, x) =>
      s("rect", { x, y, width: 1.02, height: 1.02, "--c": tint(centred[i * n + j], largest), fill: "var(--c)" }),
    ),
  );
  const ends = labels.reduce<number[]>((counts, label) => ((counts[label] = (counts[label] ?? 0) + 1), counts), []);
  let start = 0;
  const sides = ends.flatMap((count, label) => {
    const at = start;
    start += count;
    const side = { fill: classColor(label) };
    return [
      s("rect", { x: at, y: -1.4, width: count - 0.2, height: 0.8, ...side }),
      s("rect", { x: -1.4, y: at, width: 0.8, height: count - 0.2, ...side }),
    ];
  });
  return h(
    "figure",
    {},
    h("h4", {}, title),
    s(
      "svg",
      {
        viewBox: `-1.6 -1.6 ${n + 1.8} ${n + 1.8}`,
        role: "img",
        "aria-label": `kernel of ${n} training sentences, classes side by side; alignment ${number(alignment)}`,
      },
      ...cells,
      ...sides,
    ),
    h(
      "figcaption",
      { class: "note" },
      "Row and column means are taken out. Orange: alike, blue: unlike. ",
      ...labelWords.flatMap((_, label) => [className(labelWords, label), " "]),
    ),
  );
}
