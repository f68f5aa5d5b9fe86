/** The slope of y against x in a log–log plot, by least squares. */
export function logLogSlope(x: readonly number[], y: readonly number[]): number {
  const [u, v] = [x.map(Math.log), y.map(Math.log)];
  const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [meanU, meanV] = [mean(u), mean(v)];
  const covariance = mean(u.map((value, i) => (value - meanU) * (v[i] - meanV)));
  return covariance / mean(u.map((value) => (value - meanU) ** 2));
}
