/** What a page and its worker say to each other. */
import type { Answer, Progress, Request } from "../explore/answer";

/** What a page carries as compressed text: see {@link packed}. */
export interface SceneTexts {
  /** Names the scene. */
  name: string;
  /** The model, which several scenes may share: what names it, and its text. */
  model: { name: string; text: string };
  /** All the rest of the scene. */
  rest: string;
}

export type ToWorker =
  | { type: "start"; wasm: string }
  | { type: "model"; name: string; text: string }
  | { type: "scene"; name: string; model: string; rest: string }
  | { type: "ask"; id: number; scene: string; request: Request }
  | { type: "cancel"; id: number };

export type FromWorker =
  | { type: "progress"; id: number; progress: Progress }
  | { type: "answer"; id: number; answer: Answer }
  | { type: "failed"; id: number; name: string; message: string };
