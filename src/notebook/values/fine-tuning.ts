import { counted } from "../../counted";
import type { FineTuningRun } from "../../experiment/fine-tuning-run";
import type { FineTuned } from "../../finetune/fine-tune";
import type { TrainingRecord } from "../../finetune/training-state";
import type { MimeBundle } from "../display-sink";
import { isObject, percent, table } from "./facts";

/** What fine-tuning gives back: where it was best, and its records. */
export function fineTuningBundle(value: Record<string, unknown>): MimeBundle | undefined {
  if (!isHistory(value.history)) return undefined;
  if (isFineTuned(value)) {
    const { best, history, trained } = value;
    return records(
      history,
      `Fine-tuned, ${counted(history.at(-1)!.step, "step")} of ${counted(trained.length, "parameter tensor")}: best on development at step ${best.step}, accuracy ${percent(best.devAccuracy)}`,
    );
  }
  if (isRun(value)) {
    const { learningRate, bestStep, devAccuracy, testAccuracy, history } = value;
    return records(
      history,
      `Fine-tuning, learning rate ${learningRate}: best on development at step ${bestStep}, accuracy ${percent(devAccuracy)}; test accuracy ${percent(testAccuracy)}`,
    );
  }
  return undefined;
}

function records(history: readonly TrainingRecord[], caption: string): MimeBundle {
  const byOther = history.some(({ devScore, devAccuracy }) => devScore !== devAccuracy);
  const rows = history.map(({ step, loss, learningRate, devAccuracy, devScore, distance }) => ({
    step,
    "training loss (nats)": loss,
    "development accuracy": percent(devAccuracy),
    ...(byOther ? { "development score": devScore } : {}),
    "learning rate": learningRate,
    "‖θ − θ₀‖": distance,
  }));
  return table(rows, caption);
}

const isRecord = (value: unknown): value is TrainingRecord =>
  isObject(value) && ["step", "loss", "learningRate", "devAccuracy"].every((key) => typeof value[key] === "number");

const isHistory = (value: unknown): value is TrainingRecord[] =>
  Array.isArray(value) && value.length > 0 && value.every(isRecord);

const isFineTuned = (value: object): value is FineTuned =>
  isRecord((value as FineTuned).best) && Array.isArray((value as FineTuned).trained);

const isRun = (value: object): value is FineTuningRun =>
  ["learningRate", "bestStep", "devAccuracy", "testAccuracy"].every(
    (key) => typeof (value as Record<string, unknown>)[key] === "number",
  );
