/** What choosing a setting on few development examples gains, and how much of that is luck. */
import { firstBest } from "../experiment/solve-kernels";
import { agreementOf } from "../behavior/kernel-comparison";
import { groupBy } from "../records";
import { mean } from "../solvers/metrics";
import type { Run } from "./aggregate";

/** One seed's choice among the settings of a grid. Accuracies are from 0 to 1. */
export interface DevChoice {
  seed: number;
  settings: number;
  /** The settings that share the best development accuracy; the first one is taken. */
  tied: number;
  /** Of the chosen setting. */
  dev: number;
  test: number;
  /** Over all settings. */
  meanTest: number;
  bestTest: number;
  /** The place of the chosen setting by its test accuracy, 1 for the best; ties share the better place. */
  place: number;
  /** Correlation of development and test accuracy over settings; NaN where one side is constant. */
  correlation: number;
}

/** The choice that the development examples make for every seed, in order of first appearance: the first best on dev, as the authors gather their results. */
export function devChoices(runs: readonly Run[]): DevChoice[] {
  return groupBy(runs, ({ seed }) => seed).map((own) => {
    const [{ seed }] = own;
    const [devs, tests] = [own.map(({ dev }) => dev), own.map(({ test }) => test)];
    const chosen = firstBest(own, ({ dev }) => dev);
    return {
      seed,
      settings: own.length,
      tied: devs.filter((dev) => dev === chosen.dev).length,
      dev: chosen.dev,
      test: chosen.test,
      meanTest: mean(tests),
      bestTest: Math.max(...tests),
      place: 1 + tests.filter((test) => test > chosen.test).length,
      correlation: agreementOf(devs, tests).correlation,
    };
  });
}

/**
 * The expected best of `settings` measured accuracies when each is right on any example with probability `accuracy`,
 * independently: what luck alone makes of equal settings, E[max] = Σ_c (1 − P(X ≤ c)^m) / n for X binomial. Settings
 * that answer alike have less luck than this.
 *
 * @param accuracy from 0 to 1
 */
export function luckyBest(accuracy: number, { examples, settings }: { examples: number; settings: number }): number {
  if (!(accuracy >= 0 && accuracy <= 1)) throw new Error(`an accuracy is from 0 to 1, not ${accuracy}`);
  for (const [name, value] of Object.entries({ examples, settings }))
    if (!Number.isInteger(value) || value < 1)
      throw new Error(`${name} must be a whole number of at least 1, not ${value}`);
  if (accuracy === 0 || accuracy === 1) return accuracy;
  let [expected, atMost, logChoose] = [0, 0, 0];
  for (let c = 0; c < examples; c++) {
    atMost = Math.min(
      1,
      atMost + Math.exp(logChoose + c * Math.log(accuracy) + (examples - c) * Math.log1p(-accuracy)),
    );
    expected += 1 - atMost ** settings;
    logChoose += Math.log(examples - c) - Math.log(c + 1);
  }
  return expected / examples;
}
