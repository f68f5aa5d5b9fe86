/** The blocks of a plan, one by one: read where they are kept, computed where not. */
import { runningSignal } from "../running-cell";
import { breather, runSteps } from "../steps";
import { computeOnce, pause, type Found } from "../store/slot";
import { blockSteps, type KernelBlock } from "./block";
import type { BlockCache } from "./block-store";
import { passOf, type Pass } from "./factors";
import { signsOf, takesSigns } from "./formula";
import { pick, type KernelPlan, type PlannedBlock } from "./plan";
import { createProjector, projected } from "./projection";
import { countedExamples, countSigns } from "./sign-count";
import { keptFactors, type GradientFactors } from "./training-side";

/**
 * Reads or computes blocks of a plan. Blocks come in their order, but those that another process is computing come
 * last: its results are then read or, if it ended without any, computed here.
 *
 * @param cache keeps what is computed. Default: nothing is kept
 * @throws if a number is NaN or infinite; naming the cache's folder if its disk is full; the signal's reason
 */
export async function computeBlocks(
  plan: KernelPlan,
  blocks: readonly PlannedBlock[],
  { cache, signal = runningSignal() }: { cache?: BlockCache; signal?: AbortSignal },
  use: (planned: PlannedBlock, block: KernelBlock, reused: boolean) => void,
): Promise<void> {
  const breathe = breather();
  const { model, outputs, parameters, projection, formulas } = plan.settings;
  const projector = projection && createProjector(projection, formulas.some(takesSigns));
  const exact = passOf(model, outputs, parameters);
  const pass = projector ? projected(exact, projector) : exact;
  const side = trainingSide(plan, pass, signal);
  const compute = async (planned: PlannedBlock): Promise<KernelBlock> => {
    const columnSide = planned.symmetry === "diagonal" ? "train" : pick(plan.evaluate, planned.column);
    const settings = { ...plan.settings, formulas: planned.formulas };
    const block = await runSteps(blockSteps(settings, await side.of(planned.row), columnSide, pass), signal);
    checkFinite(block, planned, outputs.combine.length);
    const signed = (["train", "evaluate"] as const).flatMap((name) =>
      planned.formulas.some((formula) => signsOf(formula)[name])
        ? pick(plan[name], name === "train" ? planned.row : planned.column)
        : [],
    );
    if (signed.length === 0) return block;
    return { ...block, signCount: await runSteps(countSigns(settings, countedExamples(signed)), signal) };
  };
  const readOrCompute = async (planned: PlannedBlock): Promise<Found<KernelBlock> | undefined> =>
    cache
      ? computeOnce(cache(plan, planned), () => compute(planned))
      : { result: await compute(planned), reused: false };
  try {
    for (let left = [...blocks]; left.length > 0;) {
      const elsewhere: PlannedBlock[] = [];
      for (const planned of left) {
        signal?.throwIfAborted();
        const found = await readOrCompute(planned);
        if (found) use(planned, found.result, found.reused);
        else elsewhere.push(planned);
        await breathe();
      }
      if (elsewhere.length === left.length) await pause(signal);
      left = elsewhere;
    }
  } finally {
    side.dispose();
    projector?.dispose();
  }
}

/** The factors of one row's training examples, kept until those of another row are needed. */
function trainingSide(
  { train, pass: limits }: KernelPlan,
  pass: Pass,
  signal?: AbortSignal,
): { of(row: readonly number[]): Promise<GradientFactors>; dispose(): void } {
  let current: { row: readonly number[]; factors: GradientFactors } | undefined;
  const dispose = (): void => {
    current?.factors.dispose();
    current = undefined;
  };
  const of = async (row: readonly number[]): Promise<GradientFactors> => {
    if (current?.row !== row) {
      dispose();
      current = { row, factors: await runSteps(keptFactors(pass, pick(train, row), limits), signal) };
    }
    return current.factors;
  };
  return { of, dispose };
}

/** A block with NaN is not kept: it would be found damaged at every reading. */
function checkFinite({ kernels }: KernelBlock, { row, column }: PlannedBlock, c: number): void {
  for (const [formula, values] of kernels) {
    const bad = values.findIndex((value) => !Number.isFinite(value));
    if (bad < 0) continue;
    const [i, j] = [Math.floor(bad / (c * column.length * c)), Math.floor(bad / c) % column.length];
    throw new Error(
      `the ${formula} kernel of training example ${row[i]} with example ${column[j]} (counted from 0) is ${values[bad]}: the model's gradients leave the range of float32`,
    );
  }
}
