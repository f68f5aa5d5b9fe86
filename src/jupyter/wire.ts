import { createHmac, randomUUID, timingSafeEqual } from "node:crypto";

/** The version of Jupyter's messaging protocol that the kernel speaks. */
export const PROTOCOL = "5.4";

/** The content of a message, whose fields its type says. */
export type Content = Record<string, unknown>;

export interface Header {
  msg_id: string;
  msg_type: string;
  session: string;
  username: string;
  date: string;
  version: string;
}

/** A message as Jupyter sends it over a socket. */
export interface Message {
  /** ZeroMQ's routing frames: to whom an answer goes. */
  identities: Buffer[];
  header: Header;
  parent: Header | Record<string, never>;
  metadata: Record<string, unknown>;
  content: Content;
  buffers: Uint8Array[];
}

const delimiter = Buffer.from("<IDS|MSG>");

/** What signs messages with the key of a connection file, and reads those that bear its signature. */
export class Wire {
  readonly #session = randomUUID();

  constructor(
    private readonly key: string,
    private readonly algorithm = "sha256",
  ) {}

  /** A new message in answer to, or in the name of, another. */
  make(
    messageType: string,
    content: Content,
    parent?: Message,
    more: { identities?: Buffer[]; metadata?: Record<string, unknown>; buffers?: Uint8Array[] } = {},
  ): Message {
    const header = {
      msg_id: randomUUID(),
      msg_type: messageType,
      session: this.#session,
      username: "kernel",
      date: new Date().toISOString(),
      version: PROTOCOL,
    };
    return {
      identities: more.identities ?? [],
      header,
      parent: parent?.header ?? {},
      metadata: more.metadata ?? {},
      content,
      buffers: more.buffers ?? [],
    };
  }

  pack({ identities, header, parent, metadata, content, buffers }: Message): (Buffer | Uint8Array)[] {
    const parts = [header, parent, metadata, content].map((part) => Buffer.from(JSON.stringify(part)));
    return [...identities, delimiter, Buffer.from(this.#signature(parts)), ...parts, ...buffers];
  }

  /** The message in these frames, or undefined when it is not one, or not signed with the key. */
  unpack(frames: Buffer[]): Message | undefined {
    const at = frames.findIndex((part) => part.equals(delimiter));
    if (at < 0 || frames.length < at + 6) return undefined;
    const [signature, ...rest] = frames.slice(at + 1);
    const expected = Buffer.from(this.#signature(rest.slice(0, 4)));
    if (expected.length !== signature.length || !timingSafeEqual(expected, signature)) return undefined;
    try {
      const [header, parent, metadata, content] = rest
        .slice(0, 4)
        .map((part) => JSON.parse(part.toString("utf8")) as never);
      return { identities: frames.slice(0, at), header, parent, metadata, content, buffers: rest.slice(4) };
    } catch {
      return undefined;
    }
  }

  #signature(parts: readonly Buffer[]): string {
    if (this.key === "") return "";
    const hmac = createHmac(this.algorithm, this.key);
    for (const part of parts) hmac.update(part);
    return hmac.digest("hex");
  }
}
