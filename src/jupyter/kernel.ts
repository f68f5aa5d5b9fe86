import { readFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { Session } from "./session";
import { openSockets, type Connection } from "./sockets";
import { Wire } from "./wire";

/** The TypeScript kernel for Jupyter: `node kernel.js CONNECTION_FILE`. See docs/kernel.md. */
async function main(connectionFile: string): Promise<void> {
  const connection = JSON.parse(readFileSync(connectionFile, "utf8")) as Connection;
  const root = path.resolve(__dirname, "..", "..", "..");
  const folder = process.cwd();
  const wire = new Wire(connection.key, connection.signature_scheme?.replace(/^hmac-/, ""));
  const { withoutNoise } = (await import(
    pathToFileURL(path.join(root, "environment", "tensorflow-noise.mjs")).href
  )) as { withoutNoise(chunk: Buffer): Buffer };

  const sockets = await openSockets(connection);
  const session = new Session({
    wire,
    folder,
    root,
    clean: (text) => withoutNoise(Buffer.from(text)).toString(),
    send: (channel, message) => sockets[channel](wire.pack(message)),
    close: () => sockets.close(),
  });
  const received = (handle: (message: NonNullable<ReturnType<Wire["unpack"]>>) => void) => (frames: Buffer[]) => {
    const message = wire.unpack(frames);
    if (message) handle(message);
  };
  sockets.listen({
    shell: received((message) => session.onShell(message)),
    control: received((message) => session.onControl(message)),
    stdin: received((message) => session.onInput(message)),
    // Tells a front end that from now on it gets what is published.
    welcome: (topic) =>
      wire.pack(wire.make("iopub_welcome", { subscription: topic.toString() }, undefined, { identities: [topic] })),
  });
  process.on("SIGINT", () => session.interrupt());
  process.on("SIGTERM", () => void session.shutDown(0));
  if (process.env.JPY_PARENT_PID) endWithParent(process.ppid, session);
  session.start();
}

/** Ends the kernel when Jupyter has ended without telling it: it may still be computing. */
function endWithParent(parent: number, session: Session): void {
  setInterval(() => {
    if (process.ppid !== parent) void session.shutDown(1);
  }, 1000).unref();
}

void main(process.argv[2]).catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
