import { pathToFileURL } from "node:url";
import path from "node:path";
import vm from "node:vm";
import { SCOPE_MODULE, type PreparedCell } from "../language/protocol";
import { scriptName } from "./errors";
import { runningExecution, stop, stopHere, throwIfInterrupted } from "./execution";
import type { Modules } from "./modules";

/** The names that all cells have left, and their values. */
export type ScopeValues = Record<string, unknown>;

export interface CellRun {
  /** The value of the last expression. */
  result: unknown;
  /** The statements that ran to their end. */
  ran: number[];
}

/** Parameters of the function that a cell becomes; those behind `$stop` stand for the globals of their names. */
const parameters = [
  "exports",
  "require",
  "$cell",
  "$stop",
  "__filename",
  "__dirname",
  "prompt",
  "setTimeout",
  "setInterval",
  "setImmediate",
];

/**
 * Runs a compiled cell. It begins within this call, not a turn later: code that begins in a pipe's callback can be ended
 * by force without harm to node.
 * @param run is filled while the cell runs, so that it is right also when the cell fails
 */
export function runCell(
  prepared: PreparedCell,
  run: CellRun,
  {
    scope,
    modules,
    folder,
    prompt,
  }: { scope: ScopeValues; modules: Modules; folder: string; prompt: (question?: string) => string },
): Promise<unknown> {
  const { cell, javascript, requires } = prepared;
  const script = new vm.Script(`(async function cellBody(${parameters.join(", ")}) {\n${javascript}\n})`, {
    filename: scriptName(cell),
    lineOffset: -1,
    importModuleDynamically: vm.constants?.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  });
  const body = script.runInThisContext() as (...given: unknown[]) => Promise<void>;
  const fileName = path.join(folder, "cell.ts");
  const handle = {
    ran: (statement: number) => void run.ran.push(statement),
    set result(value: unknown) {
      run.result = value;
    },
    check: <T>(value: T): T => (throwIfInterrupted(), value),
    stop: stopHere,
    import: Object.assign((name: string) => modules.import(name), {
      meta: {
        url: pathToFileURL(fileName).href,
        filename: fileName,
        dirname: folder,
        resolve: (name: string) => urlOf(modules.require.resolve(name)),
      },
    }),
  };
  const require = Object.assign(
    (name: string) => (name === SCOPE_MODULE ? scope : modules.require(name)),
    modules.require,
  ) as NodeJS.Require;
  const start = () =>
    body(
      scope,
      require,
      handle,
      stop,
      fileName,
      folder,
      prompt,
      tracked(setTimeout),
      tracked(setInterval),
      tracked(setImmediate),
    );
  const loading = modules.load(requires);
  return loading ? loading.then(start) : start();
}

const urlOf = (file: string): string => (path.isAbsolute(file) ? pathToFileURL(file).href : file);

type Handler = (...given: unknown[]) => unknown;
type SetTimer = (handler: Handler, ...rest: unknown[]) => NodeJS.Timeout | NodeJS.Immediate;

/** A timer function whose timers end with an interrupt of the cell that set them. */
function tracked(set: unknown): SetTimer {
  const once = set !== setInterval;
  const setTracked: SetTimer = (handler, ...rest) => {
    const timers = runningExecution()?.timers;
    const timer = (set as SetTimer)(
      (...given) => {
        if (once) timers?.delete(timer);
        return handler(...given);
      },
      ...rest,
    );
    timers?.add(timer);
    return timer;
  };
  return Object.defineProperties(setTracked, Object.getOwnPropertyDescriptors(set as SetTimer));
}
