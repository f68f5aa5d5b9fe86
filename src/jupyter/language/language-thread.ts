import path from "node:path";
import { Worker } from "node:worker_threads";
import type { HostPlaces } from "./compiler-host";
import type { LanguageQuestions } from "./protocol";

/** The questions of `protocol.ts`, answered by the other thread. */
export type LanguageThread = {
  [Name in keyof LanguageQuestions]: (
    ...parameters: Parameters<LanguageQuestions[Name]>
  ) => Promise<ReturnType<LanguageQuestions[Name]>>;
} & { close(): Promise<unknown> };

/** Starts the thread that knows TypeScript. Questions are answered in their order. */
export function startLanguageThread(places: HostPlaces): LanguageThread {
  const worker = new Worker(path.join(__dirname, "worker.js"), { workerData: places });
  const waiting = new Map<number, { resolve(answer: unknown): void; reject(error: Error): void }>();
  let last = 0;
  worker.on("message", ({ id, answer, error }: { id: number; answer?: unknown; error?: string }) => {
    const question = waiting.get(id);
    waiting.delete(id);
    if (error === undefined) question?.resolve(answer);
    else question?.reject(new Error(`TypeScript's language service failed: ${error}`));
  });
  worker.on("error", (error) => {
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
  });
  const ask =
    (question: keyof LanguageQuestions) =>
    (...parameters: unknown[]) =>
      new Promise((resolve, reject) => {
        waiting.set(++last, { resolve, reject });
        worker.postMessage({ id: last, question, parameters });
      });
  const questions = Object.fromEntries(
    (["prepare", "take", "complete", "inspect", "isComplete"] as const).map((question) => [question, ask(question)]),
  );
  return { ...questions, close: () => worker.terminate() } as unknown as LanguageThread;
}
