import { Session } from "node:inspector";
import { Socket } from "node:net";
import { parentPort, workerData } from "node:worker_threads";
import { PIPES } from "../runtime-messages";

/**
 * The thread that hears of an interrupt while the main thread is busy. It raises a flag that cells look at in every
 * loop and function, and behind every `await`, and tells the main thread. When that does not answer, it is in code that
 * looks at no flag (a package's loop, a regular expression), and is ended by force.
 */
const stop = workerData as Int32Array;

/** Milliseconds that the main thread has to serve an interrupt. */
const PATIENCE = 600;

const session = new Session();
session.connectToMainThread();

const pipe = new Socket({ fd: PIPES.interrupts, readable: true, writable: false });
pipe.on("data", () => {
  Atomics.store(stop, 0, 1);
  parentPort!.postMessage("interrupt");
  setTimeout(() => {
    if (Atomics.load(stop, 0) === 1) session.post("Runtime.terminateExecution");
  }, PATIENCE);
});
// The kernel is gone: whatever the main thread does, nobody waits for it.
pipe.on("close", () => process.kill(process.pid, "SIGKILL"));
