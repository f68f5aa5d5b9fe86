/** How the command line's option values are read. Errors name the value; commander adds the option. */
import { InvalidArgumentError } from "commander";

/** Parts of a list with commas, each one of `known`. */
export function listOf<T extends string>(known: readonly T[]): (text: string) => T[] {
  return (text) =>
    splitList(text).map((part) => {
      if (!known.includes(part as T))
        throw new InvalidArgumentError(`${JSON.stringify(part)} is not one of ${known.join(", ")}.`);
      return part as T;
    });
}

/** Numbers of at least `least` with commas between them; "inf" is infinity where that is allowed. */
export function numbers(least: number, { infinity = false } = {}): (text: string) => number[] {
  return (text) =>
    splitList(text).map((part) => {
      const value = infinity && /^inf(inity)?$/i.test(part) ? Infinity : Number(part);
      if (Number.isNaN(value) || value < least || (value === Infinity && !infinity)) {
        throw new InvalidArgumentError(
          `${JSON.stringify(part)} is not a number of at least ${least}${infinity ? ' or "inf"' : ""}.`,
        );
      }
      return value;
    });
}

/** A whole number of at least 1. */
export function count(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1)
    throw new InvalidArgumentError(`${JSON.stringify(text)} is not a whole number of at least 1.`);
  return value;
}

/** A whole number of at least 0. */
export function index(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value))
    throw new InvalidArgumentError(`${JSON.stringify(text)} is not a whole number of at least 0.`);
  return value;
}

const BYTE_UNITS: Record<string, number> = {
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KIB: 2 ** 10,
  MIB: 2 ** 20,
  GIB: 2 ** 30,
  TIB: 2 ** 40,
};

/** A size such as 500MB, 2GB or 1.5GiB, in bytes. */
export function byteSize(text: string): number {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(text.trim()) ?? [];
  const factor = BYTE_UNITS[unit?.toUpperCase() || "B"];
  if (amount === undefined || factor === undefined)
    throw new InvalidArgumentError(`${JSON.stringify(text)} is not a size such as 500MB or 2GB.`);
  return Math.floor(Number(amount) * factor);
}

const TIME_UNITS: Record<string, number> = { s: 1e3, m: 60e3, h: 3600e3, d: 86400e3, w: 7 * 86400e3 };

/** A time such as 12h, 30d or 4w, in milliseconds. */
export function age(text: string): number {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)([smhdw])$/.exec(text.trim()) ?? [];
  if (amount === undefined)
    throw new InvalidArgumentError(`${JSON.stringify(text)} is not a time such as 12h, 30d or 4w.`);
  return Number(amount) * TIME_UNITS[unit];
}

/** "12 B", "3.4 MB": decimal units, as {@link byteSize} reads them. */
export function byteText(bytes: number): string {
  const unit = ["TB", "GB", "MB", "KB"].find((name) => bytes >= BYTE_UNITS[name]);
  return unit ? `${(bytes / BYTE_UNITS[unit]).toFixed(1)} ${unit}` : `${bytes} B`;
}

/** As `count`; "inf" is infinity. */
export function countOrInfinity(text: string): number {
  return /^inf(inity)?$/i.test(text) ? Infinity : count(text);
}

/** Seeds of numpy's legacy generator with commas between them: whole numbers from 0 to 2³² − 1. */
export function seeds(text: string): number[] {
  return splitList(text).map((part) => {
    if (!/^\d+$/.test(part) || Number(part) > 0xffffffff)
      throw new InvalidArgumentError(`${JSON.stringify(part)} is not a whole number from 0 to 4294967295.`);
    return Number(part);
  });
}

/** Texts with commas between them. */
export function splitList(text: string): string[] {
  const parts = text.split(",").map((part) => part.trim());
  if (parts.includes("")) throw new InvalidArgumentError("A value is empty.");
  return parts;
}
