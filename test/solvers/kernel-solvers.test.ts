import { describe, test } from "node:test";
import assert from "node:assert/strict";
import { solveAsymmetric } from "../../src/solvers/asymmetric-least-squares";
import { choiceModel } from "../../src/solvers/choice-model";
import { solveDual } from "../../src/solvers/dual-problem";
import { INVERSE_PENALTIES, stratifiedFolds } from "../../src/solvers/cross-validation";
import { logisticLoss, prepareLogistic } from "../../src/solvers/logistic";
import { predictedClasses, type Predictions } from "../../src/solvers/metrics";
import { prepareSolver, SOLVERS, type Solver } from "../../src/solvers/solver";
import { hingeLoss, solveSupportClassifier, solveSupportRegression } from "../../src/solvers/support-vectors";
import { cases, folds, relativeDifference, type SolverCase, type StoredSolution } from "./kernel-solver-fixture";

const settingOf = ({ regularization, f0, gamma, lambda }: StoredSolution) => ({
  regularization,
  ...(f0 ? { f0 } : {}),
  ...(gamma ? { gamma, lambda } : {}),
});
const near = (actual: ArrayLike<number>, expected: ArrayLike<number>, limit: number, where: string): void => {
  const difference = relativeDifference(actual, expected);
  assert.ok(difference <= limit, `${where}: differs by ${difference}, allowed ${limit}`);
};

/** Every stored solution of a solver, with the name of its case and setting. */
function* stored(solver: Solver): Generator<[SolverCase, StoredSolution, string]> {
  for (const own of cases) {
    for (const solution of own.solutions.filter((one) => one.solver === solver)) {
      yield [own, solution, `${own.name}, ${JSON.stringify(settingOf(solution))} ${solution.multiClass ?? ""}`];
    }
  }
}

describe("solvers agree with the libraries", () => {
  test("the cases are the binary margin, two, three and six outputs, and singular kernels, with finite and infinite f0", () => {
    assert.deepEqual([...new Set(cases.map(({ outputs }) => outputs))], [1, 2, 3, 6]);
    assert.ok(cases.some(({ name }) => name.includes("rank")));
    for (const solver of ["lstsq", "asym", "svr"] as const)
      assert.deepEqual(new Set([...stored(solver)].map(([, { f0 }]) => f0)), new Set([10, null]));
  });

  test("least squares: numpy.linalg.lstsq and torch.linalg.lstsq", () => {
    for (const [{ symmetric }, solution, where] of stored("lstsq")) {
      const { values } = prepareSolver("lstsq", symmetric.train).fit(settingOf(solution))(symmetric.evaluate);
      // Two libraries agree to about 5e-15 here.
      near(values, solution.numpy!, 1e-13, where);
      near(values, solution.torch!, 1e-13, where);
    }
  });

  test("asymmetric least squares: the authors' system solved by torch.linalg.lstsq", () => {
    for (const [{ asymmetric }, solution, where] of stored("asym")) {
      const { values } = prepareSolver("asym", asymmetric.train).fit(settingOf(solution))(asymmetric.evaluate);
      near(values, solution.float64!, 1e-12, where);
      // The authors' H is rounded to float32 (6e-8), and near 1/γ = σ the system magnifies that.
      near(values, solution.float32!, 1e-4, `${where}, float32`);
    }
  });

  test("logistic on kernel rows: the optimum, the chosen penalty and every fold's accuracy of LogisticRegressionCV", () => {
    const chosen = new Set<number>();
    for (const [{ outputs, symmetric }, solution, where] of stored("logistic")) {
      // Four fits of 0.5 million numbers an iteration take seconds; one is enough.
      if (outputs === 6 && solution.regularization === 0) continue;
      const fit = prepareLogistic(symmetric.train)({
        regularization: solution.regularization,
        multiClass: solution.multiClass,
      });
      const predictions = fit.predict(symmetric.evaluate);
      assert.equal(fit.inversePenalty.toPrecision(12), solution.inversePenalty!.toPrecision(12), where);
      near(fit.foldAccuracy, solution.foldAccuracy!, 1e-12, `${where}, folds`);
      const values = solution.margins ? margins(predictions, outputs) : predictions.values;
      near(values, solution.optimum!, 1e-11, where);
      if (solution.lbfgs) {
        assert.equal(
          solution.lbfgs.inversePenalty.toPrecision(12),
          fit.inversePenalty.toPrecision(12),
          `${where}, L-BFGS`,
        );
        // The authors' call stops early: up to 7 % from the optimum under the strongest penalty, 0.1 % elsewhere.
        near(
          values,
          solution.lbfgs.values,
          fit.inversePenalty === INVERSE_PENALTIES[0] ? 0.1 : 2e-3,
          `${where}, L-BFGS`,
        );
      }
      chosen.add(fit.inversePenalty);
    }
    assert.ok(chosen.size >= 4, "the cases choose different penalties");
  });

  test("support vector classifier: the decision function of SVC, and its classes at its default tolerance", () => {
    for (const [{ symmetric, outputs }, solution, where] of stored("svc")) {
      const { regularization } = solution;
      const tight = solveSupportClassifier(symmetric.train, symmetric.evaluate, { regularization, tolerance: 1e-10 });
      // libsvm keeps the kernel in float32, 6e-8 from what it is.
      near(tight.values, solution.tight!, 2e-6, where);
      const plain = prepareSolver("svc", symmetric.train).fit({ regularization })(symmetric.evaluate);
      const signs = margins(plain, outputs, false).map((value) => (value > 0 ? 1 : -1));
      assert.deepEqual(
        signs,
        solution.predicted!.map((value) => (value > 0 ? 1 : -1)),
        where,
      );
    }
  });

  test("support vector regression: the predictions of SVR", () => {
    for (const [{ symmetric }, solution, where] of stored("svr")) {
      const setting = settingOf(solution);
      const tight = solveSupportRegression(symmetric.train, symmetric.evaluate, { ...setting, tolerance: 1e-10 });
      // A singular kernel magnifies libsvm's float32.
      near(tight.values, solution.tight!, 2e-5, where);
      // libsvm's default tolerance is 1e-3.
      near(
        prepareSolver("svr", symmetric.train).fit(setting)(symmetric.evaluate).values,
        solution.default!,
        2e-2,
        `${where}, default`,
      );
    }
  });

  test("folds: StratifiedKFold without shuffling", () => {
    for (const { labels, folds: expected } of folds) assert.deepEqual(stratifiedFolds(labels, 5), expected);
    assert.throws(() => stratifiedFolds([0, 1, 0, 1], 5), /at least 5 examples of a class; the most there are is 2/);
  });
});

describe("what the solvers promise", () => {
  const [margin] = cases;
  const three = cases.find(({ outputs }) => outputs === 3)!;

  test("asymmetric least squares: λ = 1 and λ = 0 are the two predictors, and λ mixes them", () => {
    const { train, evaluate } = three.asymmetric;
    const at = (lambda: number) =>
      solveAsymmetric(train, evaluate, { regularization: 0.01, f0: 100, gamma: 2, lambda }).values;
    const mixed = at(1).map((value, i) => 0.25 * value + 0.75 * at(0)[i]);
    near(at(0.25), mixed, 1e-14, "λ = 0.25");
    assert.ok(relativeDifference(at(0), at(1)) > 0.01);
  });

  test("asymmetric least squares at 1/γ equal to a singular value gives the minimum-norm solution, not infinity", () => {
    // H = [1], γ = 1: [1 1; 1 1] (α, β) = (1, 1), whose smallest solution is (½, ½).
    const one = { values: Float64Array.from([1]), shape: [1, 1, 1, 1] as [number, number, number, number] };
    const { values } = solveAsymmetric(
      { kernel: one, labels: [1] },
      { kernel: one, flipped: one },
      { regularization: 0, lambda: 1 },
    );
    near(values, [-0.5, 0.5], 1e-15, "singular system");
  });

  test("the multinomial model of two outputs is the binary one of their difference", () => {
    const { train, evaluate } = cases.find(({ outputs }) => outputs === 2)!.symmetric;
    const fit = prepareLogistic(train)({ regularization: 0 });
    assert.equal(fit.weights.length, train.kernel.shape[0] * 2);
    assert.equal(fit.intercepts[0], 0);
    const loss = logisticLoss(fit.predict({ kernel: train.kernel }), train.labels, 2);
    assert.ok(loss > 0 && loss < Math.log(2), String(loss));
    assert.equal(predictedClasses(fit.predict(evaluate)).length, evaluate.kernel.shape[2]);
  });

  test("the logistic optimum has no gradient left, whatever the kernel's scale and the penalty", () => {
    // scikit-learn's Newton solver stops short of it at the larger scales, so the condition itself is the oracle.
    const { kernel, labels } = margin.symmetric.train;
    const size = labels.length;
    for (const scale of [1e-3, 1, 1e4, 1e8]) {
      const rows = Array.from({ length: size }, (_, i) =>
        kernel.values.slice(i * size, (i + 1) * size).map((value) => scale * value),
      );
      for (const inversePenalty of [1e-4, 1, 1e4]) {
        const { weights, intercepts } = choiceModel({ rows, alternatives: 1, chosen: labels })(inversePenalty);
        const residuals = labels.map((label, i) => {
          const score = rows[i].reduce((sum, value, p) => sum + value * weights[p], intercepts[0]);
          return label === 1 ? -1 / (1 + Math.exp(score)) : 1 / (1 + Math.exp(-score));
        });
        // w = −c Σ residual · row: both sides are computed, so the difference is rounding of the scores, which e^score magnifies.
        const implied = weights.map(
          (_, p) => -inversePenalty * residuals.reduce((sum, residual, i) => sum + residual * rows[i][p], 0),
        );
        near(implied, weights, 1e-9, `scale ${scale}, inverse penalty ${inversePenalty}`);
        const balance = residuals.reduce((sum, residual) => sum + residual, 0) / Math.max(...residuals.map(Math.abs));
        assert.ok(Math.abs(balance) < 1e-9, `intercept: ${balance}`);
      }
    }
  });

  test("the dual problem: in the box, on the plane, and no pair of variables can improve by more than the tolerance", () => {
    const { kernel, labels } = cases.find(({ name }) => name.startsWith("margin, rank"))!.symmetric.train;
    const size = labels.length;
    const signs = Float64Array.from(labels, (label) => 2 * label - 1);
    const rows = Array.from({ length: size }, (_, i) =>
      kernel.values.slice(i * size, (i + 1) * size).map((value, j) => signs[i] * signs[j] * value),
    );
    const [cost, tolerance] = [0.5, 1e-9];
    const { alpha, rho } = solveDual({
      row: (i) => rows[i],
      linear: new Float64Array(size).fill(-1),
      signs,
      cost,
      tolerance,
    });
    assert.ok(alpha.every((value) => value >= 0 && value <= cost));
    assert.ok(
      alpha.includes(0) && alpha.includes(cost) && alpha.some((value) => value > 0 && value < cost),
      "the case has variables at both bounds and between",
    );
    assert.ok(Math.abs(alpha.reduce((sum, value, i) => sum + value * signs[i], 0)) < 1e-15);
    // The conditions again, from the solution alone: f(x_i) y_i is 1 inside the box, at least 1 at 0 and at most 1 at the cost.
    rows.forEach((row, i) => {
      const margin = row.reduce((sum, value, j) => sum + value * alpha[j], 0) - rho * signs[i];
      if (alpha[i] < cost) assert.ok(margin > 1 - tolerance, `${i}: ${margin}`);
      if (alpha[i] > 0) assert.ok(margin < 1 + tolerance, `${i}: ${margin}`);
    });
  });

  test("losses: hinge and cross-entropy in nats", () => {
    const scores = { values: Float64Array.from([-0.5, 0.5, 2, -2]), shape: [2, 2] as [number, number] };
    assert.equal(hingeLoss(scores, [1, 1], 1), (0.5 + 3) / 2);
    assert.equal(hingeLoss(scores, [1, 0], 2), (0.5 + 0.5 + 0 + 0) / 4);
    near(
      [logisticLoss(scores, [1, 0], 1)],
      [(Math.log1p(Math.exp(-0.5)) + Math.log1p(Math.exp(-2))) / 2],
      1e-15,
      "binary",
    );
    near(
      [logisticLoss(scores, [1, 0], 2)],
      [(Math.log1p(Math.exp(-1)) + Math.log1p(Math.exp(-4))) / 2],
      1e-15,
      "softmax",
    );
  });

  test("bad settings and kernels are refused with their cause", () => {
    const fit =
      (solver: Solver, setting: object, own = margin.symmetric) =>
      () =>
        prepareSolver(solver, own.train).fit({ regularization: 0, ...setting })(own.evaluate);
    const cases: [() => unknown, RegExp][] = [
      [fit("logistic", { f0: 10 }), /logistic does not use the pretrained logits: f0 must be infinite, not 10/],
      [fit("svc", { f0: 10 }), /svc does not use the pretrained logits/],
      [
        () => prepareSolver("svc", margin.symmetric.train, { multiClass: "authors" }),
        /the multi-class option belongs to the solver logistic, not to svc/,
      ],
      [fit("lstsq", { gamma: 1 }), /γ \(gamma\) belongs to the solver asym, not to lstsq/],
      [fit("svr", { lambda: 1 }), /λ \(lambda\) belongs to the solver asym, not to svr/],
      [fit("asym", {}, margin.asymmetric), /asym mixes two predictors: give λ \(lambda\)/],
      [fit("asym", { lambda: 2 }, margin.asymmetric), /λ must be given, a number from 0 to 1; it is 2/],
      [fit("asym", { lambda: 1, gamma: 0 }, margin.asymmetric), /γ must be a number above 0, not 0/],
      [fit("asym", { lambda: 1 }), /also needs the flipped evaluation kernel/],
      [
        fit("svr", { f0: 10 }, { ...margin.symmetric, train: { ...margin.symmetric.train, logits: undefined } }),
        /finite f0 needs the train logits/,
      ],
      ...SOLVERS.map((solver): [() => unknown, RegExp] => [
        fit(
          solver,
          { regularization: -1, ...(solver === "asym" ? { lambda: 1 } : {}) },
          solver === "asym" ? margin.asymmetric : margin.symmetric,
        ),
        /regularization must be a number of at least 0, not -1/,
      ]),
      [
        () => prepareSolver("svc", margin.asymmetric.train),
        /need a symmetric train kernel; entries \[\d+, \d+\] .* Use the sgd or signgd kernel/,
      ],
      [
        () =>
          solveSupportRegression(margin.symmetric.train, margin.symmetric.evaluate, { regularization: 0, epsilon: -1 }),
        /ε must be a number of at least 0/,
      ],
      [
        () => solveSupportClassifier(margin.symmetric.train, margin.symmetric.evaluate, { regularization: 0, cost: 0 }),
        /cost must be a number above 0/,
      ],
      [
        () =>
          solveSupportClassifier(
            { ...margin.symmetric.train, labels: margin.symmetric.train.labels.map(() => 1) },
            margin.symmetric.evaluate,
            { regularization: 0 },
          ),
        /training examples of every class/,
      ],
      [
        fit(
          "logistic",
          {},
          {
            ...margin.symmetric,
            train: { ...margin.symmetric.train, labels: margin.symmetric.train.labels.map(() => 1) },
          },
        ),
        /fold 1 leaves one class only to fit/,
      ],
    ];
    for (const [run, message] of cases) assert.throws(run, message);
    for (const solver of SOLVERS) {
      const own = { ...margin.asymmetric, train: { ...margin.symmetric.train, labels: [0] } };
      assert.throws(
        fit(solver, solver === "asym" ? { lambda: 1 } : {}, own),
        /20 training examples, but there are 1 labels/,
        solver,
      );
    }
  });
});

/** The score of class 1 over class 0, or (`difference` false) of each output as it is; of a margin's two logits the second. */
function margins({ values, shape: [examples, classes] }: Predictions, outputs: number, difference = true): number[] {
  if (outputs > 1 && !difference) return Array.from(values);
  return Array.from(
    { length: examples },
    (_, i) => values[i * classes + 1] - (outputs === 1 ? 0 : values[i * classes]),
  );
}
