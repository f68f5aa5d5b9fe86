/** Random matrices that depend on a seed and a name only: the same in every process and on every machine. */
import { randomStream } from "../random";
import { sha256 } from "../sha256";

export const PROJECTION_KINDS = ["rademacher", "gaussian"] as const;

/** Entries ±1 with equal chances, or standard normal: both have mean 0 and variance 1. */
export type ProjectionKind = (typeof PROJECTION_KINDS)[number];

/** @param name what the matrix is for: matrices of different names are independent */
export function randomMatrix(
  kind: ProjectionKind,
  seed: number,
  name: readonly (string | number)[],
  size: number,
): Float32Array {
  const [word] = sha256(JSON.stringify([kind, seed, ...name]));
  // The first four bytes of the hash, read as a little-endian number.
  const random = randomStream(new DataView(Uint32Array.of(word).buffer).getUint32(0));
  return kind === "rademacher" ? signs(random, size) : normals(random, size);
}

/** 32 signs out of each number drawn. */
function signs(random: () => number, size: number): Float32Array {
  const values = new Float32Array(size);
  for (let start = 0; start < size; start += 32) {
    const bits = random() * 2 ** 32;
    for (let i = start; i < Math.min(start + 32, size); i++) values[i] = (bits >>> (i - start)) & 1 ? 1 : -1;
  }
  return values;
}

/** Box and Muller's transform. Node computes logarithm and cosine in its own code, not the system's, so that machines agree. */
function normals(random: () => number, size: number): Float32Array {
  const values = new Float32Array(size);
  for (let i = 0; i < size; i += 2) {
    const radius = Math.sqrt(-2 * Math.log(1 - random()));
    const angle = 2 * Math.PI * random();
    values[i] = radius * Math.cos(angle);
    if (i + 1 < size) values[i + 1] = radius * Math.sin(angle);
  }
  return values;
}
