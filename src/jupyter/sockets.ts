import { Reply, Router, XPublisher, type MessageLike, type Writable } from "zeromq";

/** What Jupyter writes into a connection file. */
export interface Connection {
  transport: string;
  ip: string;
  shell_port: number;
  iopub_port: number;
  stdin_port: number;
  control_port: number;
  hb_port: number;
  key: string;
  signature_scheme?: string;
}

export type Frames = Buffer[];
/**
 * Sends a message; messages leave in the order of the calls. The promise resolves when this one is with ZeroMQ.
 * @param before called right before it leaves
 */
export type Send = (frames: MessageLike[], before?: () => void) => Promise<void>;

export interface Sockets {
  shell: Send;
  control: Send;
  stdin: Send;
  iopub: Send;
  /** Begins to receive. */
  listen(receivers: Receivers): void;
  /** Sends what is queued, then closes. */
  close(): Promise<void>;
}

export interface Receivers {
  shell(frames: Frames): void;
  control(frames: Frames): void;
  stdin(frames: Frames): void;
  /** The first message for a front end that has subscribed to `topic` on iopub. */
  welcome(topic: Buffer): MessageLike[];
}

/**
 * An iopub socket on which a front end gets nothing before it is let in. ZeroMQ by itself would let it in as soon as its
 * subscription arrives, and the message that tells it so could come behind others.
 */
class Publisher extends XPublisher {
  static readonly #SUBSCRIBE = 6; // ZMQ_SUBSCRIBE

  constructor(options: object) {
    super(options);
    this.verbosity = "allSubs";
    this.manual = true;
  }

  /** Lets in the front end whose subscription was received last. */
  letIn(topic: Buffer): void {
    this.setStringOption(Publisher.#SUBSCRIBE, topic);
  }
}

/** Binds the kernel's five sockets. Nothing is dropped: no queue has a limit, and every socket has one writer. */
export async function openSockets(connection: Connection): Promise<Sockets> {
  const options = { linger: 2000, sendHighWaterMark: 0, receiveHighWaterMark: 0 };
  const shell = new Router(options);
  const control = new Router(options);
  const stdin = new Router(options);
  const iopub = new Publisher(options);
  const heartbeat = new Reply({ linger: 0 });
  const address = (port: number) =>
    connection.transport === "ipc"
      ? `ipc://${connection.ip}-${port}`
      : `${connection.transport}://${connection.ip}:${port}`;
  await Promise.all([
    shell.bind(address(connection.shell_port)),
    control.bind(address(connection.control_port)),
    stdin.bind(address(connection.stdin_port)),
    iopub.bind(address(connection.iopub_port)),
    heartbeat.bind(address(connection.hb_port)),
  ]);
  const writers = [shell, control, stdin, iopub].map(writer);
  const [toShell, toControl, toStdin, toIopub] = writers;
  return {
    shell: toShell,
    control: toControl,
    stdin: toStdin,
    iopub: toIopub,
    listen: (receivers) => {
      void receive(shell, receivers.shell);
      void receive(control, receivers.control);
      void receive(stdin, receivers.stdin);
      void receive(iopub, ([subscription]) => {
        const topic = subscription.subarray(1);
        if (subscription[0] === 1) return toIopub(receivers.welcome(topic), () => iopub.letIn(topic));
      });
      void receive(heartbeat, (frames) => void heartbeat.send(frames));
    },
    close: async () => {
      await Promise.all(writers.map((send) => send([])));
      for (const socket of [shell, control, stdin, iopub, heartbeat]) socket.close();
    },
  };
}

async function receive(socket: AsyncIterable<Frames>, handle: (frames: Frames) => void | Promise<void>): Promise<void> {
  try {
    for await (const frames of socket) await handle(frames);
  } catch {
    // The socket was closed.
  }
}

/** One writer: a socket takes no second message while the first one waits for room. */
function writer(socket: Writable): Send {
  let queue: Promise<void> = Promise.resolve();
  const sendNow = (frames: MessageLike[], before?: () => void) => {
    before?.();
    return frames.length > 0 ? socket.send(frames) : undefined;
  };
  return (frames, before) => (queue = queue.then(() => sendNow(frames, before)).catch(() => undefined));
}
