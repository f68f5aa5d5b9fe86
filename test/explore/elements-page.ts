/** The script of a test page: one explorer, whose questions the test answers. */
import { defineExplorers, elementName } from "../../src/explore/elements";
import type { Answer, ExplorerSpec, OnProgress, Progress, Request, TrainingPoint } from "../../src/explore/answer";

declare const answerInNode: (request: Request) => Promise<{ answer?: Answer; error?: string }>;

/** In training each step is told, a moment after the one before, until it is stopped. */
async function told(points: readonly TrainingPoint[], onProgress: OnProgress, signal: AbortSignal): Promise<void> {
  for (const point of points) {
    await new Promise((done) => setTimeout(done, 200));
    signal.throwIfAborted();
    onProgress({ done: point.step, total: points.length - 1, what: "steps", point } satisfies Progress);
  }
}

function show(spec: ExplorerSpec): void {
  defineExplorers();
  const ask = async (request: Request, onProgress: OnProgress, signal: AbortSignal): Promise<Answer> => {
    const { answer, error } = await answerInNode(request);
    if (!answer) throw new Error(error);
    if (answer.kind === "training") await told(answer.points, onProgress, signal);
    return answer;
  };
  document.body.replaceChildren(Object.assign(document.createElement(elementName(spec.kind)), { spec, ask }));
}

Object.assign(globalThis, { show });
