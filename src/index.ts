/** Kernel View's public functions. */
export * from "./library";
export * from "./other-packages";
