/** The cells of this session, for `history_request`. */
export class History {
  readonly #entries: { line: number; source: string; output?: string }[] = [];

  add(line: number, source: string): void {
    this.#entries.push({ line, source });
  }

  /** Notes what a cell gave, as text. */
  gave(line: number, output: string): void {
    const entry = this.#entries.findLast((candidate) => candidate.line === line);
    if (entry) entry.output = output;
  }

  /** An answer to a history request: of a session (there is only this one), the last ones, or those that fit a pattern. */
  answer(request: Record<string, unknown>): unknown[][] {
    const {
      hist_access_type: access,
      n,
      start = 0,
      stop,
      pattern = "*",
      unique = false,
      output = false,
    } = request as {
      hist_access_type?: string;
      n?: number;
      start?: number;
      stop?: number;
      pattern?: string;
      unique?: boolean;
      output?: boolean;
    };
    const chosen =
      access === "range"
        ? this.#entries.filter(({ line }) => line >= start && (stop == null || line < stop))
        : access === "search"
          ? lastOf(
              distinct(
                this.#entries.filter(({ source }) => glob(pattern).test(source)),
                unique,
              ),
              n,
            )
          : lastOf(this.#entries, n);
    return chosen.map((entry) => [0, entry.line, output ? [entry.source, entry.output ?? null] : entry.source]);
  }
}

const lastOf = <T>(entries: readonly T[], n: number | null | undefined): readonly T[] =>
  n == null ? entries : n <= 0 ? [] : entries.slice(-n);

const distinct = <T extends { source: string }>(entries: readonly T[], unique: boolean): readonly T[] =>
  unique
    ? entries.filter(({ source }, index) => entries.findLastIndex((other) => other.source === source) === index)
    : entries;

/** A pattern with `*` and `?`, over several lines. */
function glob(pattern: string): RegExp {
  const escaped = pattern.replace(/[.+^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`^${escaped.replace(/\*/g, "[\\s\\S]*").replace(/\?/g, "[\\s\\S]")}$`);
}
