import assert from "node:assert/strict";
import { test } from "node:test";
import { levelChange, levelSentence, levelVerdict, type LevelValue } from "../../src/behavior/level-change";

const value = (task: string, seed: number, level: number, value: number): LevelValue => ({ task, seed, level, value });

test("a task counts once, with the seeds that both ends have; levels between are left out", () => {
  const values = [
    value("a", 1, 0, 1),
    value("a", 2, 0, 3),
    value("a", 3, 0, 100),
    value("a", 1, 0.6, 0),
    value("a", 2, 0.6, 2),
    value("a", 1, 0.3, 50),
    value("b", 1, 0, 5),
    value("b", 1, 0.6, 2),
    value("c", 1, 0, 9),
  ];
  const found = levelChange(values)!;
  assert.deepEqual(found.levels, [0, 0.6]);
  assert.deepEqual(found.tasks, [
    { task: "a", seeds: 2, low: 2, high: 1 },
    { task: "b", seeds: 1, low: 5, high: 2 },
  ]);
  // Changes −1 and −3: their standard deviation (ddof 1) is √2, over √2 tasks.
  assert.equal(found.change, -2);
  assert.ok(Math.abs(found.standardError - 1) < 1e-12);
});

test("a change is decided beyond two standard errors, in either direction", () => {
  const change = (size: number, standardError: number) => ({
    levels: [0, 1] as [number, number],
    tasks: [],
    change: size,
    standardError,
  });
  assert.equal(levelVerdict(change(-3, 1), "falls"), "as predicted");
  assert.equal(levelVerdict(change(-3, 1), "rises"), "against the prediction");
  assert.equal(levelVerdict(change(3, 1), "falls"), "against the prediction");
  assert.equal(levelVerdict(change(-2, 1), "falls"), "undecided");
  assert.equal(levelVerdict(change(-3, NaN), "falls"), "undecided", "a single task");
});

test("the sentence has the numbers and the verdict", () => {
  const values = ["a", "b", "c"].flatMap((task, i) => [value(task, 1, 0, 0.5), value(task, 1, 0.6, 0.4 - 0.01 * i)]);
  assert.equal(
    levelSentence("Error", values, "falls"),
    "Error: falls on 3 of 3 tasks; on average 0.50 at 0, 0.39 at 0.6, down by 0.11 ± 0.0058: as predicted.",
  );
  assert.equal(
    levelSentence("Share", [value("a", 1, 0, 0.5), value("a", 1, 1, 0.25)], "rises"),
    "Share: rises on 0 of 1 task; on average 0.50 at 0, 0.25 at 1, down by 0.25: undecided.",
  );
  assert.equal(
    levelSentence(
      "Error",
      values.filter(({ level }) => level === 0),
      "falls",
    ),
    "Error: not measured at two levels.",
  );
  assert.equal(levelChange([]), undefined);
});
