import { Socket } from "node:net";
import path from "node:path";
import { Worker } from "node:worker_threads";
import { inRunningCell } from "../../running-cell";
import { setCommHost } from "../../notebook/comm";
import { setDisplaySink } from "../../notebook/display-sink";
import { onFrames, writeFrame } from "../frames";
import { PIPES, type CommMessage, type ErrorContent, type ExecuteMessage, type FromRuntime, type Publication, type ToRuntime } from "../runtime-messages";
import { Comms } from "./comms";
import { errorContent, type KnownCell } from "./errors";
import { Execution, interruptAll, runningExecution, stop } from "./execution";
import { askUser } from "./input";
import { createModules } from "./modules";
import { runCell, type CellRun, type ScopeValues } from "./run-cell";
import { bundleOf } from "./show-value";
import { captureStreams } from "./streams";

/**
 * The process that runs cells: `node main.js NOTEBOOK_FOLDER PROJECT_FOLDER`, started by the kernel, which talks to it
 * over the pipes of `runtime-messages.ts`.
 */
const [folder, root] = process.argv.slice(2);
const send = (message: FromRuntime): void => writeFrame(PIPES.toKernel, message);

const scope: ScopeValues = Object.create(null) as ScopeValues;
const cells = new Map<number, KnownCell>();
const modules = createModules(folder, root);

/** In whose name something is told that happens outside every cell: the last one's. */
let last = new Execution(0, false, send);
const current = (): Execution => runningExecution() ?? last;
const publish = (messageType: Publication["messageType"], content: Record<string, unknown>, more?: Pick<Publication, "metadata" | "buffers">): void => current().publish(messageType, content, more);

const comms = new Comms(publish);
setCommHost(comms);
setDisplaySink({
  rich: true,
  show: (data, id) => publish("display_data", { data, metadata: {}, transient: id === undefined ? {} : { display_id: id } }),
  update: (data, id) => publish("update_display_data", { data, metadata: {}, transient: { display_id: id } }),
});
captureStreams((name, text) => publish("stream", { name, text }));
connectTslab();

async function execute({ request, label, prepared, value, allowInput }: ExecuteMessage): Promise<void> {
  const execution = (last = new Execution(request, allowInput, send));
  const run: CellRun = { result: undefined, ran: [] };
  cells.set(prepared.cell, { label, map: prepared.map });
  const ended = await inRunningCell(execution, async () => {
    const work = (async () => {
      await runCell(prepared, run, { scope, modules, folder, prompt: (question = "") => askUser(send, question) });
      run.result = await run.result;
      return value === "drop" ? undefined : await bundleOf(run.result);
    })();
    work.catch(() => {}); // told below, or by nobody when the kernel no longer waits
    return Promise.race([work.then((bundle) => ({ bundle }), (error: unknown) => ({ error })), execution.abandoned.then(() => ({ error: execution.signal.reason as unknown }))]);
  });
  const error = "error" in ended ? contentOf(ended.error) : undefined;
  const bundle = "bundle" in ended ? ended.bundle : undefined;
  if (bundle && value === "show") execution.publish("execute_result", { data: bundle, metadata: {} });
  if (error) execution.publish("error", { ...error });
  execution.end();
  send({ type: "done", request, ...(error ? { error, ran: run.ran } : {}), ...(bundle && value === "return" ? { value: bundle } : {}) });
}

async function receive(message: CommMessage): Promise<void> {
  const execution = (last = new Execution(message.request, false, send));
  const error = await inRunningCell(execution, () => Promise.race([comms.receive(message).then(() => undefined, (thrown: unknown) => contentOf(thrown)), execution.abandoned.then(() => undefined)]));
  if (error) execution.publish("stream", { name: "stderr", text: `${error.traceback.join("\n")}\n` });
  execution.end();
  send({ type: "done", request: message.request });
}

const contentOf = (error: unknown): ErrorContent => errorContent(error, cells, root);

/** An error that no cell waits for is told where it comes from, and nothing ends. */
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
  const asTslab = (content: { data: object; metadata: object; transient: object }, update?: boolean) => publish(update ? "update_display_data" : "display_data", { ...content });
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
  // Not again for one that a cell has seen before this came.
  if (Atomics.load(stop, 0) !== 0) interruptAll();
});

const input = new Socket({ fd: PIPES.fromKernel, readable: true, writable: false });
onFrames<ToRuntime>(input, (message) => {
  if (message.type === "execute") void execute(message);
  else if (message.type === "front_end_has") comms.noteFrontEnd(message.target);
  else void receive(message);
});
input.on("close", () => process.exit(0));
send({ type: "ready" });
