import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { tf } from "../../src/model/backend";
import { erfc, erfcOf } from "../../src/model/erfc";
import { gelu } from "../../src/model/layers";
import { onEveryBackend } from "../support/backends";

/** x and erfc(x) by Python's math.erfc. */
const KNOWN = [
  [-3, 1.9999779095030015],
  [-1, 1.842700792949715],
  [0, 1],
  [0.5, 0.4795001221869535],
  [1, 0.15729920705028513],
  [2, 0.004677734981047266],
  [3, 2.209049699858544e-5],
  [5, 1.5374597944280347e-12],
  [9, 4.13703174651381e-37],
  [20, 5.395865611607901e-176],
];

describe("erfc of a number", () => {
  it("has all digits of float64 but the last", () => {
    for (const [x, expected] of KNOWN)
      assert.ok(Math.abs(erfcOf(x) / expected - 1) < 1e-13, `erfc(${x}) = ${erfcOf(x)}`);
  });

  it("goes on smoothly where the series ends", () => {
    assert.ok(Math.abs(erfcOf(2 - 1e-12) / erfcOf(2) - 1) < 1e-11);
  });
});

onEveryBackend("erfc of a tensor", () => {
  const places = Array.from({ length: 1201 }, (_, i) => Math.fround(-3 + i / 100));

  it("keeps float32's relative precision into the tail", () => {
    const values = tf.tidy(() => erfc(tf.tensor(places)).dataSync());
    // exp(-x²) of a float32 x² near 80 is right to 80 · 6e-8.
    places.forEach((x, i) =>
      assert.ok(Math.abs(values[i] / erfcOf(x) - 1) < 1e-5, `erfc(${x}) = ${values[i]}, not ${erfcOf(x)}`),
    );
  });

  it("has the gradient −2/√π exp(−x²)", () => {
    const slopes = tf.tidy(() =>
      tf
        .grad((x) => erfc(x as never) as never)(tf.tensor(places))
        .dataSync(),
    );
    places.forEach((x, i) =>
      assert.ok(Math.abs(slopes[i] - (-2 / Math.sqrt(Math.PI)) * Math.exp(-x * x)) < 1e-6, `at ${x}: ${slopes[i]}`),
    );
  });

  it("gives GELU its sign and size far below zero, where 1 + erf is zero", () => {
    const u = [-12, -9, -7, -6, -5.5, -3, -1, 0, 1, 6];
    tf.tidy(() => {
      const { output, slope } = gelu(tf.tensor(u));
      const rounded = gelu(tf.tensor(u), "rounded").output.dataSync();
      const [outputs, slopes] = [output.dataSync(), slope().dataSync()];
      u.forEach((value, i) => {
        const cdf = erfcOf(-value / Math.SQRT2) / 2;
        const expected = [value * cdf, cdf + (value * Math.exp((-value * value) / 2)) / Math.sqrt(2 * Math.PI)];
        for (const [found, wanted] of [
          [outputs[i], expected[0]],
          [slopes[i], expected[1]],
        ])
          assert.ok(Math.abs(found - wanted) <= 2e-5 * Math.abs(wanted), `at ${value}: ${found}, not ${wanted}`);
        assert.ok(Math.abs(rounded[i] - expected[0]) < 1e-6);
        if (value <= -6) assert.equal(Math.abs(rounded[i]), 0);
      });
    });
  });
});
