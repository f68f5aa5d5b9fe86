/** How well a prediction agrees with what happened. */
export interface Agreement {
  /** Pearson's correlation over all entries. NaN where one side is constant. */
  correlation: number;
  /** ‖predicted − actual‖ / ‖actual‖. */
  relativeError: number;
  /** The factor that the prediction would have to be multiplied by to be closest: 1 for a right one. NaN for a prediction of zeros. */
  scale: number;
  /** Relative error after multiplying by that factor: what is wrong beside the size. */
  scaledError: number;
}

/** Compares predicted with actual changes entry by entry: their correlation and their relative error. */
export function agreementOf(predicted: ArrayLike<number>, actual: ArrayLike<number>): Agreement {
  const n = actual.length;
  if (predicted.length !== n || n === 0)
    throw new Error(`a prediction of ${predicted.length} numbers cannot be compared with ${n}`);
  let [meanP, meanA] = [0, 0];
  for (let i = 0; i < n; i++) {
    meanP += predicted[i] / n;
    meanA += actual[i] / n;
  }
  let [pp, aa, pa, centredPP, centredAA, centredPA, error] = [0, 0, 0, 0, 0, 0, 0];
  for (let i = 0; i < n; i++) {
    const [p, a] = [predicted[i], actual[i]];
    pp += p * p;
    aa += a * a;
    pa += p * a;
    centredPP += (p - meanP) ** 2;
    centredAA += (a - meanA) ** 2;
    centredPA += (p - meanP) * (a - meanA);
    error += (p - a) ** 2;
  }
  const scale = pa / pp;
  // ‖scale p − a‖² = ‖a‖² − ⟨p, a⟩² / ‖p‖², never below 0 but for rounding.
  const scaledError = Math.sqrt(Math.max(0, aa - (pa * pa) / pp) / aa);
  return {
    correlation: centredPA / Math.sqrt(centredPP * centredAA),
    relativeError: Math.sqrt(error / aa),
    scale,
    scaledError,
  };
}
