/** Records with known names, which the compiler forgets on the way through Object.entries and back, and groups of records. */

export const entriesOf = <Name extends string, Of>(record: Record<Name, Of>): [Name, Of][] =>
  Object.entries(record) as [Name, Of][];

export const recordOf = <Name extends string, Of>(entries: readonly [Name, Of][]): Record<Name, Of> =>
  Object.fromEntries(entries) as Record<Name, Of>;

/** Values in order of first appearance. */
export const distinct = <T>(values: readonly T[]): T[] => [...new Set(values)];

/** Records that agree in what `key` takes of them, in order of first appearance. */
export function groupBy<T>(records: readonly T[], key: (record: T) => unknown): [T, ...T[]][] {
  const groups = new Map<string, [T, ...T[]]>();
  for (const record of records) {
    const name = JSON.stringify(key(record), (_, value: unknown) => (value === Infinity ? "∞" : value));
    const group = groups.get(name);
    if (group) group.push(record);
    else groups.set(name, [record]);
  }
  return [...groups.values()];
}
