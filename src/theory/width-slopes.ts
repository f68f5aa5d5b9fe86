/**
 * The slopes of the width experiment (width-lab.ts): what theory expects, and what its records show.
 *
 * A step moves a hidden unit by m = n^(−μ), with μ = a, and a + 1/2 for the lazy start. The gradient moves in proportion, slope −μ. The first term that the linearization leaves out is quadratic in the movement. For a pretrained
 * head the units' contributions to it agree, and the relative error has slope −μ. For a random head v it is odd in v (v ΔW² and Δv ΔW,
 * with Δv even in v and ΔW odd), so that the n contributions have random signs and it is smaller by n^(−1/2); the cubic term is
 * even. The slope is then −min(μ + 1/2, 2μ), for the kernel's entries too. At the lazy start that is −1, as
 * Dyer and Gur-Ari (2019) have it, and not the −1/2 of the general upper bound; −1/2 is the gradients'.
 *
 * This derivation is ours; docs/paper.md says what is known of the paper's statement.
 */
import { fittedSlope, type FittedSlope } from "../behavior/slope";
import { FITTED_SHARE, type WidthRecord, type WidthSetting } from "./width-lab";

export const WIDTH_MEASURES = ["linearizationError", "kernelDistance", "gradientDistance"] as const;

/** A measure whose slope against the width is fitted. */
export type WidthMeasure = (typeof WIDTH_MEASURES)[number];

/** The slope that the argument at the top of this file gives of a measure against the width. */
export function expectedSlope(
  { start, exponent }: Pick<WidthSetting, "start" | "exponent">,
  measure: WidthMeasure,
): number {
  const movement = exponent + (start === "lazy" ? 0.5 : 0);
  const slope =
    start === "pretrained" || measure === "gradientDistance" ? movement : Math.min(movement + 0.5, 2 * movement);
  return slope === 0 ? 0 : -slope;
}

/** One row of the experiment's summary. */
export interface WidthSlope extends FittedSlope, WidthSetting {
  setting: string;
  measure: WidthMeasure;
  expected: number;
}

/**
 * The slope of each measure against the width by setting: parallel lines, one for each seed. Records that did not get to the
 * wanted share are left out, and settings that have no seed at two widths.
 */
export function widthSlopes(
  records: readonly WidthRecord[],
  { fitted = FITTED_SHARE, measures = WIDTH_MEASURES }: { fitted?: number; measures?: readonly WidthMeasure[] } = {},
): WidthSlope[] {
  const bySetting = new Map<string, WidthRecord[]>();
  for (const record of records)
    if (Math.abs(record.fitted - fitted) < 0.01)
      bySetting.set(record.setting, [...(bySetting.get(record.setting) ?? []), record]);
  const sloping = [...bySetting].filter(([, own]) =>
    own.some(({ seed, width }) => own.some((other) => other.seed === seed && other.width !== width)),
  );
  return sloping.flatMap(([setting, own]) =>
    measures.map((measure) => {
      const { start, exponent, optimizer } = own[0];
      return {
        setting,
        start,
        exponent,
        optimizer,
        measure,
        expected: expectedSlope(own[0], measure),
        ...fittedSlope(
          own.map(({ width }) => width),
          own.map((record) => record[measure]),
          own.map(({ seed }) => seed),
        ),
      };
    }),
  );
}
