import { Cells } from "../../src/jupyter/language/cells";
import type { CellError } from "../../src/jupyter/language/protocol";
import { createModules } from "../../src/jupyter/runtime/modules";
import { runCell, type CellRun, type ScopeValues } from "../../src/jupyter/runtime/run-cell";
import { root } from "./checkout";

/** Cells compiled and run within the test's process, without Jupyter. */
export class CellSession {
  readonly cells: Cells;
  readonly #scope: ScopeValues = Object.create(null) as ScopeValues;
  readonly #modules;

  constructor(private readonly folder = root) {
    this.cells = new Cells({ folder, root });
    this.#modules = createModules(folder, root);
  }

  /**
   * Runs a cell as the kernel does.
   * @returns the value of its last expression
   * @throws what the cell throws, or an Error with the compiler's messages
   */
  async run(code: string): Promise<unknown> {
    const checked = this.cells.prepare(code);
    if ("errors" in checked) throw new Error(checked.errors.map(asLine).join("\n"));
    const run: CellRun = { result: undefined, ran: [] };
    try {
      await runCell(checked.prepared, run, {
        scope: this.#scope,
        modules: this.#modules,
        folder: this.folder,
        prompt: () => "",
      });
      this.cells.take(checked.prepared.cell);
    } catch (error) {
      this.cells.take(checked.prepared.cell, run.ran);
      throw error;
    }
    return run.result;
  }

  /** Runs cells one after the other; the value of the last. */
  async runAll(...codes: string[]): Promise<unknown> {
    let value: unknown;
    for (const code of codes) value = await this.run(code);
    return value;
  }

  /** What the compiler has against a cell: "2:7 TS2322 Type …". */
  errors(code: string): string[] {
    const checked = this.cells.prepare(code);
    return "errors" in checked ? checked.errors.map(asLine) : [];
  }
}

const asLine = ({ message, code, place }: CellError): string =>
  `${place ? `${place.line + 1}:${place.column + 1}` : "?"} TS${code} ${message}`;
