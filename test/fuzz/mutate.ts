/** Seeded changes of files: of their bytes, of their text and of the values in their JSON. */
import { randomStream } from "../../src/random";

export interface Chance {
  /** A whole number from 0 to limit − 1. */
  below(limit: number): number;
  pick<T>(list: readonly T[]): T;
}

export function chance(seed: number): Chance {
  const random = randomStream(seed);
  const below = (limit: number): number => Math.floor(random() * limit);
  return { below, pick: (list) => list[below(list.length)] };
}

const LENGTHS = [0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff];

/** One to four changes: flipped bits, other bytes, a lying length, a cut, a range inserted, doubled, swapped, removed or zeroed. */
export function mutatedBytes(original: Uint8Array, { below, pick }: Chance): Buffer {
  let bytes = Buffer.from(original);
  for (let changes = 1 + below(4); changes > 0 && bytes.length > 8; changes--) {
    const at = below(bytes.length);
    const length = 1 + below(Math.min(64, bytes.length - at));
    const [before, range, after] = [
      bytes.subarray(0, at),
      bytes.subarray(at, at + length),
      bytes.subarray(at + length),
    ];
    switch (below(9)) {
      case 0:
        bytes[at] ^= 1 << below(8);
        break;
      case 1:
        bytes[at] = below(256);
        break;
      case 2:
        bytes.writeUInt32LE(pick(LENGTHS), below(bytes.length - 4));
        break;
      case 3:
        bytes.writeBigUInt64LE(BigInt(pick(LENGTHS)) << BigInt(below(33)), below(bytes.length - 8));
        break;
      case 4:
        bytes = Buffer.from(before);
        break;
      case 5:
        bytes = Buffer.concat([before, range, range, after]);
        break;
      case 6:
        bytes = Buffer.concat([before, after]);
        break;
      case 7: {
        const place = below(after.length + 1);
        bytes = Buffer.concat([before, after.subarray(0, place), range, after.subarray(place)]);
        break;
      }
      default:
        bytes = Buffer.concat([before, Buffer.alloc(length, below(256)), range, after]);
    }
  }
  return bytes;
}

/** One to four changes of a text, with words that mean something in its language put in; sometimes of its bytes. */
export function mutatedText(original: string, words: readonly string[], random: Chance): Buffer {
  const { below, pick } = random;
  let text = original;
  for (let changes = 1 + below(4); changes > 0; changes--) {
    const [at, to] = [below(text.length + 1), below(text.length + 1)];
    const [from, end] = [Math.min(at, to), Math.min(Math.max(at, to), Math.min(at, to) + 200)];
    const kind = below(5);
    if (kind === 0) text = text.slice(0, from) + text.slice(end);
    else if (kind === 1) text = text.slice(0, end) + text.slice(from);
    else if (kind === 2) text = text.slice(0, at) + pick(words) + text.slice(at);
    else if (kind === 3) text = text.slice(0, from) + pick(words) + text.slice(end);
    else text = text.slice(0, at) + pick(words).repeat(1 + below(40)) + text.slice(at);
  }
  return below(4) === 0 ? mutatedBytes(Buffer.from(text), random) : Buffer.from(text);
}

/** What JSON.stringify cannot write, by the text that stands for it until the end. */
const RAW: Record<string, string> = {
  "@@deep@@": `${"[".repeat(20_000)}${"]".repeat(20_000)}`,
  "@@deeper@@": `${'{"a":'.repeat(5000)}1${"}".repeat(5000)}`,
  "@@infinite@@": "1e999",
  "@@digits@@": `1${"0".repeat(400)}`,
  "@@minus zero@@": "-0",
};
const STRANGE: readonly unknown[] = [
  null,
  true,
  -1,
  0,
  0.5,
  1e308,
  5e-324,
  2 ** 31,
  2 ** 32,
  2 ** 53,
  1e21,
  "",
  "x",
  "\0",
  "\ud800",
  "../../outside",
  "/etc/passwd",
  "__proto__",
  "constructor",
  "x".repeat(10_000),
  [],
  {},
  [null],
  [[]],
  ...Object.keys(RAW),
];
const KEYS = ["__proto__", "constructor", "toString", "hasOwnProperty", "length", "", "0", "a.b"];

type Holder = Record<PropertyKey, unknown>;

/** One to three changes of a JSON text's values and keys; sometimes of its bytes. */
export function mutatedJson(original: string, random: Chance): Buffer {
  const { below, pick } = random;
  const root = { value: JSON.parse(original) as unknown };
  for (let changes = 1 + below(3); changes > 0; changes--) {
    const places = placesIn(root);
    const [holder, key] = pick(places);
    const put = (name: PropertyKey, value: unknown): unknown =>
      Object.defineProperty(holder, name, { value, enumerable: true, configurable: true, writable: true });
    switch (below(6)) {
      case 0:
        if (Array.isArray(holder)) holder.splice(Number(key), 1);
        else if (holder !== (root as unknown)) delete holder[key];
        break;
      case 1:
        if (!Array.isArray(holder) && holder !== (root as unknown)) {
          const value = holder[key];
          delete holder[key];
          put(pick(KEYS), value);
        }
        break;
      case 2: {
        const [other, otherKey] = pick(places);
        // A copy, so that nothing holds itself.
        put(key, structuredClone(other[otherKey]));
        break;
      }
      case 3:
        if (Array.isArray(holder)) holder.push(...(structuredClone(holder) as unknown[]).slice(0, 50));
        else put(pick(KEYS), pick(STRANGE));
        break;
      default:
        put(key, structuredClone(pick(STRANGE)));
    }
  }
  let text = JSON.stringify(root.value);
  for (const [name, raw] of Object.entries(RAW)) text = text.replaceAll(JSON.stringify(name), () => raw);
  return below(6) === 0 ? mutatedBytes(Buffer.from(text), random) : Buffer.from(text);
}

/** Every value's holder and key. */
function placesIn(root: object): [Holder, PropertyKey][] {
  const places: [Holder, PropertyKey][] = [];
  const visit = (holder: Holder): void => {
    for (const [key, value] of Object.entries(holder)) {
      places.push([holder, key]);
      if (typeof value === "object" && value !== null) visit(value as Holder);
    }
  };
  visit(root as Holder);
  return places;
}
