import type { Publication } from "./runtime-messages";
import type { Content, Message, Wire } from "./wire";

export type Channel = "shell" | "control" | "stdin" | "iopub";

/** Sends the kernel's messages, each as an answer to a request. What cells print is joined. */
export class Outbox {
  readonly #streams = new StreamJoiner<Message | undefined>((parent, name, text) =>
    this.publish("stream", { name, text }, parent),
  );

  constructor(
    private readonly wire: Wire,
    private readonly send: (channel: Channel, message: Message) => Promise<void>,
  ) {}

  /** Publishes printed text soon, joined with what comes right after it. */
  print(parent: Message | undefined, name: StreamName, text: string): void {
    this.#streams.add(parent, name, text);
  }

  /** Publishes printed text that still waits. */
  flush(): void {
    this.#streams.flush();
  }

  publish(
    messageType: string,
    content: Content,
    parent: Message | undefined,
    more: Pick<Publication, "metadata" | "buffers"> = {},
  ): void {
    const identities = [Buffer.from(messageType)];
    void this.send("iopub", this.wire.make(messageType, content, parent, { identities, ...more }));
  }

  status(state: "busy" | "idle", parent: Message): void {
    this.flush();
    this.publish("status", { execution_state: state }, parent);
  }

  reply(channel: "shell" | "control", request: Message, messageType: string, content: Content): Promise<void> {
    return this.send(channel, this.wire.make(messageType, content, request, { identities: request.identities }));
  }

  /** Asks the user whose front end sent the request. */
  ask(prompt: string, request: Message | undefined): void {
    this.flush();
    const content = { prompt, password: false };
    void this.send("stdin", this.wire.make("input_request", content, request, { identities: request?.identities }));
  }
}

type StreamName = "stdout" | "stderr";

/** Milliseconds for which lines are gathered into one message. */
const INTERVAL = 20;
/** A message is sent when it has that many characters. */
const LARGEST = 100_000;

/** Joins what a cell prints in quick succession: a hundred thousand lines become a few hundred messages. */
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
