import { writeSync } from "node:fs";
import type { Readable } from "node:stream";
import { deserialize, serialize } from "node:v8";

/** Messages between the kernel and the process that runs cells: a length of four bytes, then the value as v8 writes it. */
export function frame(message: unknown): Buffer {
  const body = serialize(message);
  const head = Buffer.alloc(4);
  head.writeUInt32LE(body.length);
  return Buffer.concat([head, body]);
}

/** Calls `handle` with every message of a stream, in its order. */
export function onFrames<Message>(stream: Readable, handle: (message: Message) => void): void {
  let pending: Buffer = Buffer.alloc(0);
  stream.on("data", (chunk: Buffer) => {
    pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
    const messages: Message[] = [];
    while (pending.length >= 4 && pending.length >= 4 + pending.readUInt32LE()) {
      const end = 4 + pending.readUInt32LE();
      messages.push(deserialize(pending.subarray(4, end)) as Message);
      pending = pending.subarray(end);
    }
    // Handled when nothing is half read: whatever is run here may be ended in the middle.
    for (const message of messages) handle(message);
  });
}

/** Writes a message to a pipe and returns when it is in the pipe: what a process has said stays said, however it ends. */
export function writeFrame(descriptor: number, message: unknown): void {
  writeWhole(descriptor, frame(message));
}

function writeWhole(descriptor: number, bytes: Buffer): void {
  for (let written = 0; written < bytes.length;) {
    try {
      written += writeSync(descriptor, bytes, written);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
      Atomics.wait(pause, 0, 0, 1); // the pipe is full
    }
  }
}

const pause = new Int32Array(new SharedArrayBuffer(4));
