/** An explorer from a notebook cell: a table here, live in a report made with `--live`. */
import { InputError } from "../errors";
import { evenly } from "../experiment/inputs";
import type { LanguageModel } from "../experiment/language-model";
import { answer, explorerMimeType, type Answer, type ExplorerSpec, type Request } from "../explore/answer";
import { makeScene } from "../explore/make-scene";
import { KERNEL_NAMES, type Formula } from "../kernels/formula";
import { distinct } from "../records";
import { runningSignal } from "../running-cell";
import { defaultStore } from "../store/folder";
import type { Example, Task } from "../tasks/task";
import { displaySink, type MimeBundle } from "./display-sink";
import { escapeHtml, tableBundle } from "./show-table";

export interface ExploreOptions {
  /** What loads the model again: the notebook's parameter, a folder or an id. */
  model: string;
  lm: LanguageModel;
  /** With its prompt. */
  task: Task;
  draw: { train: Example[]; test: Example[] };
  /** Default: the SGD kernel. */
  formula?: Formula;
  /** Of kernel regression. Default 0.1. */
  regularization?: number;
  /** f0 scaling. Default: pretrained outputs do not count. */
  f0?: number;
  /** Test examples that come along, taken evenly. Default 40. */
  testExamples?: number;
}

const KINDS = ["sentence", "entry", "prompt", "training"] as const satisfies readonly Request["kind"][];

const NOTE = "In a report made with `npm run report -- NOTEBOOK --live` you can change this.";

/**
 * Shows one explorer: a "sentence" and who decided its prediction, a kernel "entry" taken apart, the "prompt" and what it
 * does to the kernel, or "training" beside its kernel. The notebook has a table of its first answer.
 *
 * @throws for an unknown kind, and as its answer does
 */
export async function explore(kind: Request["kind"], options: ExploreOptions): Promise<void> {
  if (!KINDS.includes(kind))
    throw new InputError(`there is no explorer ${JSON.stringify(kind)}; there are ${KINDS.join(", ")}`);
  const { model, lm, task, draw, formula = "sgd", regularization = 0.1, f0, testExamples = 40 } = options;
  const test = evenly(draw.test, testExamples);
  const scaling = f0 === undefined || f0 === Infinity ? {} : { f0 };
  const spec: ExplorerSpec = {
    kind,
    model,
    modelHash: lm.model.hash,
    task,
    draw: { train: draw.train, test },
    formula,
    regularization,
    ...scaling,
  };
  const signal = runningSignal();
  const scene = await makeScene(spec, lm, { formulas: [formula], store: defaultStore(), signal });
  try {
    const first = await answer(scene, firstRequest(spec), undefined, signal);
    displaySink().show(explorerBundle(spec, first));
  } finally {
    scene.dispose();
  }
}

/** What an element asks first. */
function firstRequest({ kind, draw: { train, test }, formula }: ExplorerSpec): Request {
  switch (kind) {
    case "sentence":
      return { kind, texts: test[0].texts, formula };
    case "entry":
      return { kind, left: train[0].texts, right: train[Math.min(1, train.length - 1)].texts };
    case "prompt":
      return { kind, formula };
    case "training":
      return { kind, optimizer: "sgd", learningRate: 0.002, steps: 4, batchSize: Math.min(8, train.length), seed: 1 };
  }
}

/** The specification, and the answer as a table for pages that draw nothing of it. */
export function explorerBundle(spec: ExplorerSpec, first: Answer): MimeBundle {
  const { caption, rows } = tableOf(spec, first);
  const table = tableBundle(rows, { caption, digits: 3 });
  return {
    [explorerMimeType]: spec,
    "text/html": `${table["text/html"] as string}\n<p>${escapeHtml(NOTE).replace(/`([^`]*)`/g, "<code>$1</code>")}</p>`,
    "text/plain": `${table["text/plain"] as string}\n${NOTE}`,
  };
}

/** Rows of a table of terms. */
const MOST = 8;

function tableOf({ task: { labelWords } }: ExplorerSpec, first: Answer): { caption: string; rows: object[] } {
  switch (first.kind) {
    case "sentence": {
      const { prompt, zeroShot, kernel, train, classes } = first;
      const c = kernel.prediction.length;
      const output = c === 1 ? 0 : best(kernel.scores);
      const rows = train
        .map(({ texts, label }, i) => ({
          "training sentence": texts.join(" / "),
          label: classes[label],
          "α K(x_i, x)": kernel.terms[i * c + output],
        }))
        .sort((a, b) => Math.abs(b["α K(x_i, x)"]) - Math.abs(a["α K(x_i, x)"]));
      const pretrained = kernel.pretrained[output];
      const rest = pretrained === 0 ? "" : `, with the pretrained f(x)/f0 = ${pretrained.toPrecision(3)},`;
      const all = `the largest of its ${rows.length} terms, which add up${rest} to ${kernel.prediction[output].toPrecision(3)}`;
      return {
        caption: `“${prompt}”: zero-shot says ${classes[best(zeroShot)]}, the kernel ${classes[best(kernel.scores)]}; ${all}`,
        rows: rows.slice(0, MOST),
      };
    }
    case "entry": {
      const layers = distinct(first.parts.map(({ layer }) => layer)).reverse();
      const formulas = Object.keys(first.values) as Formula[];
      const row = (name: string, of: (formula: Formula) => number | undefined): object => ({
        from: name,
        ...Object.fromEntries(formulas.map((formula) => [KERNEL_NAMES[formula], of(formula)])),
      });
      const sum = (layer: string, formula: Formula): number =>
        first.parts.reduce((total, part) => total + (part.layer === layer ? (part.values[formula] ?? 0) : 0), 0);
      return {
        caption: `K(x, x′) of “${tokensText(first.tokens.left)}” and “${tokensText(first.tokens.right)}”, by layer`,
        rows: [
          ...layers.map((layer) => row(layer, (formula) => sum(layer, formula))),
          row("the whole entry", (formula) => first.values[formula]),
        ],
      };
    }
    case "prompt": {
      const { now, shown, tests } = first;
      return {
        caption: `“${shown}”: its kernel on ${tests} test sentences`,
        rows: [
          { measure: "kernel regression, accuracy", value: now.kernel },
          { measure: "zero-shot, accuracy", value: now.zeroShot },
          { measure: "kernel–target alignment", value: now.alignment },
        ],
      };
    }
    case "training": {
      const [{ texts }] = first.followed;
      const output = labelWords.length === 2 ? "margin" : `logit of ${labelWords[0]}`;
      return {
        caption: `The ${output} of “${texts.join(" / ")}” in the first steps of SGD`,
        rows: first.points.map(({ step, loss, trained, linear, kernel }) => ({
          step,
          loss,
          trained: trained[0],
          linearized: linear[0],
          "by its kernel": kernel[0],
        })),
      };
    }
  }
}

const best = (scores: readonly number[]): number => scores.indexOf(Math.max(...scores));

/** A few tokens of a sentence. */
const tokensText = (tokens: readonly string[]): string => `${tokens.slice(1, 9).join(" ")} …`;
