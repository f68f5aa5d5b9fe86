/** The checkpoints of a training run that is measured: collected while it trains, and recorded with its linearization and descent. */
import { distanceBetween } from "../behavior/kernel-comparison";
import type { KernelDescentRecord } from "../behavior/kernel-descent";
import type { LinearizationTest } from "../behavior/linearization-test";
import type { TrainingRecord } from "../finetune/fine-tune";
import { tf } from "../model/backend";
import { parameter, type Model } from "../model/model";
import { asPredictions, metricScore } from "../solvers/metrics";
import type { Metric } from "../tasks/task";
import { finite, type BehaviorCheckpoint } from "./behavior-record";

/** One evaluation of the training run. */
export interface Measured {
  record: TrainingRecord;
  test: LinearizationTest;
  featureDistance?: number;
}

/** Memory for checkpoints that wait to be measured together, in bytes: those of one group share a backward pass. */
const GROUP_BYTES = 2 ** 28;

/**
 * Collects checkpoints, whose tensors are released after the call, and hands them on in groups.
 * @param bytes of the trained parameters of one
 */
export function checkpointGroups(
  start: Model,
  bytes: number,
  take: (group: { model: Model; record: TrainingRecord }[]) => Promise<void>,
) {
  const size = Math.max(1, Math.floor(GROUP_BYTES / bytes));
  let waiting: { model: Model; record: TrainingRecord; own: string[] }[] = [];
  const release = (): void => {
    for (const { model, own } of waiting) tf.dispose(own.map((name) => parameter(model, name)));
    waiting = [];
  };
  const flush = async (): Promise<void> => {
    if (waiting.length > 0) await take(waiting);
    release();
  };
  const add = async ({ model, record }: { model: Model; record: TrainingRecord }): Promise<void> => {
    const own = [...model.parameters.keys()].filter(
      (name) => model.parameters.get(name) !== start.parameters.get(name),
    );
    const clones = own.map((name) => [name, tf.clone(parameter(model, name))] as const);
    waiting.push({ model: { ...model, parameters: new Map([...model.parameters, ...clones]) }, record, own });
    if (waiting.length === size) await flush();
  };
  return { add, flush, release };
}

/** The start and every evaluation, with the descent's outputs after as many steps. */
export function checkpointsOf(
  history: readonly Measured[],
  descent: readonly KernelDescentRecord[],
  labels: readonly number[],
  metric: Metric,
): BehaviorCheckpoint[] {
  const at = new Map(descent.map(({ step, evaluate }) => [step, evaluate]));
  const descended = (step: number): number | undefined =>
    at.has(step) ? metricScore(metric, asPredictions(at.get(step)!), labels) : undefined;
  const { start } = history[0].test;
  const checkpoints = history.map(({ record, test, featureDistance }): BehaviorCheckpoint => {
    const { step, learningRate, loss, devScore: dev, distance } = record;
    const [f0, ft] = [at.get(0)?.values, test.tunedOutputs.values];
    const error = f0 && distanceBetween(ft, at.get(step)!.values) / distanceBetween(ft, f0);
    const { tuned, linearized } = test;
    const predicted = { tuned, linearized, descent: descended(step) };
    const errors = { linearizationError: finite(test.error), descentError: finite(error) };
    return { step, learningRate, loss, dev, distance, ...predicted, ...errors, featureDistance };
  });
  return [{ step: 0, tuned: start, linearized: start, descent: descended(0) }, ...checkpoints];
}
