/**
 * Weights as whole numbers from −127 to 127 with a scale for each row: a quarter of float32's size. The values
 * `number · scale`, rounded to float32, are the weights everywhere; nothing computes with the numbers themselves.
 */
import { InputError } from "../errors";
import type { Weight } from "./checkpoint";
import type { StoredTensor } from "../files/safetensors";

/** The name under which a safetensors file has the scales [rows, 1] of an int8 tensor. */
export const scaleName = (name: string): string => `${name}_scale`;

const LARGEST = 127;

/** The nearest weight that int8 rows can hold, as they are stored: the largest number of each row is ±127. */
export function toInt8Rows({ shape, data }: Weight): { values: StoredTensor<"I8">; scale: StoredTensor<"F32"> } {
  const [rows, columns] = shape;
  const values = new Int8Array(data.length);
  const scale = new Float32Array(rows);
  for (let row = 0; row < rows; row++) {
    const own = data.subarray(row * columns, (row + 1) * columns);
    const largest = own.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    // Rounded as the largest weight will be: storing the result again then gives the same scale.
    scale[row] = Math.fround(Math.fround(largest / LARGEST) * LARGEST) / LARGEST;
    if (scale[row] > 0) own.forEach((value, i) => (values[row * columns + i] = Math.round(value / scale[row])));
  }
  return {
    values: { dtype: "I8", shape: [...shape], data: values },
    scale: { dtype: "F32", shape: [rows, 1], data: scale },
  };
}

/**
 * The float32 weights of an int8 tensor.
 * @throws if the scales are not one number for each row
 */
export function fromInt8Rows(values: StoredTensor<"I8">, scale: StoredTensor | undefined): Float32Array {
  const [rows, columns] = values.shape;
  if (scale?.dtype !== "F32" || scale.shape.join() !== [rows, 1].join())
    throw new InputError(`an int8 tensor of ${rows} rows needs its scales, F32 [${rows}, 1]`);
  const scales = scale.data;
  return Float32Array.from(values.data, (value, i) => value * scales[Math.floor(i / columns)]);
}
