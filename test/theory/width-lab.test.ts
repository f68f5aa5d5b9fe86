import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  widthLab,
  widthLabSteps,
  widthSettingName,
  WIDTH_SETTINGS,
  type WidthRecord,
  type WidthSetting,
} from "../../src/theory/width-lab";
import { expectedSlope, widthSlopes, type WidthMeasure } from "../../src/theory/width-slopes";
import { initialDeviations, widthRates } from "../../src/theory/width-scaling";
import { gradientsOf, randomNetwork, weightedKernel } from "../../src/theory/wide-network";

const lazy: WidthSetting[] = [
  { start: "lazy", exponent: 0, optimizer: "sgd" },
  { start: "lazy", exponent: 0, optimizer: "signgd" },
];
const natural: WidthSetting[] = [
  { start: "pretrained", exponent: 0.5, optimizer: "sgd" },
  { start: "pretrained", exponent: 0.5, optimizer: "signgd" },
];
const standard: WidthSetting[] = [
  { start: "new head", exponent: 0, optimizer: "sgd" },
  { start: "new head", exponent: 0, optimizer: "signgd" },
];

describe("the width experiment", () => {
  it("has theory's slopes on widths 64 … 512", async (t) => {
    const records = await widthLab({
      widths: [64, 128, 256, 512],
      seeds: [1, 2, 3],
      settings: [...lazy, ...natural, ...standard],
    });
    const slopes = widthSlopes(records);
    for (const { setting, measure, slope, standardError, expected } of slopes)
      t.diagnostic(`${setting}, ${measure}: ${slope.toFixed(2)} ± ${standardError.toFixed(2)}, expected ${expected}`);
    const slopeOf = (setting: WidthSetting, measure: WidthMeasure): number =>
      slopes.find((row) => row.setting === widthSettingName(setting) && row.measure === measure)!.slope;
    for (const setting of lazy) {
      // A sum over n units of either sign scatters by itself where the gradients' norm does not.
      for (const [measure, tolerance] of [
        ["gradientDistance", 0.15],
        ["linearizationError", 0.4],
        ["kernelDistance", 0.4],
      ] as const) {
        const expected = expectedSlope(setting, measure);
        assert.ok(
          Math.abs(slopeOf(setting, measure) - expected) < tolerance,
          `${widthSettingName(setting)}: ${measure} has slope ${slopeOf(setting, measure)}, expected ${expected}`,
        );
      }
    }
    for (const [place, setting] of natural.entries()) {
      // Halfway between the slopes that are expected of a natural task and of a new head's, which are −0.5 and 0.
      assert.ok(
        slopeOf(setting, "linearizationError") < -0.25 && slopeOf(standard[place], "linearizationError") > -0.25,
        widthSettingName(setting),
      );
      assert.ok(
        slopeOf(setting, "gradientDistance") < -0.25 && slopeOf(standard[place], "gradientDistance") > -0.25,
        widthSettingName(setting),
      );
    }
    for (const { fitted, start, sourceResidual } of records) {
      assert.ok(Math.abs(fitted - 0.5) <= 1e-4);
      assert.ok(start === "lazy" ? sourceResidual === 1 : sourceResidual <= 0.1);
    }
  });

  it("a record depends on its width, seed and setting only, and is the same again", async () => {
    const small = { inputs: 4, examples: { source: 3, train: 4, heldOut: 5 } };
    const seen: [number, number][] = [];
    const all = await widthLab({
      ...small,
      widths: [16, 32],
      seeds: [1, 2],
      settings: [...WIDTH_SETTINGS],
      onRecord: (_record, done, total) => seen.push([done, total]),
    });
    assert.equal(all.length, 40);
    assert.deepEqual(
      seen,
      all.map((_, i) => [i + 1, 40]),
    );
    const [again] = await widthLab({ ...small, widths: [32], seeds: [2], settings: [WIDTH_SETTINGS[7]] });
    const expected = all.find((record) => record.width === 32 && record.seed === 2 && record.setting === again.setting);
    assert.deepEqual(again, expected);
    assert.notDeepEqual(all[0].linearizationError, all[10].linearizationError);
    assert.equal(widthSlopes(all).length, 10 * 3);
    assert.deepEqual(widthSlopes([again]), []);
  });

  it("has smaller errors for a smaller change of f", async () => {
    const [half, tenth] = await Promise.all(
      [0.5, 0.1].map((fitted) => widthLab({ widths: [64], seeds: [1], settings: [standard[0]], fitted })),
    );
    assert.ok(
      tenth[0].change < half[0].change &&
        tenth[0].linearizationError < half[0].linearizationError &&
        tenth[0].gradientDistance < half[0].gradientDistance,
    );
  });

  it("stops when it is told to", async () => {
    const controller = new AbortController();
    const run = widthLab(
      { widths: [256], seeds: [1, 2, 3], onRecord: () => controller.abort(new Error("enough")) },
      controller.signal,
    );
    await assert.rejects(run, /enough/);
    let pauses = 0;
    for (const steps = widthLabSteps({ widths: [16], seeds: [1], settings: [lazy[0]] }); !steps.next().done;) pauses++;
    assert.ok(pauses > 10, `${pauses} pauses`);
  });

  it("leaves training that did not get far enough out of the slopes", async () => {
    const records = await widthLab({ widths: [16, 32], seeds: [1], settings: [lazy[0]], maxSteps: 1 });
    assert.ok(records.every(({ fitted, steps }) => fitted < 0.49 && steps === 1));
    assert.deepEqual(widthSlopes(records), []);
  });

  it("names what cannot be run", async () => {
    await assert.rejects(widthLab({ widths: [0] }), /width that is a whole number .* not 0/);
    await assert.rejects(widthLab({ seeds: [] }), /at least one width, one seed/);
    await assert.rejects(widthLab({ seeds: [-1] }), /seed must be .* not -1/);
    await assert.rejects(widthLab({ fitted: 1 }), /"fitted" is a share/);
    await assert.rejects(widthLab({ settings: [{ ...lazy[0], exponent: -1 }] }), /exponent .* not -1/);
    await assert.rejects(widthLab({ rates: { pretraining: 1, sgd: 0, signgd: 1 } }), /"sgd" must be a number above 0/);
  });
});

describe("expectedSlope", () => {
  it("is the argument of the doc comment", () => {
    const table: [WidthRecord["start"], number, number, number][] = [
      ["pretrained", 0.5, -0.5, -0.5],
      ["pretrained", 0, 0, 0],
      ["new head", 0, 0, 0],
      ["new head", 0.5, -1, -0.5],
      ["new head", 0.25, -0.5, -0.25],
      ["lazy", 0, -1, -0.5],
    ];
    for (const [start, exponent, error, gradients] of table) {
      assert.equal(expectedSlope({ start, exponent }, "linearizationError"), error, `${start}, ${exponent}`);
      assert.equal(expectedSlope({ start, exponent }, "kernelDistance"), error);
      assert.equal(expectedSlope({ start, exponent }, "gradientDistance"), gradients);
    }
  });
});

describe("widthRates", () => {
  for (const parameterization of ["mup", "lazy"] as const) {
    it(`${parameterization}: one step moves f by as much at every width, each weight for itself`, () => {
      const inputs = 8;
      const point = Float64Array.from({ length: inputs }, (_, i) => Math.SQRT2 * Math.sin(2 * i + 1));
      for (const layer of ["input", "hidden", "output"] as const) {
        for (const optimizer of ["sgd", "signgd"] as const) {
          const moves = [64, 1024].map((width) => {
            const gradients = gradientsOf(
              randomNetwork(width, inputs, initialDeviations(parameterization, width, inputs), 3),
              [point],
            );
            const rates = {
              input: 0,
              hidden: 0,
              output: 0,
              [layer]: widthRates(parameterization, optimizer, width, inputs)[layer],
            };
            // By how much f moves for χ = 1, to first order: the kernel's diagonal.
            return weightedKernel(gradients, gradients, rates, optimizer === "signgd")[0];
          });
          // A rate off by n^(1/2) would make it a factor of 4; 64 random units leave 20 to 30 %.
          assert.ok(
            moves[0] > 0.01 && Math.abs(Math.log(moves[1] / moves[0])) < Math.log(1.8),
            `${optimizer}, ${layer}: ${moves.join(", ")}`,
          );
        }
      }
    });
  }
});
