/** What all explorers share: a question is asked, its progress, its error or its answer shown in place. */
import { SERIES_COLORS } from "../../charts/figure";
import { KERNEL_NAMES, type Formula } from "../../kernels/formula";
import type { About, Answer, Ask, ExplorerSpec, Progress, Request } from "../answer";
import { h, number } from "./dom";
import { styleSheet } from "./style";

/** Formulas that a reader can choose between. */
export const FORMULA_CHOICES = (["sgd", "signgd", "asymmetric_signgd"] as const).map((formula): [Formula, string] => [
  formula,
  KERNEL_NAMES[formula],
]);

/** The colour of a class everywhere. */
export const classColor = (label: number): string => SERIES_COLORS[label % SERIES_COLORS.length];

/** A class's name with its colour. */
export const className = (words: readonly string[], label: number): HTMLElement =>
  h("span", { class: "dot", "--color": classColor(label) }, words[label]);

/** A custom element that needs its {@link Explorer.spec} and {@link Explorer.ask}, in any order, to begin. */
export abstract class Explorer<R extends Request = Request, A extends Answer = Answer> extends HTMLElement {
  #spec?: ExplorerSpec;
  #ask?: Ask;
  #built = false;
  #stop?: AbortController;
  #since?: { what: string; done: number; at: number };
  readonly #progress = h("progress", { max: 1, value: 0 });
  readonly #doing = h("span");
  readonly #bar = h("div", { class: "progress", hidden: true }, this.#progress, this.#doing);
  readonly #error = h("p", { class: "error", role: "alert", hidden: true });
  readonly #summary = h("p", { role: "status" });
  readonly #about = h("footer");
  protected readonly result = h("div", { class: "result" });

  /** The heading. */
  protected abstract readonly heading: string;
  /** The form above the result. */
  protected abstract form(spec: ExplorerSpec): HTMLElement;
  /** The question that the form asks now. */
  protected abstract request(spec: ExplorerSpec): R;
  /** Draws an answer and says it in one sentence, which a screen reader reads out. */
  protected abstract show(answer: A, spec: ExplorerSpec): string;
  /** Told of progress besides the bar. */
  protected onStep(_progress: Progress): void {}
  /** Whether to ask as soon as the element is seen. */
  protected readonly atOnce: boolean = true;

  /** An object, or its JSON. */
  set spec(spec: ExplorerSpec | string) {
    this.#spec = typeof spec === "string" ? (JSON.parse(spec) as ExplorerSpec) : spec;
    this.#begin();
  }

  get spec(): ExplorerSpec | undefined {
    return this.#spec;
  }

  set ask(ask: Ask) {
    this.#ask = ask;
    this.#begin();
  }

  connectedCallback(): void {
    if (!this.#spec && this.hasAttribute("spec")) this.spec = this.getAttribute("spec")!;
    this.#begin();
  }

  disconnectedCallback(): void {
    this.stop();
  }

  #begin(): void {
    if (this.#built || !this.#spec || !this.#ask || !this.isConnected) return;
    this.#built = true;
    const root = this.attachShadow({ mode: "open" });
    root.adoptedStyleSheets = [styleSheet()];
    root.append(
      h(
        "section",
        { "aria-label": this.heading },
        h("h3", {}, this.heading),
        this.form(this.#spec),
        this.#bar,
        this.#error,
        this.#summary,
        this.result,
        this.#about,
      ),
    );
    if (!this.atOnce) return;
    const seen = new IntersectionObserver((entries) => {
      if (!entries.some(({ isIntersecting }) => isIntersecting)) return;
      seen.disconnect();
      void this.update();
    });
    seen.observe(this);
  }

  /** Stops what is being computed. */
  protected stop(): void {
    this.#stop?.abort();
    this.#stop = undefined;
  }

  protected get running(): boolean {
    return this.#stop !== undefined;
  }

  /** Asks what the form says, and shows the answer; a question that is still being answered is stopped. */
  protected async update(): Promise<void> {
    const [spec, ask] = [this.#spec, this.#ask];
    if (!spec || !ask) return;
    this.stop();
    const stop = (this.#stop = new AbortController());
    this.#error.hidden = true;
    this.result.setAttribute("aria-busy", "true");
    this.#since = undefined;
    this.#step({ done: 0, total: 1, what: "loading the model" });
    // Quick answers come without a bar that would only flicker.
    const later = setTimeout(() => (this.#bar.hidden = false), 150);
    try {
      const answer = (await ask(
        this.request(spec),
        (progress) => {
          if (this.#stop !== stop) return;
          this.#step(progress);
          if (progress.sentence) {
            // What is shown is of this question already.
            this.#summary.textContent = this.#about.textContent = "";
            this.result.removeAttribute("aria-busy");
          }
          this.onStep(progress);
        },
        stop.signal,
      )) as A;
      if (this.#stop !== stop) return;
      this.#summary.textContent = this.show(answer, spec);
      this.#about.textContent = aboutText(answer.about);
    } catch (error) {
      if (this.#stop !== stop) return;
      this.#error.textContent = error instanceof Error ? error.message : String(error);
      this.#error.hidden = false;
      this.#summary.textContent = "";
    } finally {
      clearTimeout(later);
      if (this.#stop === stop || !this.#stop) {
        this.#stop = undefined;
        this.#bar.hidden = true;
        this.result.removeAttribute("aria-busy");
      }
    }
  }

  #step({ done, total, what }: Progress): void {
    this.#progress.value = done / total;
    this.#progress.setAttribute("aria-label", what);
    const now = performance.now();
    if (this.#since?.what !== what) this.#since = { what, done, at: now };
    const [passed, progress] = [now - this.#since.at, done - this.#since.done];
    // After a second the rate is known well enough.
    const left = passed > 1000 && progress > 0 ? Math.ceil(((total - done) / progress) * (passed / 1000)) : 0;
    this.#doing.textContent = left > 0 ? `${what}: about ${left} s left` : what;
  }
}

/** What computed, how long, and how far it is from the notebook's own numbers. */
function aboutText({ backend, took, disagreement, isFromNotebook }: About): string {
  const time = took < 1000 ? `${Math.round(took)} ms` : `${(took / 1000).toFixed(1)} s`;
  const distance =
    disagreement === undefined
      ? ""
      : ` Kernel entries computed here differ from the notebook's by at most ${number(disagreement)} of the largest.`;
  const source = isFromNotebook
    ? " The kernel entries of this test sentence are the notebook's own; those of your sentences are computed here."
    : "";
  return `Computed here by the backend ${backend} in ${time}.${source}${distance}`;
}

/** Runs `work` when a form is sent, without leaving the page. */
export const submitted =
  (work: () => unknown) =>
  (event: Event): void => {
    event.preventDefault();
    void work();
  };
