/** How the command line's option values are read. Errors name the value; commander adds the option. */
import { InvalidArgumentError } from "commander";

/** Parts of a list with commas, each one of `known`. */
export function listOf<T extends string>(known: readonly T[]): (text: string) => T[] {
  return (text) =>
    splitList(text).map((part) => {
      if (!known.includes(part as T)) throw new InvalidArgumentError(`${JSON.stringify(part)} is not one of ${known.join(", ")}.`);
      return part as T;
    });
}

/** Numbers of at least `least` with commas between them; "inf" is infinity where that is allowed. */
export function numbers(least: number, { infinity = false } = {}): (text: string) => number[] {
  return (text) =>
    splitList(text).map((part) => {
      const value = infinity && /^inf(inity)?$/i.test(part) ? Infinity : Number(part);
      if (Number.isNaN(value) || value < least || (value === Infinity && !infinity)) {
        throw new InvalidArgumentError(`${JSON.stringify(part)} is not a number of at least ${least}${infinity ? ' or "inf"' : ""}.`);
      }
      return value;
    });
}

/** A whole number of at least 1. */
export function count(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError(`${JSON.stringify(text)} is not a whole number of at least 1.`);
  return value;
}

/** As `count`; "inf" is infinity. */
export function countOrInfinity(text: string): number {
  return /^inf(inity)?$/i.test(text) ? Infinity : count(text);
}

/** Seeds of numpy's legacy generator with commas between them: whole numbers from 0 to 2³² − 1. */
export function seeds(text: string): number[] {
  return splitList(text).map((part) => {
    if (!/^\d+$/.test(part) || Number(part) > 0xffffffff) throw new InvalidArgumentError(`${JSON.stringify(part)} is not a whole number from 0 to 4294967295.`);
    return Number(part);
  });
}

/** Texts with commas between them. */
export function splitList(text: string): string[] {
  const parts = text.split(",").map((part) => part.trim());
  if (parts.includes("")) throw new InvalidArgumentError("A value is empty.");
  return parts;
}
