import { readFileSync } from "node:fs";
import path from "node:path";
import { excerpt, headline } from "./error-text";
import { History } from "./history";
import { startLanguageThread, type LanguageThread } from "./language/language-thread";
import type { CellError } from "./language/protocol";
import type { CommMessage, ErrorContent, ExecuteMessage, FromRuntime, Outcome, Publication } from "./runtime-messages";
import { startRuntime, type End, type RuntimeProcess } from "./runtime-process";
import { StreamJoiner } from "./stream-joiner";
import { PROTOCOL, type Message, type Wire } from "./wire";

type Channel = "shell" | "control" | "stdin" | "iopub";
type Content = Record<string, unknown>;

export interface SessionOptions {
  wire: Wire;
  /** The notebook's folder. */
  folder: string;
  /** The project's folder, in which cells run. */
  root: string;
  /** Takes out of native output what nobody wants to read. */
  clean(text: string): string;
  send(channel: Channel, message: Message): Promise<void>;
  /** Closes the sockets when everything has left. */
  close(): Promise<void>;
}

interface Running {
  message: Message;
  resolve(outcome: Outcome): void;
}

/** What the kernel answers: one queue of cells; everything else is answered at once, also while a cell runs. */
export class Session {
  readonly #options: SessionOptions;
  readonly #language: LanguageThread;
  readonly #runtime: RuntimeProcess;
  readonly #history = new History();
  readonly #streams: StreamJoiner<Message | undefined>;
  /** What runs in the other process, by the number of its request there. */
  readonly #running = new Map<number, Running>();
  readonly #requests = new Map<number, Message>();
  readonly #comms = new Map<string, string>();
  #queue: Message[] = [];
  /** Whether the queue is being worked through. */
  #working = false;
  /** The cell being executed, from its first message to its last. */
  #executing: Message | undefined;
  /** In whose name something is told that happens while nothing runs. */
  #last: Message | undefined;
  #interrupted = false;
  #count = 0;
  #request = 0;
  #asking = false;
  #ended: ErrorContent | undefined;
  #closing = false;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#streams = new StreamJoiner((parent, name, text) => this.#publish("stream", { name, text }, parent));
    this.#language = startLanguageThread({ folder: options.folder, root: options.root });
    this.#runtime = startRuntime(options, {
      message: (message) => this.#fromRuntime(message),
      output: (name, text) => this.#streams.add(this.#executing ?? this.#last, name, text),
      ended: (end) => void this.#runtimeEnded(end),
    });
    process.on("SIGINT", () => this.#interrupt());
    process.on("SIGTERM", () => void this.#shutDown(0));
    if (process.env.JPY_PARENT_PID) this.#endWithParent(process.ppid);
  }

  /** Called when the sockets are open. */
  start(): void {
    this.#publish("status", { execution_state: "starting" }, undefined);
  }

  onShell(message: Message): void {
    const type = message.header.msg_type;
    if (type === "execute_request") {
      this.#queue.push(message);
      void this.#executeQueue();
    } else if (/^comm_(?:open|msg|close)$/.test(type)) {
      void this.#comm(message);
    } else {
      void this.#answer("shell", message);
    }
  }

  onControl(message: Message): void {
    void this.#answer("control", message);
  }

  onInput(message: Message): void {
    if (!this.#asking || message.header.msg_type !== "input_reply") return;
    this.#asking = false;
    this.#runtime.answer(String(message.content.value ?? ""));
  }

  /** Tells a front end that from now on it gets what is published. */
  welcome(topic: Buffer): Message {
    return this.#options.wire.make("iopub_welcome", { subscription: topic.toString() }, undefined, {
      identities: [topic],
    });
  }

  // Answers

  async #answer(channel: "shell" | "control", message: Message): Promise<void> {
    const type = message.header.msg_type;
    this.#status("busy", message);
    const content = await this.#contentFor(message).catch((error: Error) => failure("KernelError", error.message));
    await this.#reply(channel, message, type.replace(/_request$/, "") + "_reply", content);
    this.#idleAgain(message);
    if (type === "shutdown_request") await this.#shutDown(0);
  }

  async #contentFor({ header, content }: Message): Promise<Content> {
    const code = String(content.code ?? "");
    switch (header.msg_type) {
      case "kernel_info_request":
        return kernelInfo(this.#options.root);
      case "complete_request": {
        const { matches, kinds, start, end } = await this.#language.complete(
          code,
          utf16(code, Number(content.cursor_pos)),
        );
        const types = matches.map((text, index) => ({
          text,
          type: kinds[index],
          start: codePoints(code, start),
          end: codePoints(code, end),
        }));
        return {
          status: "ok",
          matches,
          cursor_start: codePoints(code, start),
          cursor_end: codePoints(code, end),
          metadata: { _jupyter_types_experimental: types },
        };
      }
      case "inspect_request": {
        const found = await this.#language.inspect(code, utf16(code, Number(content.cursor_pos)));
        return {
          status: "ok",
          found: found !== undefined,
          data: found ? { "text/plain": found.plain, "text/markdown": found.markdown } : {},
          metadata: {},
        };
      }
      case "is_complete_request":
        return { ...(await this.#language.isComplete(code)) };
      case "history_request":
        return { status: "ok", history: this.#history.answer(content) };
      case "comm_info_request": {
        const target = content.target_name as string | undefined;
        if (target !== undefined) this.#runtime.send({ type: "front_end_has", target });
        const comms = [...this.#comms].filter(([, name]) => target === undefined || name === target);
        return { status: "ok", comms: Object.fromEntries(comms.map(([id, name]) => [id, { target_name: name }])) };
      }
      case "interrupt_request":
        this.#interrupt();
        return { status: "ok" };
      case "shutdown_request":
        return { status: "ok", restart: content.restart === true };
      case "debug_request":
        return {
          ...failure("NotSupported", "This kernel has no debugger."),
          type: "response",
          success: false,
          command: content.command,
          request_seq: content.seq,
        };
      default:
        return failure("NotSupported", `The kernel does not know ${header.msg_type}.`);
    }
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
      code: source,
      silent,
      store_history: storeHistory = true,
      user_expressions: expressions = {},
    } = message.content as {
      code: string;
      silent?: boolean;
      store_history?: boolean;
      user_expressions?: Record<string, string>;
    };
    const code = String(source ?? "");
    const counts = !silent && storeHistory;
    this.#interrupted = false;
    this.#status("busy", message);
    if (counts && code.trim() !== "") this.#history.add(++this.#count, code);
    const count = this.#count;
    if (!silent) this.#publish("execute_input", { code, execution_count: count }, message);
    const outcome =
      code.trim() === ""
        ? {}
        : await this.#run(message, code, { label: counts ? `[${count}]` : "[*]", value: silent ? "drop" : "show" });
    const content: Content = outcome.error
      ? { status: "error", execution_count: count, ...outcome.error, user_expressions: {}, payload: [] }
      : {
          status: "ok",
          execution_count: count,
          user_expressions: await this.#evaluate(message, expressions),
          payload: [],
        };
    this.#streams.flush();
    await this.#reply("shell", message, "execute_reply", content);
    this.#status("idle", message);
    return outcome.error;
  }

  /** Compiles and runs a cell, and takes over its names. Errors are published. */
  async #run(
    message: Message,
    code: string,
    { label, value }: Pick<ExecuteMessage, "label" | "value">,
  ): Promise<Partial<Outcome>> {
    const checked = await this.#language.prepare(code).catch((error: Error) => ({ failed: error }));
    if (this.#ended) return { error: this.#ended };
    const refused =
      "failed" in checked
        ? failure("KernelError", checked.failed.message)
        : "errors" in checked
          ? compileError(checked.errors, code, label)
          : this.#interrupted
            ? interrupted
            : undefined;
    if (refused || !("prepared" in checked)) {
      const { ename, evalue, traceback } = refused!;
      if (value === "show") this.#publish("error", { ename, evalue, traceback }, message);
      return { error: { ename, evalue, traceback } };
    }
    const { prepared } = checked;
    const outcome = await this.#inRuntime(message, (request) =>
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
   * Those that wait behind a cell that failed are not run. The last of them says why: after "Run All" that is the one in
   * view, and the error may stand many cells above it.
   */
  async #abortQueue({ ename, evalue }: NonNullable<Outcome["error"]>): Promise<void> {
    const waiting = this.#queue;
    this.#queue = [];
    const last = waiting.findLast(({ content }) => !content.silent);
    for (const message of waiting) {
      this.#status("busy", message);
      if (message === last && ename !== interrupted.ename)
        this.#publish(
          "stream",
          { name: "stderr", text: `Not run, because cell [${this.#count}] stopped:\n${ename}: ${evalue}\n` },
          message,
        );
      await this.#reply("shell", message, "execute_reply", {
        status: "aborted",
        execution_count: this.#count,
        user_expressions: {},
        payload: [],
      });
      this.#status("idle", message);
    }
  }

  #interrupt(): void {
    this.#interrupted = true;
    const cell = this.#executing;
    setTimeout(() => {
      if (cell && cell === this.#executing) this.#streams.add(cell, "stderr", stubborn);
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
    if (type === "comm_open") this.#comms.set(content.comm_id, content.target_name ?? "");
    if (type === "comm_close") this.#comms.delete(content.comm_id);
    this.#status("busy", message);
    await this.#inRuntime(message, (request) =>
      this.#runtime.send({ type, request, content, buffers: message.buffers }),
    );
    this.#idleAgain(message);
  }

  // The other process

  #inRuntime(message: Message, send: (request: number) => void): Promise<Outcome> {
    const request = ++this.#request;
    if (this.#ended) return Promise.resolve({ type: "done", request, error: this.#ended, ran: [] });
    this.#requests.set(request, message);
    return new Promise((resolve) => {
      this.#running.set(request, { message, resolve });
      send(request);
    });
  }

  #fromRuntime(message: FromRuntime): void {
    if (message.type === "publish") this.#fromCell(message);
    else if (message.type === "done") {
      this.#running.get(message.request)?.resolve(message);
      this.#running.delete(message.request);
      this.#forgetOldRequests();
    } else if (message.type === "input") {
      const parent = this.#requests.get(message.request);
      this.#asking = true;
      this.#streams.flush();
      void this.#options.send(
        "stdin",
        this.#options.wire.make("input_request", { prompt: message.prompt, password: false }, parent, {
          identities: parent?.identities,
        }),
      );
    }
  }

  #fromCell({ request, messageType, content, metadata, buffers }: Publication): void {
    const parent = this.#requests.get(request) ?? this.#last;
    if (messageType === "stream")
      return this.#streams.add(parent, content.name as "stdout" | "stderr", content.text as string);
    if (messageType === "comm_open") this.#comms.set(content.comm_id as string, content.target_name as string);
    if (messageType === "comm_close") this.#comms.delete(content.comm_id as string);
    if (messageType === "execute_result") {
      content.execution_count = this.#count;
      this.#history.gave(this.#count, String((content.data as Content)["text/plain"] ?? ""));
    }
    this.#streams.flush();
    this.#publish(messageType, content, parent, { metadata, buffers });
  }

  /** Late output finds its cell, as long as it is not a thousand cells back. */
  #forgetOldRequests(): void {
    for (const request of this.#requests.keys()) {
      if (request > this.#request - 1000) break;
      if (!this.#running.has(request)) this.#requests.delete(request);
    }
  }

  /** The process that runs cells has gone: the notebook learns why, then the kernel goes, too. */
  async #runtimeEnded(end: End): Promise<void> {
    if (this.#closing) return;
    this.#ended = reasonOf(end);
    this.#streams.flush();
    const cells = [...this.#running.values()].filter(({ message }) => message.header.msg_type === "execute_request");
    const told = cells.length > 0 ? cells.map(({ message }) => message) : this.#last ? [this.#last] : [];
    for (const message of told) this.#publish("error", { ...this.#ended }, message);
    for (const [request, { resolve }] of this.#running) resolve({ type: "done", request, error: this.#ended, ran: [] });
    await nextTurn();
    while (this.#executing) await nextTurn();
    await this.#shutDown(end.code || 1);
  }

  /** A kernel whose Jupyter is gone has nobody to talk to, and may still be computing. */
  #endWithParent(parent: number): void {
    setInterval(() => {
      if (process.ppid !== parent) void this.#shutDown(1);
    }, 1000).unref();
  }

  async #shutDown(code: number): Promise<void> {
    if (this.#closing) return;
    this.#closing = true;
    this.#runtime.kill();
    await this.#options.close();
    await this.#language.close();
    process.exit(code);
  }

  // Messages

  #publish(
    messageType: string,
    content: Content,
    parent: Message | undefined,
    more: Pick<Publication, "metadata" | "buffers"> = {},
  ): void {
    void this.#options.send(
      "iopub",
      this.#options.wire.make(messageType, content, parent, { identities: [Buffer.from(messageType)], ...more }),
    );
  }

  #status(state: "busy" | "idle", parent: Message): void {
    this.#streams.flush();
    this.#publish("status", { execution_state: state }, parent);
  }

  /** The end of what was answered beside the queue. Front ends show the last status: a cell that still runs has to be seen. */
  #idleAgain(message: Message): void {
    this.#status("idle", message);
    if (this.#executing) this.#status("busy", this.#executing);
  }

  #reply(channel: "shell" | "control", message: Message, messageType: string, content: Content): Promise<void> {
    return this.#options.send(
      channel,
      this.#options.wire.make(messageType, content, message, { identities: message.identities }),
    );
  }
}

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const failure = (ename: string, evalue: string): ErrorContent & { status: "error" } => ({
  status: "error",
  ename,
  evalue,
  traceback: [headline(ename, evalue)],
});

const stubborn =
  "The cell runs code that cannot be stopped from outside (a package's loop, say), and ends when that returns. Interrupt again to end it by force; variables may then be lost.\n";

const interrupted = failure("Interrupted", "The cell was interrupted.");

/** The compiler's errors, each with its line; the message of the first stands for all. */
function compileError(errors: readonly CellError[], code: string, label: string): ErrorContent {
  const shown = errors
    .slice(0, 10)
    .flatMap(({ message, code: number, place }) => [
      headline(`TS${number}`, message),
      ...(place ? excerpt(code, label, place.line, place.column, place.length) : []),
    ]);
  const more = errors.length > 10 ? [`… and ${errors.length - 10} more errors`] : [];
  return {
    ename: "CompileError",
    evalue: `TS${errors[0].code}: ${errors[0].message}${errors.length > 1 ? ` (and ${errors.length - 1} more)` : ""}`,
    traceback: [...shown, ...more],
  };
}

/** Why the process that runs cells is gone, in a sentence that says what to do. */
function reasonOf({ code, signal, lastWords, said }: End): ErrorContent {
  const lost = "All variables are gone; the kernel restarts.";
  if (/heap out of memory|Reached heap limit/.test(lastWords)) {
    return failure(
      "OutOfMemory",
      `The cells' JavaScript heap is full. ${lost} Use less at once, or give it more: NODE_OPTIONS=--max-old-space-size=MEGABYTES.`,
    );
  }
  if (said) return failure("ProcessExit", `The process ended itself with exit code ${code} (process.exit). ${lost}`);
  if (signal === "SIGKILL")
    return failure(
      "Killed",
      `The process was killed (SIGKILL), perhaps because the machine has no memory left. ${lost}`,
    );
  const words = lastWords.trim().split("\n").slice(-6).join("\n");
  return failure(
    "Crash",
    `The process ended with ${signal ?? `exit code ${code}`}. ${lost}${words === "" ? "" : `\n${words}`}`,
  );
}

function kernelInfo(root: string): Content {
  const { version } = JSON.parse(readFileSync(path.join(root, "package.json"), "utf8")) as { version: string };
  return {
    status: "ok",
    protocol_version: PROTOCOL,
    implementation: "kernel-view",
    implementation_version: version,
    language_info: {
      name: "typescript",
      version: typescriptVersion(),
      mimetype: "text/typescript",
      file_extension: ".ts",
      pygments_lexer: "typescript",
      codemirror_mode: { name: "javascript", typescript: true },
      nbconvert_exporter: "script",
    },
    banner: `TypeScript ${typescriptVersion()} on Node ${process.version} (Kernel View ${version})`,
    help_links: [{ text: "TypeScript Handbook", url: "https://www.typescriptlang.org/docs/handbook/intro.html" }],
    debugger: false,
    supported_features: [],
  };
}

const typescriptVersion = (): string => (require("typescript/package.json") as { version: string }).version;

/** Jupyter counts characters, JavaScript UTF-16 units. */
function utf16(text: string, characters: number): number {
  return [...text].slice(0, Number.isFinite(characters) ? characters : undefined).join("").length;
}

const codePoints = (text: string, units: number): number => [...text.slice(0, units)].length;
