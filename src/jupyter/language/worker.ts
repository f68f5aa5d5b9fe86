import { parentPort, workerData } from "node:worker_threads";
import { Cells } from "./cells";
import type { HostPlaces } from "./compiler-host";
import { complete, inspect, isComplete } from "./help";
import type { LanguageQuestions } from "./protocol";

/** The thread that knows TypeScript, so that the kernel answers whatever the compiler does. See `language-thread.ts`. */
const cells = new Cells(workerData as HostPlaces);

const answers: LanguageQuestions = {
  prepare: (code) => cells.prepare(code),
  take: (cell, ran) => cells.take(cell, ran),
  complete: (code, position) => complete(cells, code, position),
  inspect: (code, position) => inspect(cells, code, position),
  isComplete,
};

parentPort!.on(
  "message",
  ({ id, question, parameters }: { id: number; question: keyof LanguageQuestions; parameters: never[] }) => {
    try {
      const answer = (answers[question] as (...given: never[]) => unknown)(...parameters);
      parentPort!.postMessage({ id, answer });
    } catch (error) {
      parentPort!.postMessage({ id, error: (error as Error).stack ?? String(error) });
    }
  },
);

// The first program takes a second, most of it reading TypeScript's library: before the first cell is there.
cells.prepare("");
