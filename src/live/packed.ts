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

/** The bytes that compressed text (gzip, base64) holds. */
export async function decompressed(text: string): Promise<Uint8Array<ArrayBuffer>> {
  const binary = atob(text);
  // A loop: Uint8Array.from takes seconds for a model.
  const packed = new Uint8Array(binary.length);
  for (let i = 0; i < packed.length; i++) packed[i] = binary.charCodeAt(i);
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
