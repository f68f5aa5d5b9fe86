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
/** Sends a message; messages leave in the order of the calls. The promise resolves when this one is with ZeroMQ. */
export type Send = (frames: MessageLike[]) => Promise<void>;

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
  /** A front end has subscribed to `topic` on iopub. */
  subscribed(topic: Buffer): void;
}

/** Binds the kernel's five sockets. Nothing is dropped: no queue has a limit, and every socket has one writer. */
export async function openSockets(connection: Connection): Promise<Sockets> {
  const options = { linger: 2000, sendHighWaterMark: 0, receiveHighWaterMark: 0 };
  const shell = new Router(options);
  const control = new Router(options);
  const stdin = new Router(options);
  const iopub = new XPublisher(options);
  iopub.verbosity = "allSubs";
  const heartbeat = new Reply({ linger: 0 });
  const address = (port: number) => (connection.transport === "ipc" ? `ipc://${connection.ip}-${port}` : `${connection.transport}://${connection.ip}:${port}`);
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
        if (subscription[0] === 1) receivers.subscribed(subscription.subarray(1));
      });
      void receive(heartbeat, (frames) => void heartbeat.send(frames));
    },
    close: async () => {
      await Promise.all(writers.map((send) => send([])));
      for (const socket of [shell, control, stdin, iopub, heartbeat]) socket.close();
    },
  };
}

async function receive(socket: AsyncIterable<Frames>, handle: (frames: Frames) => void): Promise<void> {
  try {
    for await (const frames of socket) handle(frames);
  } catch {
    // The socket was closed.
  }
}

/** One writer: a socket takes no second message while the first one waits for room. */
function writer(socket: Writable): Send {
  let queue: Promise<void> = Promise.resolve();
  return (frames) => (queue = queue.then(() => (frames.length > 0 ? socket.send(frames) : undefined)).catch(() => undefined));
}
