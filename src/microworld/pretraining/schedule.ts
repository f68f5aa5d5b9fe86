import type { PretrainingSettings } from "./settings";

/** Warm-up, plateau, linear decay to 2 %. */
export function pretrainingRate({ learningRate, warmupSteps, decayFrom, steps }: PretrainingSettings, step: number): number {
  const warm = Math.min(1, (step + 1) / Math.max(1, warmupSteps));
  const left = (steps - step) / Math.max(1, steps * (1 - decayFrom));
  return learningRate * warm * Math.min(1, Math.max(0.02, left));
}
