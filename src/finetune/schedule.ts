/** Learning rates over the steps of a run. */

export const SCHEDULES = ["linear", "constant"] as const;
export type Schedule = (typeof SCHEDULES)[number];

/** The learning rate of step t = 0 … steps − 1: linear warm-up, then linear decay to 0. */
export const linearSchedule = (peak: number, t: number, steps: number, warmup = 0): number =>
  t < warmup ? (peak * t) / warmup : (peak * (steps - t)) / Math.max(1, steps - warmup);

/** The learning rate of step t: linear warm-up, then the peak. */
export const constantSchedule = (peak: number, t: number, warmup = 0): number =>
  t < warmup ? (peak * t) / warmup : peak;

/** The learning rate of step t = 0 … steps − 1 of the named schedule, both as in Hugging Face's `get_…_schedule_with_warmup`. */
export const scheduledRate = (schedule: Schedule, peak: number, t: number, steps: number, warmup = 0): number =>
  schedule === "linear" ? linearSchedule(peak, t, steps, warmup) : constantSchedule(peak, t, warmup);
