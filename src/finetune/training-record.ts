/** What a run notes at every evaluation. */
export interface TrainingRecord {
  /** Steps taken. */
  step: number;
  /** Mean training loss since the last record. */
  loss: number;
  learningRate: number;
  devAccuracy: number;
  /** By the run's metric: what "best" is judged by. From 0 to 1. */
  devScore: number;
  /** ‖θ_t − θ_0‖ over the trained parameters. */
  distance: number;
  /** The head's logits on the probe set, [n, C] row-major. */
  logits?: number[];
}
