import { Socket } from "node:net";
import path from "node:path";
import { Worker } from "node:worker_threads";
import { inRunningCell } from "../../running-cell";
import { abandonScopes } from "../../model/backend";
import { setCommHost } from "../../notebook/comm";
import { setDisplaySink, type MimeBundle } from "../../notebook/display-sink";
import { bundleOf } from "../../notebook/show-value";
import { onFrames, writeFrame } from "../frames";
import {
  PIPES,
  type CommMessage,
  type ErrorContent,
  type ExecuteMessage,
  type FromRuntime,
  type Outcome,
  type Publication,
  type ToRuntime,
} from "../runtime-messages";
import { Comms } from "./comms";
import { errorContent, type KnownCell } from "./errors";
import { asJson, Execution, runningExecution, serveInterrupt, stop } from "./execution";
import { askUser } from "./input";
import { createModules } from "./modules";
import { runCell, type CellRun, type ScopeValues } from "./run-cell";
import { captureStreams, FloodGate } from "./streams";

/**
 * The process that runs cells: `node main.js NOTEBOOK_FOLDER PROJECT_FOLDER`, started by the kernel, which talks to it
 * over the pipes of `runtime-messages.ts`.
 */
const [folder, root] = process.argv.slice(2);
const flood = new FloodGate<Execution>((execution, name, text) => execution.publish("stream", { name, text }));
const send = (message: FromRuntime): void => {
  if (!(message.type === "publish" && message.messageType === "stream")) flood.flush();
  writeFrame(PIPES.toKernel, message);
};

const scope: ScopeValues = Object.create(null) as ScopeValues;
const cells = new Map<number, KnownCell>();
const modules = createModules(folder, root);

/** The request that output outside of every cell belongs to: the last cell's. */
let last = new Execution(0, false, send);
const current = (): Execution => runningExecution() ?? last;
const publish = (
  messageType: Publication["messageType"],
  content: Record<string, unknown>,
  more?: Pick<Publication, "metadata" | "buffers">,
): void => current().publish(messageType, content, more);

const comms = new Comms(publish);
setCommHost(comms);
setDisplaySink({
  rich: true,
  show: (data, id) =>
    publish("display_data", { data, metadata: {}, transient: id === undefined ? {} : { display_id: id } }),
  update: (data, id) => publish("update_display_data", { data, metadata: {}, transient: { display_id: id } }),
});
captureStreams((name, text) => flood.add(current(), name, text));
connectTslab();

function execute({ request, label, prepared, value, allowInput }: ExecuteMessage): void {
  const run: CellRun = { result: undefined, ran: [] };
  cells.set(prepared.cell, { label, map: prepared.map });
  const work = async () => {
    await runCell(prepared, run, { scope, modules, folder, prompt: (question = "") => askUser(send, question) });
    run.result = await run.result;
    if (value === "drop") return undefined;
    const { result } = run;
    return typeof result === "function" && prepared.signature
      ? { "text/plain": `${result.name || "(anonymous)"}: ${prepared.signature}` }
      : bundleOf(result);
  };
  begin(new Execution(request, allowInput, send), work, (execution, { error, bundle }) => {
    if (bundle && value === "show") execution.publish("execute_result", { data: bundle, metadata: {} });
    if (error && value === "show") execution.publish("error", { ...error });
    return { ...(error ? { error, ran: run.ran } : {}), ...(bundle && value === "return" ? { value: bundle } : {}) };
  });
}

function receive(message: CommMessage): void {
  begin(
    new Execution(message.request, false, send),
    () => comms.receive(message),
    (execution, { error }) => {
      if (error) execution.publish("stream", { name: "stderr", text: `${error.traceback.join("\n")}\n` });
      return {};
    },
  );
}

interface Ended {
  error?: ErrorContent;
  bundle?: MimeBundle;
}

/**
 * Begins work in the name of an execution. It is told once how it ended: by itself, or without it when the kernel has
 * waited long enough for an interrupted one, which may be gone without a trace (it was ended by force).
 */
function begin(
  execution: Execution,
  work: () => Promise<MimeBundle | undefined | void>,
  tell: (execution: Execution, ended: Ended) => Pick<Outcome, "error" | "ran" | "value">,
): void {
  last = execution;
  let told = false;
  const end = (ended: Ended): void => {
    if (told) return;
    told = true;
    const outcome = tell(execution, ended);
    execution.end();
    send({ type: "done", request: execution.request, ...outcome });
  };
  const failed = (error: unknown): void => end({ error: contentOf(error) });
  // A bundle that cannot be sent is an error of the cell.
  const succeeded = (bundle: MimeBundle | undefined | void): void => end(bundle ? { bundle: asJson(bundle) } : {});
  execution.onAbandoned = () => failed(execution.signal.reason);
  inRunningCell(execution, () => void work().then(succeeded).catch(failed));
}

const contentOf = (error: unknown): ErrorContent => errorContent(error, { cells, files: modules.maps }, root);

/** Reports an error that no cell waits for in the cell that it comes from; the process goes on. */
function tellStray(error: unknown): void {
  if (runningExecution()?.interrupted || (error as Error | undefined)?.name === "Interrupted") return;
  publish("stream", { name: "stderr", text: `${contentOf(error).traceback.join("\n")}\n` });
}
process.on("uncaughtException", tellStray);
process.on("unhandledRejection", tellStray);
process.on("exit", (code) => send({ type: "exit", code }));
process.on("SIGINT", () => {}); // a terminal's Ctrl-C reaches the kernel, too, which passes it on

/** Notebooks written for tslab show things with its functions. */
function connectTslab(): void {
  const asTslab = (content: { data: object; metadata: object; transient: object }, update?: boolean) =>
    publish(update ? "update_display_data" : "display_data", { ...content });
  const connect = (tslab: { lastWriteDisplayData?: unknown }) => (tslab.lastWriteDisplayData = asTslab);
  const Module = require("node:module") as { _load(name: string, ...rest: unknown[]): unknown };
  const load = Module._load;
  Module._load = (name, ...rest) => {
    const loaded = load.call(Module, name, ...rest);
    if (name === "tslab") connect(load.call(Module, "tslab/dist/jupyter", ...rest) as object);
    return loaded;
  };
}

const interrupts = new Worker(path.join(__dirname, "interrupt-thread.js"), { workerData: stop });
interrupts.on("message", () => {
  if (stop[1] === 2) abandonScopes(); // no `finally` has run
  serveInterrupt();
});

const input = new Socket({ fd: PIPES.fromKernel, readable: true, writable: false });
onFrames<ToRuntime>(input, (message) => {
  stop[1] = 1;
  if (message.type === "execute") execute(message);
  else if (message.type === "front_end_has") comms.noteFrontEnd(message.target);
  else receive(message);
  stop[1] = 0;
});
input.on("close", () => process.exit(0));
send({ type: "ready" });
