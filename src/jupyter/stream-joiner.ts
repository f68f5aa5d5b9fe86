type StreamName = "stdout" | "stderr";

/** Milliseconds for which lines are gathered into one message. */
const INTERVAL = 20;
/** A message is sent when it has that many characters. */
const LARGEST = 100_000;

/** Joins what a cell prints in one breath to one message: a hundred thousand lines are a few hundred messages. */
export class StreamJoiner<Parent> {
  #waiting: { parent: Parent; name: StreamName; parts: string[]; length: number } | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(private readonly send: (parent: Parent, name: StreamName, text: string) => void) {}

  add(parent: Parent, name: StreamName, text: string): void {
    if (this.#waiting && (this.#waiting.parent !== parent || this.#waiting.name !== name)) this.flush();
    this.#waiting ??= { parent, name, parts: [], length: 0 };
    this.#waiting.parts.push(text);
    this.#waiting.length += text.length;
    if (this.#waiting.length > LARGEST) this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), INTERVAL);
  }

  /** Sends what waits: before every other message, so that all stay in order. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting) this.send(waiting.parent, waiting.name, waiting.parts.join(""));
  }
}
