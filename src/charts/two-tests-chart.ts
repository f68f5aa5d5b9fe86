import { FIXED_FEATURES_DISTANCE, LINEARIZED_SHARE } from "../behavior/verdicts";
import {
  AXIS_PERCENT,
  type ChartSpec,
  DIGITS,
  distinct,
  extent,
  figure,
  legendChoice,
  logScale,
  quantity,
  requireSome,
  series,
  SHAPES,
  tooltip,
} from "./figure";
import { dot, threshold } from "./marks";

/** Both tests' numbers of one measurement. */
export interface TwoTestsPoint {
  task: string;
  method: string;
  seed: number;
  /** The share of the gain that the linearization has too; without one there is no point. */
  share?: number;
  /** Mean relative distance of kernel entries. */
  distance?: number;
}

/** A share is a quotient of small differences: beyond these ends a point is drawn at the edge. */
const SHARES = [-0.5, 1.5] as const;
const SIZE = { width: 430, height: 300 };

/**
 * The two tests of Definition 3.2 against each other, a point for each measurement: to the left of the dashed line features are fixed, above
 * the other one fine-tuning is linearized. A click in the legend leaves one method.
 *
 * @throws InputError where no measurement has both numbers
 */
export function twoTestsChart(
  points: readonly TwoTestsPoint[],
  { title = "The two tests together" }: { title?: string } = {},
): ChartSpec {
  const own = points.flatMap(({ share, distance, ...names }) =>
    share === undefined || distance === undefined
      ? []
      : [{ ...names, share, distance, drawn: Math.min(SHARES[1], Math.max(SHARES[0], share)) }],
  );
  requireSome(own, "two-tests chart", "measurement with a share of the gain and a distance");
  const methods = distinct(own.map(({ method }) => method));
  const distances = [...own.map(({ distance }) => distance), FIXED_FEATURES_DISTANCE];
  const [low, high] = extent(distances);
  // Distances of entries near zero can be anything.
  const wide = low > 0 && high > 20 * low;
  const x = quantity("mean relative distance of kernel entries (dashed: 2.0)", {
    scale: wide ? logScale(distances) : { domain: [0, Math.max(high, 1.25 * FIXED_FEATURES_DISTANCE)], nice: true },
    axis: { format: "~g", tickCount: 6 },
  })("distance");
  const y = quantity("share of the gain that is linear (dashed: 50 %)", {
    scale: { domain: SHARES },
    axis: { format: AXIS_PERCENT, tickCount: 6 },
  })("drawn");
  const outside = own.filter(({ share, drawn }) => share !== drawn).length;
  const lacking = points.length - own.length;
  const passing = own.filter(
    ({ share, distance }) => share >= LINEARIZED_SHARE && distance < FIXED_FEATURES_DISTANCE,
  ).length;
  return figure({
    title,
    reading: `${passing} of ${own.length} measurements with both numbers pass both tests${lacking > 0 ? `; ${lacking} have no share` : ""}`,
    subtitle: [
      "upper left: both tests pass",
      ...(outside > 0 ? [`${outside} with a share beyond the axis at its edge`] : []),
      ...(lacking > 0 ? [`${lacking} without a share are not drawn`] : []),
    ],
    ...SIZE,
    layer: [
      // With both ends: Vega counts a rule without them as twice as long, and leaves room for it.
      threshold({ distance: FIXED_FEATURES_DISTANCE }, { x, y: { value: 0 }, y2: { value: SIZE.height } }),
      threshold({ drawn: LINEARIZED_SHARE }, { y, x: { value: 0 }, x2: { value: SIZE.width } }),
      dot(
        own,
        {
          x,
          y,
          color: series("method", methods, { title: "method" }),
          shape: series("method", methods, { title: "method", range: SHAPES }),
          opacity: { condition: { param: "method", value: 0.85 }, value: 0.08 },
          tooltip: tooltip({
            task: "task",
            method: "method",
            seed: "seed",
            share: ["share of the gain", AXIS_PERCENT],
            distance: ["mean distance", DIGITS],
          }),
        },
        { size: 70 },
        { params: [legendChoice("method", "method")] },
      ),
    ],
  });
}
