/** One sentence, its answers side by side, and the training sentences that decided. */
import type { Formula } from "../../kernels/formula";
import type { ExplorerSpec, Progress, SentenceAnswer, SentenceRequest, SentenceStart, SolvedSentence } from "../answer";
import { h, labelled, largestOf, menu, percent, signed } from "./dom";
import { classColor, className, Explorer, FORMULA_CHOICES, submitted } from "./explorer";

/** Training sentences shown at first. */
const FIRST = 8;

export class SentenceExplorer extends Explorer<SentenceRequest, SentenceAnswer> {
  protected readonly heading = "One sentence, and who decided";
  #texts: HTMLTextAreaElement[] = [];
  #formula: Formula = "sgd";
  #changes = new Map<number, number | "out">();
  #all = false;

  protected form(spec: ExplorerSpec): HTMLElement {
    const { test } = spec.draw;
    this.#formula = spec.formula;
    this.#texts = test[0].texts.map(() => h("textarea", { rows: 2 }));
    const take = (place: number): void => this.#texts.forEach((area, i) => (area.value = test[place].texts[i]));
    take(0);
    const choose = menu(
      test.map(({ texts }, i) => [String(i), texts[0].length > 70 ? `${texts[0].slice(0, 68)} …` : texts[0]] as const),
      "0",
      (place) => {
        take(Number(place));
        void this.update();
      },
    );
    const formula = menu(FORMULA_CHOICES, this.#formula, (value) => {
      this.#formula = value;
      void this.update();
    });
    return h(
      "form",
      { onsubmit: submitted(() => this.update()) },
      h("div", { class: "field wide" }, labelled("A test sentence", choose)),
      ...this.#texts.map((area, i) =>
        h("div", { class: "field wide" }, labelled(this.#texts.length > 1 ? `Text ${i + 1}` : "Or your own", area)),
      ),
      labelled("Kernel", formula),
      h("button", { class: "main" }, "Ask"),
    );
  }

  protected request(): SentenceRequest {
    return {
      kind: "sentence",
      texts: this.#texts.map(({ value }) => value),
      formula: this.#formula,
      changes: [...this.#changes].map(([example, label]) => ({ example, label })),
    };
  }

  protected override onStep({ sentence }: Progress): void {
    if (sentence) this.#draw(sentence);
  }

  protected show(answer: SentenceAnswer): string {
    this.#draw(answer, answer);
    const { classes, zeroShot, tuned, kernel, changed } = answer;
    const says = (scores: readonly number[]): string => classes[winner(scores)];
    return `Zero-shot says ${says(zeroShot)}, the kernel ${says(kernel.scores)}${tuned ? `, the fine-tuned model ${says(tuned.probabilities)}` : ""}.${
      changed ? ` With your changes the kernel says ${says(changed.scores)}.` : ""
    }`;
  }

  /** Shows what is known; without `answer` the kernel is still to come. */
  #draw({ prompt, fill, classes, zeroShot, tuned }: SentenceStart, answer?: SentenceAnswer): void {
    const { kernel, changed } = answer ?? {};
    const likeliest = Math.max(...fill.map(({ probability }) => probability));
    const words = fill.map(({ word, probability, isLabelWord }) => {
      const color = isLabelWord ? classColor(classes.indexOf(word)) : "var(--quiet)";
      return h(
        "li",
        { class: isLabelWord ? "word chosen" : "word" },
        h("span", {}, word),
        h(
          "span",
          { class: "track" },
          h("i", { "--from": "0%", "--width": `${(100 * probability) / likeliest}%`, "--color": color }),
        ),
        h("span", { class: "value" }, percent(probability)),
      );
    });
    const regression = changed ?? kernel;
    const answers = [
      this.#answer("Zero-shot", zeroShot, classes, "probabilities of the label words, before any training"),
      regression
        ? this.#answer(
            changed ? "Kernel, changed" : "Kernel",
            regression.scores,
            classes,
            "kernel regression on the training sentences; targets are ±1",
          )
        : h("li", { class: "answer" }, h("strong", {}, "Kernel"), h("span", { class: "note" }, "being computed …")),
      ...(kernel && changed
        ? [
            this.#answer(
              "Kernel, as it was",
              kernel.scores,
              classes,
              "with all training sentences and their own labels",
            ),
          ]
        : []),
      ...(tuned ? [this.#answer("Fine-tuned", tuned.probabilities, classes, tuned.method)] : []),
    ];
    this.result.replaceChildren(
      h("p", { class: "prompt" }, prompt),
      h(
        "div",
        { class: "columns" },
        h("div", {}, h("h4", {}, "What the model would write at the mask"), h("ol", {}, ...words)),
        h("div", {}, h("h4", {}, "What each method answers"), h("ul", {}, ...answers)),
      ),
      ...(answer ? [this.#terms(answer)] : []),
    );
  }

  /** Two classes lean to one side; of more, each has its bar. */
  #answer(name: string, scores: readonly number[], classes: readonly string[], what: string): HTMLElement {
    const best = winner(scores);
    const isShare = scores.every((score) => score >= 0) && Math.abs(scores.reduce((a, b) => a + b) - 1) < 1e-6;
    const two = classes.length === 2;
    const figure = isShare ? percent(scores[best]) : signed(scores[two ? 1 : best]);
    const lean = Math.max(-1, Math.min(1, isShare ? scores[1] - scores[0] : scores[1]));
    const largest = largestOf(scores);
    const bars = two
      ? [bar(lean, classColor(best))]
      : scores.map((score, label) =>
          h(
            "span",
            { class: "word" },
            className(classes, label),
            bar(score / largest, classColor(label)),
            h("span", { class: "value" }, isShare ? percent(score) : signed(score)),
          ),
        );
    return h(
      "li",
      { class: "answer" },
      h("strong", {}, name),
      h("span", {}, className(classes, best), ` ${figure}`),
      h("span", { class: "whole" }, ...bars, h("span", { class: "note" }, what)),
    );
  }

  #terms(answer: SentenceAnswer): HTMLElement {
    const { kernel, changed, train, classes } = answer;
    const now = changed ?? kernel;
    const c = now.prediction.length;
    const output = c === 1 ? 0 : winner(now.scores);
    const term = (solved: SolvedSentence, i: number): number => solved.terms[i * c + output];
    const largest = largestOf(train.flatMap((_, i) => [term(kernel, i), term(now, i)]));
    const order = train.map((_, i) => i).sort((a, b) => Math.abs(term(kernel, b)) - Math.abs(term(kernel, a)));
    const rows = order
      .slice(0, this.#all ? order.length : FIRST)
      .map((i) => this.#term(answer, i, term(now, i), changed && term(kernel, i), largest));
    const sum = train.reduce((total, _, i) => total + term(now, i), 0);
    const pretrained = now.pretrained[output];
    const favours = c === 1 ? `above 0 favours ${classes[1]}` : `the score of ${classes[output]}`;
    return h(
      "div",
      { class: "stack" },
      h("h4", {}, "Which training sentences decided"),
      h(
        "p",
        { class: "note" },
        `Each adds αᵢ K(xᵢ, x). All ${train.length} add up to ${signed(sum)}${pretrained === 0 ? "" : `, with ${signed(pretrained)} of the pretrained answer to ${signed(now.prediction[output])}`}, the kernel's prediction (${favours}).`,
      ),
      c === 1 &&
        h(
          "div",
          { class: "ends", "aria-hidden": "true" },
          h("span", {}, `← ${classes[0]}`),
          h("span", {}, `${classes[1]} →`),
        ),
      h("ol", {}, ...rows),
      h(
        "div",
        { class: "line" },
        order.length > FIRST &&
          h(
            "button",
            { type: "button", onclick: () => void this.#again(() => (this.#all = !this.#all)) },
            this.#all ? `Show the first ${FIRST}` : `Show all ${order.length}`,
          ),
        this.#changes.size > 0 &&
          h(
            "button",
            { type: "button", onclick: () => void this.#again(() => this.#changes.clear()) },
            "Undo all changes",
          ),
      ),
    );
  }

  #term(
    { train, classes }: SentenceAnswer,
    i: number,
    value: number,
    before: number | undefined,
    largest: number,
  ): HTMLElement {
    const { texts, label: own, kernel } = train[i];
    const change = this.#changes.get(i);
    const label = typeof change === "number" ? change : own;
    const next = (label + 1) % classes.length;
    const text = texts.join(" / ");
    const set = (to: number | "out"): void =>
      void this.#again(() => (to === own || to === change ? this.#changes.delete(i) : this.#changes.set(i, to)));
    return h(
      "li",
      { class: change === "out" ? "term out" : "term" },
      h("span", { class: "text" }, className(classes, label), `: ${text}`),
      bar(value / largest, classColor(label), before === undefined ? undefined : before / largest),
      h("span", { class: "value", title: `K = ${signed(kernel)}` }, change === "out" ? "out" : signed(value)),
      h(
        "span",
        { class: "acts" },
        h(
          "button",
          {
            type: "button",
            "aria-pressed": String(change === "out"),
            "aria-label": `take out: ${text}`,
            onclick: () => set("out"),
          },
          "out",
        ),
        h(
          "button",
          {
            type: "button",
            "aria-label": `flip to ${classes[next]}: ${text}`,
            title: `give it the label ${classes[next]}`,
            onclick: () => set(next),
          },
          "flip",
        ),
      ),
    );
  }

  /** Changes something of the list and asks again; the button that was used keeps the focus. */
  async #again(change: () => unknown): Promise<void> {
    const label = (this.shadowRoot?.activeElement as HTMLElement | null)?.getAttribute("aria-label");
    change();
    await this.update();
    if (label) this.shadowRoot?.querySelector<HTMLElement>(`[aria-label="${CSS.escape(label)}"]`)?.focus();
  }
}

/** The first class with the largest score. */
const winner = (scores: readonly number[]): number => scores.indexOf(Math.max(...scores));

/** A bar from the middle, −1 … 1 of its side; dashed where it was before. */
function bar(share: number, color: string, before?: number): HTMLElement {
  const place = (value: number): Record<string, string> => ({
    "--from": `${50 + 50 * Math.min(0, value)}%`,
    "--width": `${50 * Math.abs(value)}%`,
  });
  return h(
    "span",
    { class: "track both", "aria-hidden": "true" },
    h("i", { ...place(share), "--color": color }),
    before !== undefined && h("i", { class: "ghost", ...place(before) }),
  );
}
