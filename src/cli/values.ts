/** How the command line's option values are read. Errors name the value; commander adds the option. */
import { InvalidArgumentError } from "commander";

/** Texts with commas between them. */
export function splitList(text: string): string[] {
  const parts = text.split(",").map((part) => part.trim());
  if (parts.includes("")) throw new InvalidArgumentError("A value is empty.");
  return parts;
}

/** Values with commas between them. */
export const listOf =
  <Value>(item: (text: string) => Value) =>
  (text: string): Value[] =>
    splitList(text).map(item);

/** The values of an option that may be repeated. */
export const collected = (text: string, before: readonly string[]): string[] => [...before, text];

/** One of some texts. */
export const oneOf =
  <Text extends string>(known: readonly Text[]) =>
  (text: string): Text =>
    known.find((each) => each === text) ?? refuse(text, `is not one of ${known.join(", ")}`);

/** A number of at least `least`; "inf" is infinity where that is allowed. */
export const number =
  (least: number, { infinity = false } = {}) =>
  (text: string): number => {
    if (infinity && isInfinity(text)) return Infinity;
    const value = text.trim() === "" ? NaN : Number(text);
    return value >= least && value < Infinity
      ? value
      : refuse(text, `is not a number of at least ${least}${infinity ? ' or "inf"' : ""}`);
  };

/** A whole number from `least` to `most`. */
export const whole =
  (least: number, most = Infinity) =>
  (text: string): number => {
    const value = /^\d+$/.test(text) ? Number(text) : NaN;
    const range = most === Infinity ? `of at least ${least}` : `from ${least} to ${most}`;
    return Number.isSafeInteger(value) && value >= least && value <= most
      ? value
      : refuse(text, `is not a whole number ${range}`);
  };

/** A whole number of at least 1. */
export const count = whole(1);

/** As `count`; "inf" is infinity. */
export const countOrInfinity = (text: string): number => (isInfinity(text) ? Infinity : count(text));

/** A whole number of at least 0. */
export const index = whole(0);

/** A seed of numpy's legacy generator. */
export const seed = whole(0, 2 ** 32 - 1);

const isInfinity = (text: string): boolean => /^inf(inity)?$/i.test(text);

function refuse(text: string, why: string): never {
  throw new InvalidArgumentError(`${JSON.stringify(text)} ${why}.`);
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
  if (amount === undefined || factor === undefined) return refuse(text, "is not a size such as 500MB or 2GB");
  return Math.floor(Number(amount) * factor);
}

const TIME_UNITS: Record<string, number> = { s: 1e3, m: 60e3, h: 3600e3, d: 86400e3, w: 7 * 86400e3 };

/** A time such as 12h, 30d or 4w, in milliseconds. */
export function age(text: string): number {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)([smhdw])$/.exec(text.trim()) ?? [];
  if (amount === undefined) return refuse(text, "is not a time such as 12h, 30d or 4w");
  return Number(amount) * TIME_UNITS[unit];
}

/** "12 B", "3.4 MB": decimal units, as {@link byteSize} reads them. */
export function byteText(bytes: number): string {
  const unit = ["TB", "GB", "MB", "KB"].find((name) => bytes >= BYTE_UNITS[name]);
  return unit ? `${(bytes / BYTE_UNITS[unit]).toFixed(1)} ${unit}` : `${bytes} B`;
}
