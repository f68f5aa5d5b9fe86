/** Power laws: straight lines in a log–log plot, by least squares. */
import { InputError } from "../errors";
import { mean } from "../solvers/metrics";

/** y ≈ exp(intercept) · x^slope. */
export interface FittedSlope {
  slope: number;
  /** Of the slope, from the scatter of the points around their line. NaN where no point is left over to tell it. */
  standardError: number;
  /** Natural logarithm of y at x = 1; the points' mean line, where there are groups. */
  intercept: number;
  points: number;
}

/**
 * The least-squares line through (log x, log y).
 *
 * @param groups of each point: lines are parallel, each group with its own intercept. Points of one seed are all too high or too
 *   low together; so the standard error does not count that as scatter.
 * @throws if no group has two different x, or a number is not above 0
 */
export function fittedSlope(
  x: readonly number[],
  y: readonly number[],
  groups: readonly (string | number)[] = x.map(() => 0),
): FittedSlope {
  if (x.length !== y.length || x.length !== groups.length)
    throw new InputError(`a slope needs as many x as y and groups, not ${x.length}, ${y.length} and ${groups.length}`);
  const wrong = [...x, ...y].find((value) => !(value > 0 && Number.isFinite(value)));
  if (wrong !== undefined) throw new InputError(`a log–log slope needs numbers above 0, not ${wrong}`);
  const [u, v] = [x.map(Math.log), y.map(Math.log)];
  const names = [...new Set(groups)];
  const centred = (values: number[]): number[] => {
    const means = new Map(names.map((name) => [name, mean(values.filter((_, i) => groups[i] === name))]));
    return values.map((value, i) => value - means.get(groups[i])!);
  };
  const [du, dv] = [centred(u), centred(v)];
  if (!names.some((name) => new Set(x.filter((_, i) => groups[i] === name)).size > 1))
    throw new InputError("a slope needs at least two different x");
  const spread = du.reduce((sum, value) => sum + value ** 2, 0);
  const slope = du.reduce((sum, value, i) => sum + value * dv[i], 0) / spread;
  const residual = du.reduce((sum, value, i) => sum + (dv[i] - slope * value) ** 2, 0);
  const freedom = x.length - names.length - 1;
  return {
    slope,
    standardError: freedom > 0 ? Math.sqrt(residual / freedom / spread) : NaN,
    intercept: mean(v) - slope * mean(u),
    points: x.length,
  };
}
