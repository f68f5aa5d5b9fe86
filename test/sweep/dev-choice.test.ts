import { test } from "node:test";
import assert from "node:assert/strict";
import { aggregate, type Run } from "../../src/sweep/aggregate";
import { devChoices, luckyBest } from "../../src/sweep/dev-choice";
import { randomStream } from "../../src/random";

const run = (seed: number, setting: number, dev: number, test: number): Run => ({
  task: "t",
  method: "m",
  k: 16,
  seed,
  setting: { setting },
  dev,
  test,
});

test("a choice is the first best on dev, as results are gathered, with its place among the tests", () => {
  const runs = [
    run(13, 0, 0.5, 0.9),
    run(13, 1, 0.75, 0.6),
    run(13, 2, 0.75, 0.8),
    run(21, 0, 0.5, 0.5),
    run(21, 1, 0.5, 0.7),
  ];
  const choices = devChoices(runs);
  assert.deepEqual(
    choices.map(({ seed, settings, tied, dev, test, bestTest, place }) => ({
      seed,
      settings,
      tied,
      dev,
      test,
      bestTest,
      place,
    })),
    [
      { seed: 13, settings: 3, tied: 2, dev: 0.75, test: 0.6, bestTest: 0.9, place: 3 },
      { seed: 21, settings: 2, tied: 2, dev: 0.5, test: 0.5, bestTest: 0.7, place: 2 },
    ],
  );
  assert.deepEqual(
    choices.map(({ test }) => test),
    aggregate(runs)[0].chosen.map(({ test }) => test),
  );
  assert.ok(Math.abs(choices[0].meanTest - (0.9 + 0.6 + 0.8) / 3) < 1e-12);
  // (dev − mean) = (−1/6, 1/12, 1/12), (test − mean) = (2/15, −1/6, 1/30)
  assert.ok(Math.abs(choices[0].correlation - -1 / 30 / Math.sqrt((1 / 24) * (7 / 150))) < 1e-12);
  assert.ok(Number.isNaN(choices[1].correlation), "all development accuracies are equal");
});

/** E[max] by going through every outcome. */
function enumerated(accuracy: number, examples: number, settings: number): number {
  const choose = (n: number, c: number): number => (c === 0 ? 1 : (choose(n - 1, c - 1) * n) / c);
  const probabilities = Array.from(
    { length: examples + 1 },
    (_, c) => choose(examples, c) * accuracy ** c * (1 - accuracy) ** (examples - c),
  );
  const go = (left: number, best: number): number =>
    left === 0
      ? best / examples
      : probabilities.reduce((sum, probability, c) => sum + probability * go(left - 1, Math.max(best, c)), 0);
  return go(settings, 0);
}

test("the lucky best is the mean over all outcomes", () => {
  for (const [accuracy, examples, settings] of [
    [0.5, 4, 3],
    [0.8, 6, 2],
    [0.3, 5, 4],
    [0.9, 3, 1],
  ] as const) {
    assert.ok(
      Math.abs(luckyBest(accuracy, { examples, settings }) - enumerated(accuracy, examples, settings)) < 1e-12,
      `${accuracy} ${examples} ${settings}`,
    );
  }
  assert.equal(luckyBest(1, { examples: 32, settings: 25 }), 1);
  assert.equal(luckyBest(0, { examples: 32, settings: 25 }), 0);
  assert.ok(Math.abs(luckyBest(0.7, { examples: 1000, settings: 1 }) - 0.7) < 1e-9, "one setting has no luck");
});

test("and what drawing lots gives", () => {
  const random = randomStream(1);
  const trials = 4000;
  let sum = 0;
  for (let trial = 0; trial < trials; trial++) {
    let best = 0;
    for (let setting = 0; setting < 10; setting++) {
      let right = 0;
      for (let i = 0; i < 32; i++) if (random() < 0.7) right++;
      best = Math.max(best, right / 32);
    }
    sum += best;
  }
  // The standard deviation of one maximum is about 0.035: five standard errors.
  assert.ok(Math.abs(sum / trials - luckyBest(0.7, { examples: 32, settings: 10 })) < (5 * 0.035) / Math.sqrt(trials));
});

test("refuses what is no accuracy or no number of settings", () => {
  assert.throws(() => luckyBest(70, { examples: 32, settings: 2 }), /an accuracy is from 0 to 1, not 70/);
  assert.throws(
    () => luckyBest(0.7, { examples: 0, settings: 2 }),
    /examples must be a whole number of at least 1, not 0/,
  );
});
