/** Answers one question after the other. In the pauses it prepares the scene of the last sentence, so that the next is quick. */
import { answer } from "../explore/answer";
import { warmUp } from "../explore/columns";
import type { Scene } from "../explore/scene";
import type { FromWorker, ToWorker } from "./messages";

type Asked = Extract<ToWorker, { type: "ask" }>;

export interface Questions {
  ask(question: Asked): void;
  /** Of a question that waits or is being answered: it fails with an AbortError. */
  cancel(id: number): void;
  /** When nothing is left to answer or prepare. */
  idle(): Promise<void>;
}

/**
 * @param sceneOf a scene by its name
 * @param tell takes progress, answers and failures
 */
export function questions(sceneOf: (name: string) => Promise<Scene>, tell: (message: FromWorker) => void): Questions {
  const asked = new Map<number, AbortController>();
  let waiting = 0;
  let last: Promise<void> = Promise.resolve();
  let pause = new AbortController();
  let preparing: Promise<void> = Promise.resolve();

  async function answerOne({ id, scene, request }: Asked, signal: AbortSignal): Promise<void> {
    try {
      signal.throwIfAborted();
      const found = await sceneOf(scene);
      const given = await answer(found, request, (progress) => tell({ type: "progress", id, progress }), signal);
      tell({ type: "answer", id, answer: given });
      if (waiting === 1 && request.kind === "sentence") {
        pause = new AbortController();
        // Stopped, or failing: whoever needs it is told.
        preparing = warmUp(found, request.formula, pause.signal).catch(() => {});
      }
    } catch (error) {
      const { name, message } = error instanceof Error ? error : new Error(String(error));
      tell({ type: "failed", id, name, message });
    } finally {
      waiting--;
      asked.delete(id);
    }
  }

  return {
    ask(question) {
      const stop = new AbortController();
      asked.set(question.id, stop);
      waiting++;
      pause.abort();
      last = last.then(() => answerOne(question, stop.signal));
    },
    cancel: (id) => asked.get(id)?.abort(),
    idle: () => last.then(() => preparing),
  };
}
