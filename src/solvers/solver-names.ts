/** The kernel solvers by the names that the authors' code gives them. */
export const SOLVERS = ["lstsq", "asym", "logistic", "svc", "svr"] as const;

/** Name of a kernel solver. */
export type Solver = (typeof SOLVERS)[number];
