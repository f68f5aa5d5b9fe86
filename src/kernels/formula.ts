/** The kernel formulas; in the asymmetric ones the sign is on the training side, or (flipped) on the other. */
export const FORMULAS = ["sgd", "signgd", "asymmetric_signgd", "asymmetric_signgd_flipped"] as const;
export type Formula = (typeof FORMULAS)[number];
