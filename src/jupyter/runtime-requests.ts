import type { ErrorContent, Outcome } from "./runtime-messages";
import type { Message } from "./wire";

/** The requests to the process that runs cells, by number, and the Jupyter messages that they were made for. */
export class RuntimeRequests {
  readonly #messages = new Map<number, Message>();
  readonly #running = new Map<number, (outcome: Outcome) => void>();
  #last = 0;
  #ended: ErrorContent | undefined;

  /** Sends a request and waits until the process has answered or is gone. */
  ask(message: Message, send: (request: number) => void): Promise<Outcome> {
    const request = ++this.#last;
    if (this.#ended) return Promise.resolve(lost(request, this.#ended));
    this.#messages.set(request, message);
    return new Promise((resolve) => {
      this.#running.set(request, resolve);
      send(request);
    });
  }

  /** The message that a request was made for, also for a while after its end. */
  messageOf(request: number): Message | undefined {
    return this.#messages.get(request);
  }

  done(outcome: Outcome): void {
    this.#running.get(outcome.request)?.(outcome);
    this.#running.delete(outcome.request);
    this.#forgetOld();
  }

  /** Why the process is gone; undefined while it is there. */
  get ended(): ErrorContent | undefined {
    return this.#ended;
  }

  /** The process is gone: nothing more is answered, and what was running failed. */
  end(reason: ErrorContent): void {
    this.#ended = reason;
    for (const [request, resolve] of this.#running) resolve(lost(request, reason));
  }

  /** The messages whose requests still run. */
  get running(): Message[] {
    return [...this.#running.keys()].flatMap((request) => this.#messages.get(request) ?? []);
  }

  /** Late output finds its cell, as long as it is not a thousand cells back. */
  #forgetOld(): void {
    for (const request of this.#messages.keys()) {
      if (request > this.#last - 1000) break;
      if (!this.#running.has(request)) this.#messages.delete(request);
    }
  }
}

const lost = (request: number, error: ErrorContent): Outcome => ({ type: "done", request, error, ran: [] });
