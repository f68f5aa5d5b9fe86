/** Training, its linearization and its kernel, step by step. */
import { PALETTE } from "../../charts/figure";
import type { OptimizerName } from "../../finetune/optimizer";
import type { ExplorerSpec, Progress, TrainingAnswer, TrainingPoint, TrainingRequest } from "../answer";
import { h, labelled, largestOf, menu, number, s, signed } from "./dom";
import { className, Explorer, submitted } from "./explorer";

const SERIES = [
  { of: "trained", name: "trained, fₜ", color: PALETTE.blue, dash: undefined },
  { of: "linear", name: "linearized, fₗᵢₙ", color: PALETTE.green, dash: "6 3" },
  { of: "kernel", name: "kernel", color: PALETTE.vermilion, dash: "2 3" },
] as const satisfies { of: keyof TrainingPoint; name: string; color: string; dash: string | undefined }[];

/** Rates at which the small model learns in some ten steps and its kernel still predicts it. */
const RATES: Record<OptimizerName, number> = { sgd: 0.002, signgd: 3e-5, adamw: 3e-5 };
/** Steps at first, and again after them. */
const MORE = 12;
const [WIDTH, HEIGHT] = [560, 240];

export class TrainingExplorer extends Explorer<TrainingRequest, TrainingAnswer> {
  protected readonly heading = "Training beside its kernel";
  protected override readonly atOnce = false;
  #optimizer: OptimizerName = "sgd";
  readonly #rate = h("input", { type: "text", inputmode: "decimal", size: 8 });
  readonly #batch = h("input", { type: "number", min: 1, value: 8 });
  readonly #steps = h("input", { type: "number", min: 1, max: 500, value: MORE });
  readonly #go = h("button", { class: "main" }, "Train");
  readonly #slider = h("input", {
    type: "range",
    min: 0,
    value: 0,
    oninput: () => this.#at(Number(this.#slider.value)),
  });
  readonly #step = h("span", { class: "value step" });
  readonly #chart = h("div", { class: "stack" });
  readonly #list = h("div", { class: "stack" });
  #points: TrainingPoint[] = [];
  #known?: Pick<TrainingAnswer, "followed" | "classes">;
  #chosen = 0;
  #output = 0;
  #follow = true;

  protected form(spec: ExplorerSpec): HTMLElement {
    this.#known = { followed: [], classes: [...spec.task.labelWords] };
    const isMargin = spec.task.labelWords.length === 2;
    const choose = (optimizer: OptimizerName): void => {
      this.#optimizer = optimizer;
      this.#rate.value = String(RATES[optimizer]);
      this.#batch.value = optimizer === "sgd" ? "8" : "1";
      this.#batch.disabled = optimizer !== "sgd";
      this.#reset();
    };
    choose("sgd");
    const optimizers: [OptimizerName, string][] = isMargin
      ? [
          ["sgd", "SGD"],
          ["signgd", "SignGD"],
          ["adamw", "AdamW"],
        ]
      : [["sgd", "SGD"]];
    [this.#rate, this.#batch].forEach((input) => input.addEventListener("input", () => this.#reset()));
    return h(
      "form",
      { onsubmit: submitted(() => this.#startOrPause()) },
      labelled("Optimizer", menu(optimizers, "sgd", choose)),
      labelled("Learning rate", this.#rate),
      labelled("Sentences a step", this.#batch),
      labelled("Steps", this.#steps),
      this.#go,
      h(
        "p",
        { class: "note wide" },
        "All of the model is trained. SignGD and AdamW take one sentence a step, as their kernel, K (A-SignGD), asks for.",
      ),
    );
  }

  protected request(): TrainingRequest {
    return {
      kind: "training",
      optimizer: this.#optimizer,
      learningRate: Number(this.#rate.value.replace(",", ".")),
      batchSize: Number(this.#batch.value),
      steps: Number(this.#steps.value),
      seed: 1,
    };
  }

  /** Other settings are another run. */
  #reset(): void {
    this.stop();
    this.#points = [];
    this.#go.textContent = "Train";
  }

  async #startOrPause(): Promise<void> {
    if (this.running) {
      this.stop();
      // What is there stays: the same question asked again continues.
      this.#go.textContent = "Go on";
      return;
    }
    if (this.#isDone()) this.#steps.value = String(Number(this.#steps.value) + MORE);
    this.#follow = true;
    this.#go.textContent = "Pause";
    await this.update();
    if (!this.running)
      this.#go.textContent = this.#isDone() ? `${MORE} more steps` : this.#points.length > 0 ? "Go on" : "Train";
  }

  #isDone(): boolean {
    return this.#points.length > Number(this.#steps.value);
  }

  protected override onStep({ point }: Progress): void {
    if (!point) return;
    this.#points = [...this.#points.slice(0, point.step), point];
    this.#draw();
  }

  protected show(answer: TrainingAnswer): string {
    this.#known = answer;
    this.#points = answer.points;
    this.#draw();
    const last = answer.points.at(-1)!;
    const moved = largestOf(last.trained.map((value, i) => value - answer.points[0].trained[i]));
    const away = (of: "linear" | "kernel"): string =>
      `${Math.round((100 * largestOf(last[of].map((value, i) => value - last.trained[i]))) / moved)} %`;
    return `After ${last.step} steps the outputs moved by up to ${number(moved)}. The linearization is off by at most ${away("linear")} of that, the kernel by ${away("kernel")}.`;
  }

  #draw(): void {
    if (!this.#chart.isConnected)
      this.result.replaceChildren(
        h("div", { class: "line" }, h("div", { class: "grow" }, labelled("Step", this.#slider)), this.#step),
        h("div", { class: "columns" }, this.#chart, this.#list),
      );
    const last = this.#points.length - 1;
    const behind = Number(this.#slider.max) > Number(this.#slider.value) && !this.#follow;
    this.#slider.max = String(last);
    this.#at(behind ? Number(this.#slider.value) : last);
  }

  /** Shows the state after a step. */
  #at(step: number): void {
    const last = this.#points.length - 1;
    this.#follow = step === last;
    this.#slider.value = String(step);
    const point = this.#points[Math.min(step, last)];
    if (!point) return;
    this.#slider.setAttribute("aria-valuetext", `step ${point.step}`);
    this.#step.textContent = `${point.step} of ${this.#steps.value}, loss ${number(point.loss)}`;
    this.#lines(point.step);
    this.#sentences(point);
  }

  #width(): number {
    const { classes } = this.#known!;
    return classes.length === 2 ? 1 : classes.length;
  }

  /** A sentence's value of an output in a series. */
  #value(point: TrainingPoint, of: (typeof SERIES)[number]["of"], sentence: number): number {
    return point[of][sentence * this.#width() + this.#output];
  }

  #lines(step: number): void {
    const { classes, followed } = this.#known!;
    const all = this.#points.flatMap((point) => SERIES.map(({ of }) => this.#value(point, of, this.#chosen)));
    const [low, high] = [Math.min(0, ...all), Math.max(0, ...all)];
    const steps = Math.max(Number(this.#steps.value) || 1, this.#points.length - 1);
    const x = (t: number): number => 44 + ((WIDTH - 54) * t) / steps;
    const y = (value: number): number => HEIGHT - 26 - ((HEIGHT - 40) * (value - low)) / (high - low || 1);
    const line = ({ of, color, dash }: (typeof SERIES)[number]): SVGElement =>
      s("polyline", {
        points: this.#points.map((point) => `${x(point.step)},${y(this.#value(point, of, this.#chosen))}`).join(" "),
        fill: "none",
        stroke: color,
        "stroke-width": of === "trained" ? 2.5 : 2.2,
        "stroke-dasharray": dash,
      });
    const at = this.#points[step];
    const marks = SERIES.map(({ of, color }) =>
      s("circle", { cx: x(step), cy: y(this.#value(at, of, this.#chosen)), r: 4, fill: color }),
    );
    const what = classes.length === 2 ? `margin: above 0 is ${classes[1]}` : `output of ${classes[this.#output]}`;
    const text = followed[this.#chosen]?.texts.join(" / ");
    this.#chart.replaceChildren(
      h("h4", {}, `Sentence ${this.#chosen + 1}, ${what}`),
      text !== undefined ? h("p", { class: "note" }, text) : "",
      s(
        "svg",
        {
          viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
          role: "img",
          "aria-label": `step ${step}: ${SERIES.map(({ of, name }) => `${name} ${signed(this.#value(at, of, this.#chosen))}`).join(", ")}`,
        },
        s("line", { x1: 44, x2: WIDTH - 10, y1: y(0), y2: y(0), stroke: "var(--rule)" }),
        s("line", {
          x1: x(step),
          x2: x(step),
          y1: 8,
          y2: HEIGHT - 26,
          stroke: "var(--quiet)",
          "stroke-dasharray": "3 3",
        }),
        ...[low, high]
          .filter((value) => value !== 0)
          .concat(0)
          .map((value) => s("text", { x: 38, y: y(value) + 4, "text-anchor": "end" }, number(value))),
        s("text", { x: 44, y: HEIGHT - 6 }, "0"),
        s("text", { x: WIDTH - 10, y: HEIGHT - 6, "text-anchor": "end" }, `step ${steps}`),
        ...SERIES.map(line),
        ...marks,
      ),
      h(
        "p",
        {},
        ...SERIES.map(({ name, color, dash }) =>
          h(
            "span",
            { class: "sample" },
            s(
              "svg",
              { viewBox: "0 0 16 8", "aria-hidden": "true" },
              s("line", { x1: 0, x2: 16, y1: 4, y2: 4, stroke: color, "stroke-width": 2.5, "stroke-dasharray": dash }),
            ),
            name,
          ),
        ),
      ),
    );
  }

  #sentences(point: TrainingPoint): void {
    const { followed, classes } = this.#known!;
    const count = point.trained.length / this.#width();
    const everything = this.#points.flatMap(({ trained, linear, kernel }) => [...trained, ...linear, ...kernel]);
    const largest = 1.08 * largestOf(everything);
    const x = (value: number): number => 100 + (96 * value) / largest;
    const rows = Array.from({ length: count }, (_, i) => {
      const values = SERIES.map(({ of }) => this.#value(point, of, i));
      const own = followed[i];
      return h(
        "button",
        { type: "button", class: "follow", "aria-pressed": String(i === this.#chosen), onclick: () => this.#choose(i) },
        h(
          "span",
          {},
          own ? className(classes, own.label) : "",
          own ? `: ${shortened(own.texts.join(" / "))}` : `sentence ${i + 1}`,
        ),
        s(
          "svg",
          {
            viewBox: "0 0 200 16",
            role: "img",
            "aria-label": SERIES.map(({ name }, k) => `${name} ${signed(values[k])}`).join(", "),
          },
          s("line", { x1: 100, x2: 100, y1: 0, y2: 16, stroke: "var(--quiet)" }),
          s("line", { x1: 4, x2: 196, y1: 8, y2: 8, stroke: "var(--rule)" }),
          s("circle", { cx: x(values[0]), cy: 8, r: 5, fill: SERIES[0].color }),
          s("circle", { cx: x(values[1]), cy: 8, r: 5.2, fill: "none", stroke: SERIES[1].color, "stroke-width": 2 }),
          s("path", { d: `M${x(values[2])} 0v16`, stroke: SERIES[2].color, "stroke-width": 2.5 }),
        ),
      );
    });
    this.#list.replaceChildren(
      h("h4", {}, `${count} test sentences after step ${point.step}`),
      h(
        "p",
        { class: "note" },
        `Dot: trained. Ring: linearized. Bar: kernel.${classes.length === 2 ? ` Left is ${classes[0]}, right ${classes[1]}.` : ""} Choose one to see its course.`,
      ),
      ...rows,
    );
  }

  #choose(sentence: number): void {
    this.#chosen = sentence;
    this.#at(Number(this.#slider.value));
    this.#list.querySelectorAll("button")[sentence]?.focus();
  }
}

const shortened = (text: string): string => (text.length > 80 ? `${text.slice(0, 78)} …` : text);
