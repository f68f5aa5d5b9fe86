/** The complementary error function as an operation of tfjs, which has only erf. */
import { tf, type Tensor } from "./backend";

/**
 * erfc(x) = 1 − erf(x) = 2/√π ∫ₓ^∞ exp(−t²) dt, element by element. Unlike 1 − erf(x), which float32 rounds to 0 from
 * x = 4 on, it keeps its relative precision (about 1e-6) down to the smallest numbers of float32, at x = 9.
 */
export function erfc(x: Tensor): Tensor {
  register();
  return tf.engine().runKernel<Tensor>("Erfc", { x });
}

interface Native {
  executeSingleInput(operation: string, x: object): never;
}

interface Readable {
  readSync(id: object): Float32Array;
  write(values: Float32Array, shape: number[], dtype: "float32"): object;
}

/** Backends without such an operation of their own: JavaScript computes it for them. */
const OTHERS = ["cpu", "wasm", "webgl"];

function register(): void {
  if (tf.getGradient("Erfc")) return;
  tf.registerKernel({
    kernelName: "Erfc",
    backendName: "tensorflow",
    kernelFunc: ({ inputs, backend }) => (backend as Native).executeSingleInput("Erfc", inputs.x!),
  });
  for (const backendName of OTHERS)
    tf.registerKernel({
      kernelName: "Erfc",
      backendName,
      kernelFunc: ({ inputs, backend }) => {
        const { dataId, shape } = inputs.x!;
        const readable = backend as Readable;
        return {
          dataId: readable.write(readable.readSync(dataId).map(erfcOf), shape, "float32"),
          shape,
          dtype: "float32",
        };
      },
    });
  const slope = (x: Tensor): Tensor => tf.mul(tf.exp(tf.neg(tf.square(x))), -2 / Math.sqrt(Math.PI));
  tf.registerGradient({
    kernelName: "Erfc",
    inputsToSave: ["x"],
    gradFunc: (dy, [x]) => ({ x: () => tf.mul(dy as Tensor, slope(x)) }),
  });
}

/** Terms of the continued fraction that float64 needs from x = 2 on. */
const FRACTION_TERMS = 40;

/** erfc of one number: by the series of erf near 0, by the continued fraction of the tail beyond (Abramowitz and Stegun 7.1.6 and 7.1.14). */
export function erfcOf(x: number): number {
  if (x < 0) return 2 - erfcOf(-x);
  const density = Math.exp(-x * x) / Math.sqrt(Math.PI);
  if (x < 2) {
    let [term, sum] = [x, x];
    for (let n = 1; term > 1e-17 * sum; n++) sum += term *= (2 * x * x) / (2 * n + 1);
    return 1 - 2 * density * sum;
  }
  let fraction = x;
  for (let n = FRACTION_TERMS; n > 0; n--) fraction = x + n / 2 / fraction;
  return density / fraction;
}
