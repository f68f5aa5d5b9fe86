/** A count with its noun: "1 seed", "5 seeds". For nouns with a plural in -s. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
