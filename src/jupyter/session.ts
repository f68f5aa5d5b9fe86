import { setImmediate as nextTurn } from "node:timers/promises";
import { answerTo, failedReply, type Sources } from "./answers";
import { compileError, failure, interrupted, stubborn } from "./error-text";
import { History } from "./history";
import { startLanguageThread, type LanguageThread } from "./language/language-thread";
import { Outbox, type Channel } from "./outbox";
import type { CommMessage, ExecuteMessage, FromRuntime, Outcome, Publication } from "./runtime-messages";
import { startRuntime, type End, type RuntimeProcess } from "./runtime-process";
import { RuntimeRequests } from "./runtime-requests";
import type { Content, Message, Wire } from "./wire";

export interface SessionOptions {
  wire: Wire;
  /** The notebook's folder. */
  folder: string;
  /** The project's folder, in which cells run. */
  root: string;
  /** Removes TensorFlow's start-up lines from native output. */
  clean(text: string): string;
  send(channel: Channel, message: Message): Promise<void>;
  /** Closes the sockets once every message has been sent. */
  close(): Promise<void>;
}

/** Answers requests: cells wait in one queue, everything else is answered at once, also while a cell runs. */
export class Session {
  readonly #options: SessionOptions;
  readonly #language: LanguageThread;
  readonly #runtime: RuntimeProcess;
  readonly #history = new History();
  readonly #outbox: Outbox;
  readonly #requests = new RuntimeRequests();
  readonly #comms = new Map<string, string>();
  readonly #sources: Sources;
  #queue: Message[] = [];
  /** Whether the queue is being worked through. */
  #working = false;
  /** The cell being executed, from its first message to its last. */
  #executing: Message | undefined;
  /** The request that output between two cells belongs to. */
  #last: Message | undefined;
  #interrupted = false;
  #count = 0;
  #asking = false;
  #closing = false;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#outbox = new Outbox(options.wire, options.send);
    const { folder, root } = options;
    this.#language = startLanguageThread({ folder, root });
    this.#runtime = startRuntime(options, {
      message: (message) => this.#fromRuntime(message),
      output: (name, text) => this.#outbox.print(this.#executing ?? this.#last, name, text),
      ended: (end) => void this.#runtimeEnded(end),
    });
    this.#sources = { root, language: this.#language, history: this.#history, comms: this.#comms };
  }

  /** Called when the sockets are open. */
  start(): void {
    this.#outbox.publish("status", { execution_state: "starting" }, undefined);
  }

  onShell(message: Message): void {
    const type = message.header.msg_type;
    if (type === "execute_request") {
      this.#queue.push(message);
      void this.#executeQueue();
    } else if (/^comm_(?:open|msg|close)$/.test(type)) void this.#comm(message);
    else void this.#answer("shell", message);
  }

  onControl(message: Message): void {
    void this.#answer("control", message);
  }

  onInput(message: Message): void {
    if (!this.#asking || message.header.msg_type !== "input_reply") return;
    this.#asking = false;
    this.#runtime.answer(String(message.content.value ?? ""));
  }

  async #answer(channel: "shell" | "control", message: Message): Promise<void> {
    const type = message.header.msg_type;
    this.#outbox.status("busy", message);
    if (type === "interrupt_request") this.interrupt();
    if (type === "comm_info_request" && typeof message.content.target_name === "string")
      this.#runtime.send({ type: "front_end_has", target: message.content.target_name });
    const content = await answerTo(message, this.#sources).catch((error: Error) =>
      failedReply("KernelError", error.message),
    );
    await this.#outbox.reply(channel, message, type.replace(/_request$/, "") + "_reply", content);
    this.#idleAgain(message);
    if (type === "shutdown_request") await this.shutDown(0);
  }

  // Cells

  async #executeQueue(): Promise<void> {
    if (this.#working) return;
    this.#working = true;
    for (let message = this.#queue.shift(); message; message = this.#queue.shift()) {
      this.#executing = this.#last = message;
      const error = await this.#execute(message);
      this.#executing = undefined;
      if (error && message.content.stop_on_error !== false) await this.#abortQueue(error);
    }
    this.#working = false;
  }

  /** @returns the error of a cell that failed */
  async #execute(message: Message): Promise<Outcome["error"]> {
    const {
      silent = false,
      store_history: stored = true,
      user_expressions: expressions = {},
    } = message.content as {
      silent?: boolean;
      store_history?: boolean;
      user_expressions?: Record<string, string>;
    };
    const code = String(message.content.code ?? "");
    const counts = !silent && stored;
    this.#interrupted = false;
    this.#outbox.status("busy", message);
    if (counts && code.trim() !== "") this.#history.add(++this.#count, code);
    if (!silent) this.#outbox.publish("execute_input", { code, execution_count: this.#count }, message);
    const outcome =
      code.trim() === ""
        ? {}
        : await this.#run(message, code, {
            label: counts ? `[${this.#count}]` : "[*]",
            value: silent ? "drop" : "show",
          });
    const content = outcome.error
      ? { status: "error", ...outcome.error }
      : { status: "ok", user_expressions: await this.#evaluate(message, expressions) };
    this.#outbox.flush();
    await this.#executeReply(message, content);
    this.#outbox.status("idle", message);
    return outcome.error;
  }

  /** Compiles and runs a cell, and takes over its names. Errors are published. */
  async #run(
    message: Message,
    code: string,
    { label, value }: Pick<ExecuteMessage, "label" | "value">,
  ): Promise<Partial<Outcome>> {
    const checked = await this.#language.prepare(code).catch((error: Error) => ({ failed: error }));
    const { ended } = this.#requests;
    if (ended) return { error: ended };
    const refused =
      "failed" in checked
        ? failure("KernelError", checked.failed.message)
        : "errors" in checked
          ? compileError(checked.errors, code, label)
          : this.#interrupted
            ? interrupted
            : checked.prepared;
    if ("ename" in refused) {
      if (value === "show") this.#outbox.publish("error", { ...refused }, message);
      return { error: refused };
    }
    const prepared = refused;
    const outcome = await this.#requests.ask(message, (request) =>
      this.#runtime.send({
        type: "execute",
        request,
        label,
        prepared,
        value,
        allowInput: message.content.allow_stdin === true,
      }),
    );
    // What native code and child processes wrote comes through other pipes, and may be a moment behind.
    await nextTurn();
    await nextTurn();
    void this.#language.take(prepared.cell, outcome.error ? (outcome.ran ?? []) : undefined);
    return outcome;
  }

  async #evaluate(message: Message, expressions: Record<string, string>): Promise<Content> {
    const values: Content = {};
    for (const [name, expression] of Object.entries(expressions)) {
      const { error, value } = await this.#run(message, expression, { label: "[*]", value: "return" });
      values[name] = error
        ? { status: "error", ...error }
        : { status: "ok", data: value ?? { "text/plain": "undefined" }, metadata: {} };
    }
    return values;
  }

  /**
   * Cells that wait behind one that failed are not run. The last of them says why: after "Run All" it is the one in view,
   * and the error may be many cells above it.
   */
  async #abortQueue({ ename, evalue }: NonNullable<Outcome["error"]>): Promise<void> {
    const waiting = this.#queue;
    this.#queue = [];
    const last = waiting.findLast(({ content }) => !content.silent);
    for (const message of waiting) {
      this.#outbox.status("busy", message);
      if (message === last && ename !== interrupted.ename)
        this.#outbox.print(message, "stderr", `Not run, because cell [${this.#count}] stopped:\n${ename}: ${evalue}\n`);
      await this.#executeReply(message, { status: "aborted" });
      this.#outbox.status("idle", message);
    }
  }

  #executeReply(message: Message, content: Content): Promise<void> {
    const usual = { execution_count: this.#count, user_expressions: {}, payload: [] };
    return this.#outbox.reply("shell", message, "execute_reply", { ...usual, ...content });
  }

  interrupt(): void {
    this.#interrupted = true;
    const cell = this.#executing;
    setTimeout(() => {
      if (cell && cell === this.#executing) this.#outbox.print(cell, "stderr", stubborn);
    }, 2000);
    this.#runtime.interrupt();
    if (this.#asking) {
      this.#asking = false;
      this.#runtime.answer(null);
    }
  }

  // Comms

  async #comm(message: Message): Promise<void> {
    const content = message.content as CommMessage["content"];
    const type = message.header.msg_type as CommMessage["type"];
    this.#noteComm(type, content);
    this.#outbox.status("busy", message);
    await this.#requests.ask(message, (request) =>
      this.#runtime.send({ type, request, content, buffers: message.buffers }),
    );
    this.#idleAgain(message);
  }

  #noteComm(type: string, { comm_id: id, target_name: target = "" }: Content): void {
    if (type === "comm_open") this.#comms.set(String(id), String(target));
    if (type === "comm_close") this.#comms.delete(String(id));
  }

  // The other process

  #fromRuntime(message: FromRuntime): void {
    if (message.type === "publish") this.#fromCell(message);
    else if (message.type === "done") this.#requests.done(message);
    else if (message.type === "input") {
      this.#asking = true;
      this.#outbox.ask(message.prompt, this.#requests.messageOf(message.request));
    }
  }

  #fromCell({ request, messageType, content, metadata, buffers }: Publication): void {
    const parent = this.#requests.messageOf(request) ?? this.#last;
    if (messageType === "stream")
      return this.#outbox.print(parent, content.name as "stdout" | "stderr", content.text as string);
    this.#noteComm(messageType, content);
    if (messageType === "execute_result") {
      content.execution_count = this.#count;
      this.#history.gave(this.#count, String((content.data as Content)["text/plain"] ?? ""));
    }
    this.#outbox.flush();
    this.#outbox.publish(messageType, content, parent, { metadata, buffers });
  }

  /** Tells the notebook why the process that runs cells has ended; then the kernel ends, too. */
  async #runtimeEnded({ reason, code }: End): Promise<void> {
    if (this.#closing) return;
    this.#outbox.flush();
    const cells = this.#requests.running.filter(({ header }) => header.msg_type === "execute_request");
    const told = cells.length > 0 ? cells : this.#last ? [this.#last] : [];
    for (const message of told) this.#outbox.publish("error", { ...reason }, message);
    this.#requests.end(reason);
    await nextTurn();
    while (this.#executing) await nextTurn();
    await this.shutDown(code || 1);
  }

  /** Ends the kernel once every message has been sent. */
  async shutDown(code: number): Promise<void> {
    if (this.#closing) return;
    this.#closing = true;
    this.#runtime.kill();
    await this.#options.close();
    await this.#language.close();
    process.exit(code);
  }

  /** Ends a request that was answered beside the queue. Front ends show the last status, which must be that of a cell that still runs. */
  #idleAgain(message: Message): void {
    this.#outbox.status("idle", message);
    if (this.#executing) this.#outbox.status("busy", this.#executing);
  }
}
