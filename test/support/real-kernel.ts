import { spawn, type ChildProcess } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { after, before } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { root } from "./checkout";

type Content = Record<string, unknown>;
type Channel = "shell" | "control" | "stdin" | "iopub";

export interface KernelMessage {
  client: string;
  channel: Channel;
  type: string;
  /** Id of the request in whose name it was sent. */
  parent: string | null;
  content: Content;
  metadata: Content;
  /** When it arrived, in milliseconds. */
  at: number;
}

/** What a cell did, seen by the client that sent it. */
export interface Ran {
  status: string;
  reply: Content;
  /** What was published in its name until it was idle, statuses and the repeated code left out. */
  outputs: KernelMessage[];
  printed: string;
  warnings: string;
  /** The text form of its value. */
  value?: string;
  /** All forms of its value. */
  data?: Content;
  error?: { ename: string; evalue: string; traceback: string[] };
  /** The error as it is read: no colours, a line each. */
  trace: string;
  milliseconds: number;
}

/** Everything that a test waits for comes within this; a loaded machine is slow. */
const PATIENCE = 60_000;

// eslint-disable-next-line no-control-regex
export const withoutColours = (text: string): string => text.replace(/\x1b\[[\d;]*m/g, "");

/** A request and what came in its name. */
export class Request {
  readonly sent = performance.now();
  readonly messages: KernelMessage[] = [];

  constructor(
    readonly id: string,
    readonly type: string,
    readonly client: string,
    private readonly kernel: RealKernel,
  ) {}

  /** The first message that fits, now or later. */
  until(fits: (message: KernelMessage) => boolean, what = "a message"): Promise<KernelMessage> {
    return this.kernel.until(
      () => this.messages.find(fits),
      `${what} in answer to ${this.type}`,
      () => this.messages,
    );
  }

  get reply(): Promise<Content> {
    return this.until(isReply, "a reply").then(({ content }) => content);
  }

  /** Until it has been answered and all was said. */
  async ended(): Promise<Ran> {
    const { content: reply } = await this.until(isReply, "a reply");
    const idle = await this.until((message) => isIdle(message) && message.client === this.client, "the status idle");
    const published = this.messages.filter(({ channel, client }) => channel === "iopub" && client === this.client);
    const outputs = published
      .slice(0, published.indexOf(idle))
      .filter(({ type }) => type !== "status" && type !== "execute_input");
    const stream = (name: string) =>
      outputs
        .filter(({ type, content }) => type === "stream" && content.name === name)
        .map(({ content }) => content.text)
        .join("");
    const data = outputs.find(({ type }) => type === "execute_result")?.content.data as Content | undefined;
    const error = outputs.find(({ type }) => type === "error")?.content as Ran["error"];
    return {
      status: reply.status as string,
      reply,
      outputs,
      printed: stream("stdout"),
      warnings: stream("stderr"),
      ...(data ? { data, value: data["text/plain"] as string } : {}),
      ...(error ? { error } : {}),
      trace: withoutColours(((error ?? reply) as { traceback?: string[] }).traceback?.join("\n") ?? ""),
      milliseconds: idle.at - this.sent,
    };
  }

  /** Until something has been printed that holds `text`. */
  printed(text: string): Promise<KernelMessage> {
    return this.until(({ type, content }) => type === "stream" && String(content.text).includes(text), `“${text}”`);
  }
}

const isReply = ({ channel, type }: KernelMessage): boolean =>
  (channel === "shell" || channel === "control") && type.endsWith("_reply");
const isIdle = ({ channel, type, content }: KernelMessage): boolean =>
  channel === "iopub" && type === "status" && content.execution_state === "idle";

export interface KernelOptions {
  /** The notebook's folder. */
  folder?: string;
  /** Name of the kernel. */
  kernel?: string;
  env?: NodeJS.ProcessEnv;
}

/** One kernel for all tests of the suite around the call. */
export function kernelOfSuite(options?: KernelOptions): RealKernel {
  const kernel = new RealKernel(options);
  before(() => kernel.open());
  after(() => kernel.stop());
  return kernel;
}

/** A kernel as Jupyter starts it, with jupyter_client's clients. */
export class RealKernel {
  readonly messages: KernelMessage[] = [];
  readonly folder: string;
  readonly #options: KernelOptions;
  readonly #requests = new Map<string, Request>();
  readonly #connected = new Set<string>();
  #driver: ChildProcess | undefined;
  #words = "";
  #over = false;
  #ended = false;

  constructor(options: KernelOptions = {}) {
    this.#options = options;
    this.folder = options.folder ?? mkdtempSync(path.join(os.tmpdir(), "kernel-view-"));
  }

  /** A kernel for one test. */
  static async start(t: { after(clean: () => Promise<void>): void }, options?: KernelOptions): Promise<RealKernel> {
    const kernel = new RealKernel(options);
    t.after(() => kernel.stop());
    await kernel.open();
    return kernel;
  }

  /** Starts the kernel and connects its first client. */
  async open(): Promise<void> {
    const { kernel = "kernel-view", env } = this.#options;
    const python = path.join(root, ".venv", "bin", "python");
    const { NODE_TEST_CONTEXT: _, ...inherited } = process.env;
    const driver = spawn(python, [path.join(root, "test", "support", "kernel_driver.py"), this.folder, kernel], {
      env: { ...inherited, ...env },
    });
    driver.stderr.on("data", (text) => (this.#words += String(text)));
    driver.stdin.on("error", () => {}); // its end is told by "close"
    driver.on("close", () => (this.#over = true));
    createInterface({ input: driver.stdout }).on("line", (line) => this.#hear(JSON.parse(line) as Content));
    this.#driver = driver;
    await this.connect("a");
  }

  /**
   * Connects a client; the first one is "a".
   * @param wait until the kernel has answered it
   */
  async connect(name: string, wait = true): Promise<void> {
    this.#tell({ do: "client", name, wait });
    await this.until(() => this.#connected.has(name) || undefined, `client ${name}`);
  }

  /** Sends a request and does not wait. */
  send(
    type: string,
    content: Content = {},
    { channel = "shell", client = "a" }: { channel?: Channel; client?: string } = {},
  ): Request {
    const request = new Request(randomUUID(), type, client, this);
    this.#requests.set(request.id, request);
    this.#tell({ do: "send", id: request.id, client, channel, type, content });
    return request;
  }

  /** Sends a cell and does not wait. */
  begin(code: string, options: Content = {}, client = "a"): Request {
    return this.send(
      "execute_request",
      {
        code,
        silent: false,
        store_history: true,
        user_expressions: {},
        allow_stdin: false,
        stop_on_error: true,
        ...options,
      },
      { client },
    );
  }

  /** Runs a cell to its end. */
  run(code: string, options: Content = {}, client = "a"): Promise<Ran> {
    return this.begin(code, options, client).ended();
  }

  interrupt(): void {
    this.#tell({ do: "interrupt" });
  }

  /** Until the kernel's process is gone. */
  async gone(): Promise<void> {
    await this.until(() => this.#ended || undefined, "the end of the kernel");
  }

  async until<T>(
    look: () => T | undefined,
    what: string,
    seen: () => readonly KernelMessage[] = () => this.messages,
  ): Promise<T> {
    for (const started = performance.now(); performance.now() - started < PATIENCE; await sleep(5)) {
      const found = look();
      if (found !== undefined) return found;
      if (this.#over) throw new Error(`The kernel's driver has ended before ${what} came.\n${this.#words}`);
    }
    const last = seen()
      .slice(-20)
      .map(({ channel, type, content }) => `${channel} ${type} ${JSON.stringify(content).slice(0, 200)}`);
    throw new Error(
      `${what} did not come within ${PATIENCE / 1000} s. What came last:\n${last.join("\n")}\n${this.#words}`,
    );
  }

  async stop(): Promise<void> {
    if (this.#driver && !this.#over) {
      const ended = new Promise((resolve) => this.#driver!.once("close", resolve));
      this.#driver.stdin!.end();
      if ((await Promise.race([ended, sleep(10_000, "late", { ref: false })])) === "late") this.#driver.kill("SIGKILL");
    }
    if (this.#options.folder === undefined) rmSync(this.folder, { recursive: true, force: true });
  }

  #tell(request: Content): void {
    this.#driver!.stdin!.write(`${JSON.stringify(request)}\n`);
  }

  #hear({ event, ...rest }: Content): void {
    if (event === "ended") this.#ended = true;
    else if (event === "connected") this.#connected.add(rest.client as string);
    else {
      const message = { ...rest, at: performance.now() } as unknown as KernelMessage;
      this.messages.push(message);
      this.#requests.get(message.parent ?? "")?.messages.push(message);
    }
  }
}
