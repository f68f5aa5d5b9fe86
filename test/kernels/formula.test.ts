import assert from "node:assert/strict";
import { test } from "node:test";
import { FORMULAS, KERNEL_NAMES, mirrorOf, signsOf, takesSigns, withoutMirrors } from "../../src/kernels/formula";

test("a formula's mirror image has its signs on the other sides; the symmetric ones are their own", () => {
  for (const formula of FORMULAS) {
    assert.equal(mirrorOf(mirrorOf(formula)), formula);
    const { train, evaluate } = signsOf(formula);
    assert.deepEqual(signsOf(mirrorOf(formula)), { train: evaluate, evaluate: train });
    assert.equal(mirrorOf(formula) === formula, train === evaluate, formula);
    assert.equal(takesSigns(formula), formula !== "sgd");
  }
  assert.equal(mirrorOf("asymmetric_signgd"), "asymmetric_signgd_flipped");
  assert.equal(new Set(FORMULAS.map((formula) => JSON.stringify(signsOf(formula)))).size, FORMULAS.length);
  assert.equal(new Set(Object.values(KERNEL_NAMES)).size, FORMULAS.length);
});

test("of two mirror images the first of the table is computed", () => {
  assert.deepEqual(withoutMirrors(["asymmetric_signgd_flipped"]), ["asymmetric_signgd"]);
  assert.deepEqual(withoutMirrors(["asymmetric_signgd_flipped", "sgd", "asymmetric_signgd"]), [
    "asymmetric_signgd",
    "sgd",
  ]);
});
