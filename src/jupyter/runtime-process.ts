import { spawn } from "node:child_process";
import path from "node:path";
import type { Readable, Writable } from "node:stream";
import { StringDecoder } from "node:string_decoder";
import { failure } from "./error-text";
import { frame, onFrames } from "./frames";
import { PIPES, type ErrorContent, type FromRuntime, type ToRuntime } from "./runtime-messages";

/** How the process that runs cells ended. */
export interface End {
  reason: ErrorContent;
  code: number | null;
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

/** Starts the process that runs cells. It is not the kernel's own, so that the kernel can say why it ended. */
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
  child.on("close", (code, signal) => listeners.ended({ code, reason: reasonOf(code, signal, lastWords, said) }));
  return {
    send: (message) => void pipes[PIPES.fromKernel].write(frame(message)),
    interrupt: () => void pipes[PIPES.interrupts].write("!"),
    answer: (text) => void pipes[PIPES.answers].write(frame(text)),
    kill: () => void child.kill("SIGKILL"),
  };
}

/**
 * Why the process is gone, in a sentence that says what to do.
 * @param lastWords the last that it wrote to standard error
 * @param said whether it announced its end: `process.exit` in a cell
 */
function reasonOf(code: number | null, signal: NodeJS.Signals | null, lastWords: string, said: boolean): ErrorContent {
  const lost = "All variables are gone; the kernel restarts.";
  if (/heap out of memory|Reached heap limit/.test(lastWords)) {
    return failure(
      "OutOfMemory",
      `The cells' JavaScript heap is full. ${lost} Use less at once, or give it more: NODE_OPTIONS=--max-old-space-size=MEGABYTES.`,
    );
  }
  if (said) return failure("ProcessExit", `The process ended itself with exit code ${code} (process.exit). ${lost}`);
  if (signal === "SIGKILL")
    return failure(
      "Killed",
      `The process was killed (SIGKILL), perhaps because the machine has no memory left. ${lost}`,
    );
  const words = lastWords.trim().split("\n").slice(-6).join("\n");
  return failure(
    "Crash",
    `The process ended with ${signal ?? `exit code ${code}`}. ${lost}${words === "" ? "" : `\n${words}`}`,
  );
}
