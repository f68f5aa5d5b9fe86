/** Data with typed arrays as one run of bytes, which a page carries as compressed text. */

const ARRAYS = { Int8Array, Uint8Array, Int32Array, Float32Array, Float64Array } as const;

type ArrayName = keyof typeof ARRAYS;

/** Where an array lies, in place of it. */
interface Place {
  $array: ArrayName;
  start: number;
  length: number;
}

/** Arrays begin at multiples of the longest element. */
const aligned = (position: number): number => Math.ceil(position / 8) * 8;

/** JSON and typed arrays as bytes: the length of the JSON, the JSON, the arrays. */
export function pack(value: unknown): Uint8Array {
  const arrays: [number, ArrayBufferView][] = [];
  let end = 0;
  const json = JSON.stringify(value, (_, part: unknown) => {
    if (!ArrayBuffer.isView(part)) return part;
    const { length } = part as Uint8Array;
    const start = end;
    end = aligned(start + part.byteLength);
    arrays.push([start, part]);
    return { $array: part.constructor.name as ArrayName, start, length } satisfies Place;
  });
  const text = new TextEncoder().encode(json);
  const base = aligned(4 + text.length);
  const bytes = new Uint8Array(base + end);
  new DataView(bytes.buffer).setUint32(0, text.length);
  bytes.set(text, 4);
  for (const [start, { buffer, byteOffset, byteLength }] of arrays)
    bytes.set(new Uint8Array(buffer, byteOffset, byteLength), base + start);
  return bytes;
}

/** What {@link pack} was given. The arrays are views of the bytes. */
export function unpack(bytes: Uint8Array): unknown {
  const end = 4 + new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
  const base = bytes.byteOffset + aligned(end);
  return JSON.parse(new TextDecoder().decode(bytes.subarray(4, end)), (_, part: Partial<Place> | null) =>
    part?.$array ? new ARRAYS[part.$array](bytes.buffer as ArrayBuffer, base + part.start!, part.length) : part,
  );
}

/** Printable characters but those that end a script element or a string: 91, so that two of them hold 13 bits. */
const LETTERS = Array.from({ length: 94 }, (_, i) => 33 + i).filter(
  (code) => !'"<\\'.includes(String.fromCharCode(code)),
);

/** Bytes as text that a page can hold, in 16/13 of their length (base64 takes 4/3): their number, a space, the letters. */
export function textOfBytes(bytes: Uint8Array): string {
  const letters = new Uint8Array(2 * Math.ceil((bytes.length * 8) / 13));
  let [held, bits, at] = [0, 0, 0];
  for (let i = 0; at < letters.length;) {
    for (; bits < 13; bits += 8) held |= (bytes[i++] ?? 0) << bits;
    const value = held & 8191;
    letters[at++] = LETTERS[value % 91];
    letters[at++] = LETTERS[Math.floor(value / 91)];
    [held, bits] = [held >>> 13, bits - 13];
  }
  return `${bytes.length} ${new TextDecoder().decode(letters)}`;
}

/** What {@link textOfBytes} was given. */
export function bytesOfText(text: string): Uint8Array<ArrayBuffer> {
  const places = new Uint8Array(127);
  LETTERS.forEach((code, place) => (places[code] = place));
  const bytes = new Uint8Array(parseInt(text, 10));
  let [held, bits, at] = [0, 0, 0];
  for (let i = text.indexOf(" ") + 1; i < text.length; i += 2) {
    held |= (places[text.charCodeAt(i)] + 91 * places[text.charCodeAt(i + 1)]) << bits;
    // What goes beyond the end is padding.
    for (bits += 13; bits >= 8; bits -= 8, held >>>= 8) bytes[at++] = held & 255;
  }
  return bytes;
}

/** The bytes of a compressed text (gzip). */
export async function decompressed(text: string): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([bytesOfText(text)]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
