import { StringDecoder } from "node:string_decoder";

type Write = typeof process.stdout.write;

/** Sends what a cell writes to standard output and standard error to `publish`; whole characters, however they are cut. */
export function captureStreams(publish: (name: "stdout" | "stderr", text: string) => void): void {
  for (const name of ["stdout", "stderr"] as const) {
    const decoder = new StringDecoder("utf8");
    const write = (chunk: Uint8Array | string, encodingOrCallback?: BufferEncoding | ((error?: Error | null) => void), callback?: (error?: Error | null) => void): boolean => {
      const encoding = typeof encodingOrCallback === "string" ? encodingOrCallback : undefined;
      const text = typeof chunk === "string" ? (encoding && !/^utf-?8$/i.test(encoding) ? Buffer.from(chunk, encoding).toString() : chunk) : decoder.write(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
      if (text !== "") publish(name, text);
      const written = typeof encodingOrCallback === "function" ? encodingOrCallback : callback;
      if (written) process.nextTick(written);
      return true;
    };
    process[name].write = write as Write;
  }
}
