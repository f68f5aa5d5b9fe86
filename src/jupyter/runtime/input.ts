import { readSync } from "node:fs";
import { deserialize } from "node:v8";
import { PIPES, type FromRuntime } from "../runtime-messages";
import { InterruptedError, runningExecution } from "./execution";

/**
 * Asks the user for a line, and waits for it: `prompt("Name?")` in a cell.
 * @throws Error if the front end allows no input, as when a notebook runs unattended
 */
export function askUser(send: (message: FromRuntime) => void, question: string): string {
  const execution = runningExecution();
  if (!execution?.allowInput)
    throw new Error(
      "prompt: nobody can be asked here (the front end allows no input). Set the value in the cell instead.",
    );
  send({ type: "input", request: execution.request, prompt: question });
  const answer = deserialize(readAnswer()) as string | null;
  if (answer === null) throw new InterruptedError();
  return answer;
}

function readAnswer(): Buffer {
  return readBytes(readBytes(4).readUInt32LE());
}

function readBytes(count: number): Buffer {
  const bytes = Buffer.alloc(count);
  for (let read = 0; read < count;) {
    const more = readSync(PIPES.answers, bytes, read, count - read, null);
    if (more === 0) throw new Error("prompt: the kernel is gone.");
    read += more;
  }
  return bytes;
}
