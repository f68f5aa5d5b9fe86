/** Choices among alternatives, each described by a row of features. */
export interface Choices {
  /** One row an alternative of each choice, choice by choice; all of one length. */
  rows: readonly Float64Array[];
  /** Alternatives of each choice. With 1, the other alternative is "not", whose score is 0: the binary problem. */
  alternatives: number;
  /** The alternative chosen each time; 1 or 0 (not) in the binary problem. */
  chosen: readonly number[];
}

export interface ChoiceParameters {
  /** Shared by all alternatives, one a feature. */
  weights: Float64Array;
  /** One an alternative; the first of several is 0, since only differences count. */
  intercepts: Float64Array;
}

/** More than Newton's method needs where it converges at all. */
const MOST_STEPS = 200;

/**
 * Conditional logistic regression: alternative a of choice i has the score w·x_ia + b_a and the probability
 * softmax_a of the scores. Returns a function from the inverse penalty c to the parameters with the least
 *
 *     ½‖w‖² − c Σ_i log p(chosen_i)
 *
 * by Newton's method, each solution starting from the one before; so ask for penalties in order.
 */
export function choiceModel(choices: Choices): (inversePenalty: number) => ChoiceParameters {
  const { alternatives } = choices;
  const features = choices.rows[0].length;
  const free = alternatives === 1 ? 1 : alternatives - 1;
  const design = designRows(choices, features, free);
  let parameters: Float64Array = new Float64Array(features + free);
  return (inversePenalty) => {
    parameters = minimize(design, choices, features, inversePenalty, parameters);
    const intercepts = Float64Array.from([...(alternatives === 1 ? [] : [0]), ...parameters.subarray(features)]);
    return { weights: parameters.slice(0, features), intercepts };
  };
}

/** Scores [choices, alternatives] of rows laid out as in {@link Choices}. */
export function scoresOf(
  rows: readonly Float64Array[],
  alternatives: number,
  { weights, intercepts }: ChoiceParameters,
): Float64Array {
  return Float64Array.from(rows, (row, k) => dot(row, weights) + intercepts[k % alternatives]);
}

/** The rows with an indicator of each free intercept at their end. */
function designRows({ rows, alternatives }: Choices, features: number, free: number): Float64Array[] {
  return rows.map((row, k) => {
    const extended = new Float64Array(features + free);
    extended.set(row);
    const own = alternatives === 1 ? 0 : (k % alternatives) - 1;
    if (own >= 0) extended[features + own] = 1;
    return extended;
  });
}

function minimize(
  design: Float64Array[],
  choices: Choices,
  features: number,
  c: number,
  start: Float64Array,
): Float64Array {
  let x = start;
  let at = evaluate(design, choices, features, c, x);
  for (let step = 0; step < MOST_STEPS; step++) {
    const { gradient, hessian } = derivatives(design, choices, features, c, x, at);
    const direction = newtonStep(hessian, gradient);
    const slope = dot(gradient, direction);
    // Half the squared Newton decrement is the decrease to come: below rounding, this is the optimum.
    if (-slope <= 1e-15 * at.value) return slope < 0 ? add(x, direction, 1) : x;
    let length = 1;
    let next = add(x, direction, length);
    let there = evaluate(design, choices, features, c, next);
    while (there.value > at.value + 1e-4 * length * slope && length > 1e-10) {
      length /= 2;
      next = add(x, direction, length);
      there = evaluate(design, choices, features, c, next);
    }
    if (!(there.value < at.value)) return x;
    [x, at] = [next, there];
  }
  return x;
}

interface Evaluated {
  value: number;
  /** Of each row's alternative. */
  probabilities: Float64Array;
  /** probability − 1 for the alternative that was chosen, probability for the others: right to the last digits where 1 − p would not be. */
  residuals: Float64Array;
}

function evaluate(
  design: Float64Array[],
  { alternatives, chosen }: Choices,
  features: number,
  c: number,
  x: Float64Array,
): Evaluated {
  const probabilities = new Float64Array(design.length);
  const residuals = new Float64Array(design.length);
  let loss = 0;
  chosen.forEach((choice, i) => {
    const rows = design.slice(i * alternatives, (i + 1) * alternatives);
    // The binary problem's "not" is alternative 0, with the score 0.
    const scores = [...(alternatives === 1 ? [0] : []), ...rows.map((row) => dot(row, x))];
    const largest = Math.max(...scores);
    const weights = scores.map((score) => Math.exp(score - largest));
    const others = weights.reduce((sum, weight, a) => (a === choice ? sum : sum + weight), 0);
    const total = others + weights[choice];
    loss += scores[choice] === largest ? Math.log1p(others) : largest - scores[choice] + Math.log(total);
    rows.forEach((_, row) => {
      const alternative = row + (alternatives === 1 ? 1 : 0);
      probabilities[i * alternatives + row] = weights[alternative] / total;
      residuals[i * alternatives + row] = alternative === choice ? -others / total : weights[alternative] / total;
    });
  });
  return { value: dot(x.subarray(0, features), x.subarray(0, features)) / 2 + c * loss, probabilities, residuals };
}

/** The gradient, and the lower triangle of the Hessian. */
function derivatives(
  design: Float64Array[],
  { alternatives, chosen }: Choices,
  features: number,
  c: number,
  x: Float64Array,
  { probabilities, residuals }: Evaluated,
): { gradient: Float64Array; hessian: Float64Array[] } {
  const size = x.length;
  const gradient = Float64Array.from(x, (value, k) => (k < features ? value : 0));
  const hessian = Array.from({ length: size }, (_, k) => {
    const row = new Float64Array(size);
    if (k < features) row[k] = 1;
    return row;
  });
  const center = new Float64Array(size);
  chosen.forEach((choice, i) => {
    const own = design.slice(i * alternatives, (i + 1) * alternatives);
    const p = probabilities.subarray(i * alternatives, (i + 1) * alternatives);
    center.fill(0);
    own.forEach((row, a) => addScaled(center, row, p[a]));
    own.forEach((row, a) => {
      const residual = residuals[i * alternatives + a];
      addScaled(gradient, row, c * residual);
      if (alternatives === 1) addOuter(hessian, row, c * p[0] * (choice === 1 ? -residual : 1 - p[0]));
      else
        addOuter(
          hessian,
          row.map((value, k) => value - center[k]),
          c * p[a],
        );
    });
  });
  return { gradient, hessian };
}

/** −H⁻¹g, from H's lower triangle. Where all probabilities are 0 or 1, H hardly knows the intercepts: a little is added to its diagonal, and more until it can be solved. */
function newtonStep(hessian: Float64Array[], gradient: Float64Array): Float64Array {
  for (let damping = 0; damping < 1e6; damping = damping === 0 ? 1e-14 : damping * 100) {
    const factor = cholesky(hessian, damping);
    if (!factor) continue;
    const direction = solveCholesky(
      factor,
      gradient.map((value) => -value),
    );
    if (direction.every(Number.isFinite) && dot(direction, gradient) <= 0) return direction;
  }
  throw new Error(
    "The logistic regression has no solution in float64: the kernel's values are too large; scale the kernel, or raise the regularization.",
  );
}

/** L with L Lᵀ = H + damping·(diag H + 1), from H's lower triangle; undefined where that is not positive definite. */
function cholesky(hessian: Float64Array[], damping: number): Float64Array[] | undefined {
  const rows: Float64Array[] = [];
  for (let k = 0; k < hessian.length; k++) {
    const row = hessian[k].slice(0, k + 1);
    for (let l = 0; l <= k; l++) {
      const other = l < k ? rows[l] : row;
      let sum = row[l] + (l === k ? damping * (row[k] + 1) : 0);
      for (let p = 0; p < l; p++) sum -= row[p] * other[p];
      if (l < k) row[l] = sum / other[l];
      else if (sum > 0) row[k] = Math.sqrt(sum);
      else return undefined;
    }
    rows.push(row);
  }
  return rows;
}

function solveCholesky(rows: Float64Array[], right: Float64Array): Float64Array {
  const x = Float64Array.from(right);
  rows.forEach((row, k) => {
    for (let p = 0; p < k; p++) x[k] -= row[p] * x[p];
    x[k] /= row[k];
  });
  for (let k = x.length - 1; k >= 0; k--) {
    x[k] /= rows[k][k];
    for (let p = 0; p < k; p++) x[p] -= rows[k][p] * x[k];
  }
  return x;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let k = 0; k < a.length; k++) sum += a[k] * b[k];
  return sum;
}

function add(a: Float64Array, b: Float64Array, factor: number): Float64Array {
  return a.map((value, k) => value + factor * b[k]);
}

function addScaled(into: Float64Array, row: Float64Array, factor: number): void {
  for (let k = 0; k < into.length; k++) into[k] += factor * row[k];
}

/** Adds factor · row rowᵀ, the lower triangle only. */
function addOuter(into: Float64Array[], row: Float64Array, factor: number): void {
  if (factor === 0) return;
  for (let k = 0; k < row.length; k++) {
    const scaled = factor * row[k];
    const target = into[k];
    for (let l = 0; l <= k; l++) target[l] += scaled * row[l];
  }
}
