/** Records whose names are known, which the compiler forgets on the way through Object.entries and back. */

export const entriesOf = <Name extends string, Of>(record: Record<Name, Of>): [Name, Of][] =>
  Object.entries(record) as [Name, Of][];

export const recordOf = <Name extends string, Of>(entries: readonly [Name, Of][]): Record<Name, Of> =>
  Object.fromEntries(entries) as Record<Name, Of>;
