import assert from "node:assert/strict";
import { test } from "node:test";
import { sweepFindings, sweepMarkdown } from "../../src/sweep/sweep-findings";
import { methodGaps, taskGains } from "../../src/sweep/sweep-gains";
import { chosenRows, type SweepRow } from "../../src/sweep/sweep-table";

type Made = Pick<SweepRow, "method" | "kind"> & Partial<SweepRow>;
const METHODS: Record<string, Made> = {
  "zero-shot": { method: "zero-shot", kind: "zero-shot" },
  threshold: { method: "threshold", kind: "best-threshold" },
  probe: { method: "probe", kind: "linear-probe", input: "text" },
  SGD: { method: "SGD", kind: "fine-tuning", setting: { optimizer: "sgd" } },
  AdamW: { method: "AdamW", kind: "fine-tuning", setting: { optimizer: "adamw" } },
  K: { method: "K", kind: "kernel", setting: { formula: "sgd", solver: "lstsq" } },
  "K sign": { method: "K sign", kind: "kernel", setting: { formula: "signgd", solver: "lstsq" } },
  "plain K": { method: "plain K", kind: "kernel", input: "text", setting: { formula: "sgd", solver: "lstsq" } },
};
const row = (task: string, seed: number, method: string, score: number, others: Partial<SweepRow> = {}): SweepRow => ({
  task,
  k: 16,
  seed,
  input: "prompt",
  setting: {},
  testExamples: 100,
  modelHash: "0123456789abcdef",
  dev: 0.5,
  test: score,
  devAccuracy: 0.5,
  testAccuracy: score,
  ...METHODS[method],
  ...others,
});
/** Rows of one task: scores over draws 1, 2, … by method. */
const rowsOf = (task: string, scores: Record<string, number[]>): SweepRow[] =>
  Object.entries(scores).flatMap(([method, own]) => own.map((score, i) => row(task, i + 1, method, score)));
const near = (actual: number | undefined, expected: number): void =>
  assert.ok(Math.abs(actual! - expected) < 1e-12, `${actual}, not ${expected}`);

test("of every draw the first setting that is best on dev is chosen, and one that failed is not", () => {
  const of = (dev: number | undefined, score: number | undefined, seed = 1): SweepRow =>
    row("mr", seed, "SGD", 0, { dev, test: score });
  const rows = [of(0.7, 0.9), of(0.9, 0.8), of(0.9, 0.7), of(undefined, undefined), of(0.1, 0.2, 2)];
  assert.deepEqual(chosenRows(rows), [rows[1], rows[4]]);
});

const options = { kernel: "K", fineTuning: "SGD", smallestGain: 0.05, reached: 0.9 };

test("gains are means over the draws that all have, and a share is a ratio of means", () => {
  const [trec, mr, subj, cr] = taskGains(
    [
      // Draw 3 lacks its kernel: it counts for nothing.
      ...rowsOf("trec", {
        "zero-shot": [0.5, 0.3, 0.1],
        threshold: [0.5, 0.4, 0.1],
        probe: [0.9, 0.9, 0.1],
        SGD: [0.9, 0.5, 0.1],
        K: [0.8, 0.6],
      }),
      ...rowsOf("mr", { "zero-shot": [0.5], SGD: [0.52], K: [0.9] }),
      ...rowsOf("subj", { "zero-shot": [0.5], threshold: [0.68], SGD: [0.7], K: [0.62] }),
      ...rowsOf("cr", { "zero-shot": [0.5], SGD: [0.7], K: [0.5] }),
      ...rowsOf("rte", { "zero-shot": [0.5] }),
    ],
    options,
  );
  assert.equal(trec.seeds, 2);
  near(trec.gain, 0.3);
  near(trec.gainStd, 0.1);
  near(trec.kernelGain, 0.3);
  near(trec.kernelGainStd, 0);
  near(trec.thresholdGain, 0.05);
  near(trec.probeGain, 0.5);
  near(trec.share, 1);
  near(trec.ratio, 1);
  assert.deepEqual([trec.needsLearning, trec.verdict], [true, "explained"]);
  assert.deepEqual(
    [mr.share, mr.needsLearning, mr.probeGain, mr.verdict],
    [undefined, undefined, undefined, "no gain"],
  );
  near(subj.share, 0.6);
  assert.deepEqual([subj.needsLearning, subj.verdict], [false, "in part"]);
  assert.deepEqual([cr.share, cr.verdict], [0, "not explained"]);
  assert.throws(
    () => taskGains(rowsOf("mr", { "zero-shot": [0.5], K: [0.5] }), options),
    /no results of "SGD"; there are: zero-shot, K/,
  );
  assert.throws(
    () => taskGains(rowsOf("mr", { SGD: [0.5], K: [0.5] }), options),
    /no results of a method of kind "zero-shot"/,
  );
});

test("the gap of two methods is over the tasks and draws that have both", () => {
  const rows = [
    ...rowsOf("mr", { SGD: [0.5, 0.7], K: [0.5] }),
    ...rowsOf("cr", { SGD: [0.5], K: [0.52] }),
    ...rowsOf("subj", { SGD: [0.5] }),
  ];
  const [gap, ...others] = methodGaps(
    rows,
    [
      ["SGD", "K"],
      ["SGD", "probe"],
    ],
    0.01,
  );
  assert.deepEqual(others, []);
  assert.deepEqual([gap.first, gap.second, gap.tasks, gap.near], ["SGD", "K", 2, 1]);
  near(gap.difference, 0.01);
  near(gap.distance, 0.01);
});

const results = [
  ...rowsOf("mr", {
    "zero-shot": [0.6, 0.6],
    threshold: [0.65, 0.65],
    probe: [0.9, 0.9],
    SGD: [0.7, 0.8],
    AdamW: [0.7, 0.7],
    K: [0.74, 0.74],
    "K sign": [0.74, 0.74],
    "plain K": [0.6, 0.6],
  }),
  ...rowsOf("sst-2", {
    "zero-shot": [0.7],
    threshold: [0.7],
    probe: [0.6],
    SGD: [0.75],
    AdamW: [0.8],
    K: [0.6],
    "K sign": [0.6],
    "plain K": [0.59],
  }),
];

test("findings are judged by means over draws, of methods that belong together", () => {
  const found = Object.fromEntries(sweepFindings(results).map(({ text, holds, of }) => [text, [holds.join(), of]]));
  assert.deepEqual(found, {
    "SGD is at least 8 points above zero-shot": ["mr", 2],
    "SGD is at least 8 points above threshold": ["mr", 2],
    "SGD is at least 8 points above probe": ["sst-2", 2],
    "AdamW is at least 8 points above zero-shot": ["mr,sst-2", 2],
    "AdamW is at least 8 points above threshold": ["sst-2", 2],
    "AdamW is at least 8 points above probe": ["sst-2", 2],
    "K reaches at least 90 % of SGD": ["mr", 2],
    "K has at least 90 % of SGD's gain over zero-shot, where that is at least 8 points": ["mr", 1],
    "K sign reaches at least 90 % of AdamW": ["mr", 2],
    "K sign has at least 90 % of AdamW's gain over zero-shot, where that is at least 8 points": ["mr", 2],
    "K is at least 8 points above plain K": ["mr", 2],
  });
});

test("the page has scores, gains and shares, marks what lacks a draw, and names its protocol", () => {
  const failed = row("mr", 1, "SGD", 0, { dev: undefined, test: undefined, error: "diverged" });
  assert.match(
    sweepMarkdown(
      results.map((row) => ({ ...row, metric: "mcc" as const })),
      "small",
    ),
    new RegExp(`Scores are test accuracy \\(${results[0].task}: mcc`),
  );
  const page = sweepMarkdown([...results, failed], "small");
  const line = (text: string): void => assert.ok(page.split("\n").includes(text), `${text}\nin\n${page}`);
  assert.match(page, /^Model `small` \(0123456789ab…\)\. Protocol: `docs\/protocol\.md`/);
  line("Draws 1, 2; 100 test examples. 1 of 25 settings diverged.");
  line("| method | mr | sst-2 |");
  line("| SGD | 75.0 (5.0) | 75.0 * |");
  line("| K | +14.0 | −10.0 |");
  line("| K, SGD | 93 | – |");
  line("| K sign, AdamW | 140 | −100 |");
  line("- K reaches at least 90 % of SGD: 1 of 2 tasks (mr)");
});
