import { spawn } from "node:child_process";
import path from "node:path";
import type { Readable, Writable } from "node:stream";
import { StringDecoder } from "node:string_decoder";
import { frame, onFrames } from "./frames";
import { PIPES, type FromRuntime, type ToRuntime } from "./runtime-messages";

/** How the process that runs cells ended. */
export interface End {
  code: number | null;
  signal: NodeJS.Signals | null;
  /** The last that it wrote to standard error. */
  lastWords: string;
  /** Whether it said that it would: `process.exit` in a cell. */
  said: boolean;
}

export interface RuntimeProcess {
  send(message: ToRuntime): void;
  interrupt(): void;
  /** The user's answer to a `prompt`; null when the question is withdrawn. */
  answer(text: string | null): void;
  kill(): void;
}

export interface RuntimeListeners {
  message(message: FromRuntime): void;
  /** What native code and child processes wrote. */
  output(name: "stdout" | "stderr", text: string): void;
  ended(end: End): void;
}

/** Starts the process that runs cells. It is another one than the kernel's, so that however it ends, the kernel can say why. */
export function startRuntime(
  { folder, root, clean }: { folder: string; root: string; clean(text: string): string },
  listeners: RuntimeListeners,
): RuntimeProcess {
  const flags = [
    "--disable-warning=ExperimentalWarning",
    "--no-force-async-hooks-checks",
    "--stack-trace-limit=50",
    "--require",
    path.join(root, "environment", "node-compat.cjs"),
  ];
  const child = spawn(process.execPath, [...flags, path.join(__dirname, "runtime", "main.js"), folder, root], {
    cwd: root,
    stdio: ["ignore", "pipe", "pipe", "pipe", "pipe", "pipe", "pipe"],
  });
  const pipes = child.stdio as unknown as (Readable & Writable)[];
  for (const pipe of pipes.slice(1)) pipe.on("error", () => {}); // its end is told by "close"
  let lastWords = "";
  let said = false;
  for (const name of ["stdout", "stderr"] as const) {
    const decoder = new StringDecoder("utf8");
    child[name]!.on("data", (chunk: Buffer) => {
      const text = clean(decoder.write(chunk));
      if (name === "stderr") lastWords = (lastWords + text).slice(-20_000);
      if (text !== "") listeners.output(name, text);
    });
  }
  onFrames<FromRuntime>(pipes[PIPES.toKernel], (message) => {
    if (message.type === "exit") said = true;
    listeners.message(message);
  });
  child.on("close", (code, signal) => listeners.ended({ code, signal, lastWords, said }));
  return {
    send: (message) => void pipes[PIPES.fromKernel].write(frame(message)),
    interrupt: () => void pipes[PIPES.interrupts].write("!"),
    answer: (text) => void pipes[PIPES.answers].write(frame(text)),
    kill: () => void child.kill("SIGKILL"),
  };
}
