import type { DataFrame } from "danfojs-node";
import { danfojs } from "../packages";
import { columnsOf } from "./columns";
import type { ResultRow } from "./result-table";

/** The rows as a danfojs DataFrame. */
export function resultDataFrame(rows: readonly ResultRow[]): DataFrame {
  if (rows.length === 0) throw new Error("A table needs at least one row.");
  const columns = columnsOf(rows);
  return new danfojs.DataFrame(
    rows.map((row) => columns.map((column) => row[column])),
    { columns },
  );
}
