import { test } from "node:test";
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { getHeapStatistics } from "node:v8";
import { join } from "node:path";
import { readTorchFile, TorchTensor } from "../../src/files/torch-file";
import { readStoredRange, withZip } from "../../src/files/zip";
import { randomStream } from "../../src/random";
import { makeZip } from "../support/make-zip";
import { fixturePath } from "../support/tiny-roberta";

const folder = mkdtempSync(join(tmpdir(), "torch-fuzz-"));
test.after(() => rmSync(folder, { recursive: true, force: true }));

const FILES = 20_000;
/** No file here has more than 5 kB: a reader that allocates this much believes a length in it. */
const MAX_BYTES = 64 << 20;
const MAX_MILLISECONDS = 5000;

/** Bytes of the heap and of array buffers, without the cost of process.memoryUsage(). */
function memory(): number {
  const { used_heap_size: heap, external_memory: external } = getHeapStatistics();
  return heap + external;
}

type Below = (below: number) => number;
const INTERESTING = [0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff];

/** One to four changes: flipped bits, other bytes, a length, a cut, a range inserted, doubled, removed or zeroed. */
function mutated(original: Uint8Array, below: Below): Buffer {
  let bytes = Buffer.from(original);
  for (let changes = 1 + below(4); changes > 0 && bytes.length > 8; changes--) {
    const at = below(bytes.length);
    const length = 1 + below(Math.min(64, bytes.length - at));
    switch (below(8)) {
      case 0:
        bytes[at] ^= 1 << below(8);
        break;
      case 1:
        bytes[at] = below(256);
        break;
      case 2: {
        const place = below(bytes.length - 4);
        bytes.writeUInt32LE(INTERESTING[below(INTERESTING.length)], place);
        break;
      }
      case 3: {
        const place = below(bytes.length - 8);
        bytes.writeBigUInt64LE(BigInt(INTERESTING[below(INTERESTING.length)]) << BigInt(below(33)), place);
        break;
      }
      case 4:
        bytes = bytes.subarray(0, at);
        break;
      case 5:
        bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at, at + length), bytes.subarray(at)]);
        break;
      case 6:
        bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)]);
        break;
      default:
        bytes = Buffer.concat([bytes.subarray(0, at), Buffer.alloc(length, below(256)), bytes.subarray(at)]);
    }
  }
  return bytes;
}

test(`${FILES.toLocaleString("en")} mutated files are read or refused by name: no crash, no hang, no huge allocation`, (t) => {
  const random = randomStream(2023);
  const below: Below = (limit) => Math.floor(random() * limit);
  const originals = [
    "float32.pt",
    "protocol4.pt",
    "views.pt",
    "dtypes.pt",
    "written.pt",
    "asymmetric/dev_kernels_mr.pt",
  ].map((name) => {
    const path = fixturePath("torch", name);
    const entries = withZip(path, (archive) =>
      [...archive.entries.values()].map((entry) => ({ name: entry.name, content: readStoredRange(archive, entry) })),
    );
    return { bytes: readFileSync(path), entries };
  });
  const path = join(folder, "mutated.pt");
  const messages = new Map<string, number>();
  let [read, largest, slowest] = [0, 0, 0];
  for (let i = 0; i < FILES; i++) {
    const { bytes, entries } = originals[below(originals.length)];
    // A changed pickle in an intact archive gets past the CRC; so does a directory that was changed alone.
    const kind = below(3);
    if (kind === 0) writeFileSync(path, mutated(bytes, below));
    else if (kind === 1)
      writeFileSync(
        path,
        makeZip(
          entries.map((entry) =>
            entry.name.endsWith("data.pkl") ? { ...entry, content: mutated(entry.content, below) } : entry,
          ),
        ),
      );
    else {
      const archive = makeZip(
        entries.map((entry) => ({ ...entry, zip64: below(2) === 0 })),
        { zip64End: below(2) === 0 },
      );
      const directory = archive.indexOf("PK\x01\x02");
      writeFileSync(path, Buffer.concat([archive.subarray(0, directory), mutated(archive.subarray(directory), below)]));
    }
    const before = memory();
    const start = performance.now();
    try {
      readTorchFile(path, (file) => {
        const values = Array.isArray(file.value) ? (file.value as unknown[]) : [file.value];
        for (const value of values) if (value instanceof TorchTensor) file.read(value);
      });
      read++;
    } catch (error) {
      assert.ok(error instanceof Error && error.message.includes(path), `file ${i}: ${String((error as Error).stack)}`);
      assert.ok(error.message.length < 1000, `file ${i}: a message of ${error.message.length} characters`);
      const kindOfMessage = error.message.slice(path.length).replace(/"[^"]*"|\b(?=\w*\d)\w+|asks for .*|\[.*\]/g, "…");
      messages.set(kindOfMessage, (messages.get(kindOfMessage) ?? 0) + 1);
    }
    slowest = Math.max(slowest, performance.now() - start);
    largest = Math.max(largest, memory() - before);
  }
  assert.ok(largest < MAX_BYTES, `one file took ${largest} bytes`);
  assert.ok(slowest < MAX_MILLISECONDS, `one file took ${slowest} ms`);
  // The mutations reach the whole reader: some files are still good, and the errors are of many kinds.
  assert.ok(read > FILES / 50 && read < FILES / 2, `${read} of ${FILES} were read`);
  assert.ok(messages.size > 40, `${messages.size} kinds of error`);
  t.diagnostic(
    `${read} read; ${messages.size} kinds of error; largest ${largest} bytes; slowest ${slowest.toFixed(1)} ms`,
  );
});
