import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { circleInputs, fitCircle, type CircleFit } from "../../src/theory/circle-network";
import { forward, networkBetween, type WideNetwork } from "../../src/theory/wide-network";
import { widthRates } from "../../src/theory/width-scaling";
import { assertAllclose } from "../support/allclose";

const task = { angles: [30, 150, 250], targets: [1, -1, 0.5] };
const names = ["input", "hidden", "output"] as const;

/** ∂f(φ)/∂w of every weight, by central differences. */
function numericGradient(network: WideNetwork, degrees: number): Record<(typeof names)[number], number[]> {
  const x = circleInputs([degrees]);
  const h = 1e-5;
  const of = (name: (typeof names)[number]) =>
    Array.from(network[name], (_, i) => {
      const at = (step: number): number =>
        forward({ ...network, [name]: network[name].map((value, j) => (i === j ? value + step : value)) }, x)
          .outputs[0];
      return (at(h) - at(-h)) / (2 * h);
    });
  return { input: of("input"), hidden: of("hidden"), output: of("output") };
}

const dot = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from(a).reduce((sum, value, i) => sum + value * b[i], 0);

describe("a network on the circle", () => {
  it("has the linearization and the kernel that differences of f give", async () => {
    const fit = await fitCircle({ task, width: 5, seed: 3 });
    const { start, tuned } = fit.networks;
    assertAllclose([fit.fitted], [0.9], { absolute: 1e-3 });
    for (const at of [0, 17, 54]) {
      const gradient = numericGradient(start, fit.angles[at]);
      const change = names.reduce(
        (sum, name) =>
          sum +
          dot(
            gradient[name],
            tuned[name].map((value, i) => value - start[name][i]),
          ),
        0,
      );
      // Central differences of step 1e-5 are wrong by about 1e-10 of rounding and 1e-10 of third order.
      assertAllclose([fit.outputs.linearized[at]], [fit.outputs.start[at] + change], { absolute: 1e-8 });
      const rates = widthRates("lazy", "sgd", 5, 3);
      for (const [when, network] of [
        ["start", start],
        ["tuned", tuned],
      ] as const) {
        const [left, right] = [numericGradient(network, task.angles[1]), numericGradient(network, fit.angles[at])];
        const entry = names.reduce((sum, name) => sum + rates[name] * dot(left[name], right[name]), 0);
        assertAllclose([fit.kernels[when].values[fit.angles.length + at]], [entry], { absolute: 1e-8 }, `K ${when}`);
      }
    }
  });

  it("comes nearer to its linearization as it grows wider", async () => {
    const fits: CircleFit[] = [];
    for (const width of [8, 128]) fits.push(await fitCircle({ task, width, seed: 1 }));
    const [narrow, wide] = fits;
    assert.ok(wide.error < 0.5 * narrow.error, `${narrow.error} and ${wide.error}`);
    assert.ok(
      wide.change.frobenius < 0.5 * narrow.change.frobenius,
      `${narrow.change.frobenius} and ${wide.change.frobenius}`,
    );
    for (const fit of fits) {
      const { start, tuned } = fit.networks;
      assert.deepEqual(forward(networkBetween(start, tuned, 0), circleInputs(fit.angles)).outputs, fit.outputs.start);
      assertAllclose(forward(networkBetween(start, tuned, 1), circleInputs(fit.angles)).outputs, fit.outputs.tuned, {
        absolute: 1e-12,
      });
    }
  });

  it("names what does not fit", async () => {
    await assert.rejects(
      fitCircle({ task: { angles: [1, 2], targets: [1] }, width: 4, seed: 1 }),
      /2 angles and 1 targets/,
    );
    await assert.rejects(fitCircle({ task: { angles: [], targets: [] }, width: 4, seed: 1 }), /0 angles and 0 targets/);
  });
});
