import { StringDecoder } from "node:string_decoder";

type StreamName = "stdout" | "stderr";
type Callback = (error?: Error | null) => void;

/** Sends what cells write to standard output and standard error to `publish`; whole characters, however they are cut. */
export function captureStreams(publish: (name: StreamName, text: string) => void): void {
  for (const name of ["stdout", "stderr"] as const) {
    const decoder = new StringDecoder("utf8");
    const write = (
      chunk: Uint8Array | string,
      encodingOrCallback?: BufferEncoding | Callback,
      callback?: Callback,
    ): boolean => {
      const text =
        typeof chunk === "string"
          ? inUtf8(chunk, encodingOrCallback)
          : decoder.write(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
      if (text !== "") publish(name, text);
      const written = typeof encodingOrCallback === "function" ? encodingOrCallback : callback;
      if (written) process.nextTick(written);
      return true;
    };
    process[name].write = write as typeof process.stdout.write;
  }
}

const inUtf8 = (text: string, encoding: unknown): string =>
  typeof encoding === "string" && !/^utf-?8$/i.test(encoding)
    ? Buffer.from(text, encoding as BufferEncoding).toString()
    : text;

/** So many writes in one turn of the event loop are sent at once, each by itself; a flood is gathered. */
const CALM = 100;
/** A flood is sent on in pieces of that many characters, or when that many milliseconds have passed. */
const PIECE = 16_384;
const INTERVAL = 20;

/** Gathers a flood of lines, and keeps each line of a calm stream from waiting for the next turn, which may be far off. */
export class FloodGate<Sender extends object> {
  #writes = 0;
  #waiting: { sender: Sender; name: StreamName; text: string } | undefined;
  #sent = 0;

  constructor(private readonly send: (sender: Sender, name: StreamName, text: string) => void) {}

  add(sender: Sender, name: StreamName, text: string): void {
    if (this.#writes === 0)
      setImmediate(() => {
        this.#writes = 0;
        this.flush();
      });
    if (++this.#writes <= CALM) return this.send(sender, name, text);
    if (this.#waiting && (this.#waiting.sender !== sender || this.#waiting.name !== name)) this.flush();
    if (this.#waiting) this.#waiting.text += text;
    else this.#waiting = { sender, name, text };
    if (this.#waiting.text.length > PIECE || performance.now() - this.#sent > INTERVAL) this.flush();
  }

  /** Sends what waits; before everything else that is sent. */
  flush(): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    this.#sent = performance.now();
    if (waiting) this.send(waiting.sender, waiting.name, waiting.text);
  }
}
