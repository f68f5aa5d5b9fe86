import type { DataFrame } from "danfojs-node";
import { InputError } from "../errors";
import { danfojs } from "../packages";
import { columnsOf, type ResultRow } from "./result-table";

/** The rows as a danfojs DataFrame; in a file of its own, since these types are declared apart (other-packages.ts). */
export function resultDataFrame(rows: readonly ResultRow[]): DataFrame {
  if (rows.length === 0) throw new InputError("A table needs at least one row.");
  const columns = columnsOf(rows);
  return new danfojs.DataFrame(
    rows.map((row) => columns.map((column) => row[column])),
    { columns },
  );
}
