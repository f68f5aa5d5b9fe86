import { Session } from "node:inspector";
import { Socket } from "node:net";
import { parentPort, workerData } from "node:worker_threads";
import { PIPES } from "../runtime-messages";

/**
 * The thread that hears of an interrupt while the main thread is busy. It raises a flag that cells look at in every
 * loop and function, and behind every `await`, and tells the main thread. When neither answers, the cell is in code that
 * looks at no flag: a loop of a package, a regular expression. It is then ended by force where that is safe: in a
 * cell's first stretch, and everywhere from Node 24 on (before, node's own books get into disorder, and it ends). The
 * user can insist with a second interrupt.
 */
const stop = workerData as Int32Array;

/** Milliseconds that the main thread has to serve an interrupt before it is ended by force. */
const PATIENCE = 500;
/** Milliseconds in which a cell that has noticed an interrupt can clean up. */
const PEACE = 100;

const safeEverywhere = Number(process.versions.node.split(".")[0]) >= 24;

const pipe = new Socket({ fd: PIPES.interrupts, readable: true, writable: false });
pipe.on("data", () => {
  const insists = stop[3] < stop[2];
  const number = ++stop[2];
  const served = () => stop[3] >= number;
  stop[0] = 1;
  parentPort!.postMessage("interrupt");
  setTimeout(() => {
    if (!served()) stop[0] = 1;
  }, PEACE);
  setTimeout(() => {
    if (!served() && (safeEverywhere || stop[1] === 1 || insists)) endByForce();
  }, PATIENCE);
});

/** Connected only for this moment: a connected session makes node wait when it exits. */
function endByForce(): void {
  stop[1] = 2;
  const session = new Session();
  session.connectToMainThread();
  session.post("Runtime.terminateExecution", () => session.disconnect());
}

// The kernel is gone: nothing waits for what the main thread does.
pipe.on("close", () => process.kill(process.pid, "SIGKILL"));
