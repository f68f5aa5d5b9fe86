/**
 * The public functions that have the types of other packages: thousands of declarations, which a compiler need not read
 * for whoever uses none of it. So they stand in a declaration file of their own.
 */
export { resultDataFrame } from "./sweep/result-data-frame";
export { tf } from "./model/backend";
