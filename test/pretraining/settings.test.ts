import assert from "node:assert/strict";
import { test } from "node:test";
import {
  checkSettings,
  DEFAULT_SETTINGS,
  partOf,
  rateAt,
  type PretrainingSettings,
} from "../../src/pretraining/settings";

const settings: PretrainingSettings = {
  ...DEFAULT_SETTINGS,
  steps: 50,
  headSteps: 20,
  headLearningRate: 0.5,
  learningRate: 0.03,
  warmupSteps: 5,
};
const rates = (change: Partial<PretrainingSettings> = {}): number[] =>
  Array.from({ length: { ...settings, ...change }.steps }, (_, step) => rateAt({ ...settings, ...change }, step));
const near = (found: number, expected: number): void =>
  assert.ok(Math.abs(found - expected) < 1e-12, `${found}, not ${expected}`);

test("each part rises to its peak in equal strides, stays below it and falls in equal strides to 0 behind its last step", () => {
  for (const [first, steps, peak] of [
    [0, 20, 0.5],
    [20, 30, 0.03],
  ]) {
    const own = rates().slice(first, first + steps);
    near(Math.max(...own), peak);
    own.slice(0, 5).forEach((rate, i) => near(rate, (peak * (i + 1)) / 5));
    // The step behind the last one would have 0.
    [...own.slice(5), 0].forEach((rate, i) => near(rate, peak * (1 - i / (steps - 5))));
  }
});

test("without warm-up a part begins at its peak; without head steps there is one part", () => {
  near(rates({ warmupSteps: 0 })[0], 0.5);
  near(rates({ warmupSteps: 0 })[20], 0.03);
  near(rates({ headSteps: 0, warmupSteps: 0 })[25], 0.015);
  assert.ok(rates({ headSteps: 0 }).every((rate) => rate > 0 && rate <= 0.03));
});

test("a warm-up that is longer than its part does not reach the peak", () => {
  const own = rates({ warmupSteps: 100 });
  assert.ok(own.every((rate) => rate > 0 && Number.isFinite(rate)));
  assert.ok(Math.max(...own.slice(0, 20)) <= (0.5 * 20) / 100 + 1e-12);
});

test("the first steps train the head only", () => {
  assert.deepEqual(
    [0, 19, 20, 49].map((step) => partOf(settings, step).headOnly),
    [true, true, false, false],
  );
  assert.equal(partOf({ ...settings, headSteps: 0 }, 0).headOnly, false);
});

test("a setting that cannot be is named with its value", () => {
  checkSettings(settings, 128);
  const wrong: [Partial<PretrainingSettings>, RegExp][] = [
    [{ steps: 0 }, /^steps 0: expected a whole number of at least 1$/],
    [{ steps: 2.5 }, /^steps 2\.5: /],
    [{ headSteps: 51 }, /^headSteps 51: expected at most all steps, 50$/],
    [{ rows: 0 }, /^rows 0: /],
    [{ length: 2 }, /^length 2: expected a whole number of at least 3$/],
    [{ length: 129 }, /^length 129: expected at most 128, the longest text that the model reads$/],
    [{ reads: 0 }, /^reads 0: /],
    [{ maskedShare: 0 }, /^maskedShare 0: expected a share above 0 and at most 1$/],
    [{ maskedShare: 1.5 }, /^maskedShare 1\.5: /],
    [{ learningRate: 0 }, /^learningRate 0: expected a number above 0$/],
    [{ headLearningRate: NaN }, /^headLearningRate NaN: /],
    [{ weightDecay: -1 }, /^weightDecay -1: /],
    [{ seed: 0.5 }, /^seed 0\.5: /],
  ];
  for (const [change, message] of wrong)
    assert.throws(() => checkSettings({ ...settings, ...change }, 128), { message }, JSON.stringify(change));
});
