/** Products of matrices and vectors in float64, as the networks of the width experiment need them: four examples at a time. */

export function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

/** The vector with another norm. */
export function scaledTo(vector: Float64Array, norm: number): Float64Array {
  const factor = norm / Math.sqrt(dot(vector, vector));
  return vector.map((value) => value * factor);
}

/** ‖a − b‖ / ‖b‖. */
export function relativeDistance(a: Float64Array, b: Float64Array): number {
  const difference = a.map((value, i) => value - b[i]);
  return Math.sqrt(dot(difference, difference) / dot(b, b));
}

type Four = [Float64Array, Float64Array, Float64Array, Float64Array];

/** Vectors in fours, the last ones filled up with zeros: a loop that reads a weight once for four examples is twice as fast. */
function fours(vectors: readonly Float64Array[], length: number): Four[] {
  return Array.from(
    { length: Math.ceil(vectors.length / 4) },
    (_, group) => [0, 1, 2, 3].map((k) => vectors[4 * group + k] ?? new Float64Array(length)) as Four,
  );
}

/** M u for each u. M is [rows, columns]. */
export function product(
  matrix: Float64Array,
  rows: number,
  columns: number,
  vectors: readonly Float64Array[],
): Float64Array[] {
  const results = vectors.map(() => new Float64Array(rows));
  const targets = fours(results, rows);
  fours(vectors, columns).forEach((four, group) => {
    productOfFour(matrix, rows, columns, four, targets[group]);
  });
  return results;
}

function productOfFour(
  matrix: Float64Array,
  rows: number,
  columns: number,
  [u0, u1, u2, u3]: Four,
  [r0, r1, r2, r3]: Four,
): void {
  for (let i = 0, at = 0; i < rows; i++) {
    let [s0, s1, s2, s3] = [0, 0, 0, 0];
    for (let j = 0; j < columns; j++, at++) {
      const weight = matrix[at];
      s0 += weight * u0[j];
      s1 += weight * u1[j];
      s2 += weight * u2[j];
      s3 += weight * u3[j];
    }
    r0[i] = s0;
    r1[i] = s1;
    r2[i] = s2;
    r3[i] = s3;
  }
}

/** Mᵀ u for each u. M is square. */
export function transposedProduct(
  matrix: Float64Array,
  size: number,
  vectors: readonly Float64Array[],
): Float64Array[] {
  const results = vectors.map(() => new Float64Array(size));
  const targets = fours(results, size);
  fours(vectors, size).forEach((four, group) => {
    transposedProductOfFour(matrix, size, four, targets[group]);
  });
  return results;
}

function transposedProductOfFour(
  matrix: Float64Array,
  size: number,
  [u0, u1, u2, u3]: Four,
  [r0, r1, r2, r3]: Four,
): void {
  for (let i = 0, at = 0; i < size; i++) {
    const [a0, a1, a2, a3] = [u0[i], u1[i], u2[i], u3[i]];
    for (let j = 0; j < size; j++, at++) {
      const weight = matrix[at];
      r0[j] += weight * a0;
      r1[j] += weight * a1;
      r2[j] += weight * a2;
      r3[j] += weight * a3;
    }
  }
}

/** M ← M − rate · g or − rate · sign(g), g = Σ_k χ_k δ_k u_kᵀ, row by row. */
export function moveMatrix(
  matrix: Float64Array,
  rows: number,
  columns: number,
  deltas: readonly Float64Array[],
  vectors: readonly Float64Array[],
  chi: ArrayLike<number>,
  rate: number,
  sign: boolean,
): void {
  const [deltaGroups, vectorGroups] = [fours(deltas, rows), fours(vectors, columns)];
  const gradient = new Float64Array(columns);
  for (let i = 0; i < rows; i++) {
    const row = matrix.subarray(i * columns, (i + 1) * columns);
    const into = sign ? gradient.fill(0) : row;
    const factor = sign ? 1 : -rate;
    for (let group = 0; group < deltaGroups.length; group++) {
      const [d0, d1, d2, d3] = deltaGroups[group];
      const at = (delta: Float64Array, k: number): number => factor * (chi[4 * group + k] ?? 0) * delta[i];
      addFour(into, at(d0, 0), at(d1, 1), at(d2, 2), at(d3, 3), vectorGroups[group]);
    }
    if (sign) addSigns(row, gradient, -rate);
  }
}

function addFour(into: Float64Array, a0: number, a1: number, a2: number, a3: number, [u0, u1, u2, u3]: Four): void {
  for (let j = 0; j < into.length; j++) into[j] += a0 * u0[j] + a1 * u1[j] + a2 * u2[j] + a3 * u3[j];
}

function addSigns(into: Float64Array, values: Float64Array, factor: number): void {
  for (let j = 0; j < into.length; j++) into[j] += values[j] > 0 ? factor : values[j] < 0 ? -factor : 0;
}

export function difference(a: Float64Array, b: Float64Array): Float64Array {
  const result = new Float64Array(a.length);
  for (let i = 0; i < a.length; i++) result[i] = a[i] - b[i];
  return result;
}
