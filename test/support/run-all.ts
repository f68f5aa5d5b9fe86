import { RealKernel, type KernelMessage, type Request } from "./real-kernel";

/** A cell of the notebook, and what has to come of it: "stdout …", "stderr …", "display …", "result …". */
interface ExpectedCell {
  code: string;
  outputs: string[];
}

const chart = (n: number) =>
  `await showChart({ $schema: "https://vega.github.io/schema/vega-lite/v5.json", description: "Chart ${n}", data: { values: [{ x: 1, y: ${n} }] }, mark: "point", encoding: { x: { field: "x", type: "quantitative" }, y: { field: "y", type: "quantitative" } } });`;

const kinds: ((n: number) => ExpectedCell)[] = [
  (n) => ({
    code: `const numbers${n} = Array.from({ length: 300 }, (_, i) => i + ${n}); for (const i of numbers${n}) console.log(i);`,
    outputs: [`stdout ${Array.from({ length: 300 }, (_, i) => `${i + n}\n`).join("")}`],
  }),
  (n) => ({
    code: `for (let i = 0; i < 5; i++) { await new Promise((done) => setTimeout(done, 3)); console.log("waited", i, ${n}); }\nawait Promise.resolve(${n})`,
    outputs: [`stdout ${[0, 1, 2, 3, 4].map((i) => `waited ${i} ${n}\n`).join("")}`, `result ${n}`],
  }),
  (n) => ({
    code: `console.log("before"); ${chart(n)} console.log("after");`,
    outputs: ["stdout before\n", `display Chart: Chart ${n}`, "stdout after\n"],
  }),
  (n) => ({
    code: `showTable([{ n: ${n} }]); process.stdout.write("a"); process.stdout.write("b\\n"); console.error("err"); numbers${n - 3}.length`,
    outputs: [`display n  ${n}`, "stdout ab\n", "stderr err\n", "result 300"],
  }),
  (n) => ({
    code: `interface Row${n} { value: number }\nconst row${n}: Row${n} = { value: ${n} }; const text${n} = "x".repeat(5000); console.log(text${n}); row${n}`,
    outputs: [`stdout ${"x".repeat(5000)}\n`, `result { value: ${n} }`],
  }),
  () => ({
    code: `await Promise.all(Array.from({ length: 10 }, async (_, i) => { await new Promise((done) => setTimeout(done, i)); console.log(i); }));\nundefined`,
    outputs: [`stdout ${Array.from({ length: 10 }, (_, i) => `${i}\n`).join("")}`],
  }),
];

/** A notebook of thirty cells that print, draw and await. */
export const cells: ExpectedCell[] = [
  { code: `import { showChart, showTable } from "kernel-view";`, outputs: [] },
  ...Array.from({ length: 29 }, (_, index) => kinds[index % kinds.length](index)),
];

/** How a front end runs a notebook. */
export const manners = {
  /** JupyterLab: all cells at once, and questions in between. */
  lab: async (kernel: RealKernel) => {
    const requests = cells.map(({ code }) => kernel.begin(code, { allow_stdin: true }));
    const questions = ["counted", "numb", "showCh"].map((code) =>
      kernel.send("complete_request", { code, cursor_pos: code.length }),
    );
    questions.push(
      kernel.send("kernel_info_request", {}, { channel: "control" }),
      kernel.send("comm_info_request", { target_name: "jupyter.widget" }),
    );
    for (const question of questions) await question.ended();
    return requests;
  },
  /** nbclient: one after the other, nobody can be asked. */
  nbclient: async (kernel: RealKernel) => {
    const requests: Request[] = [];
    for (const { code } of cells) {
      const request = kernel.begin(code, { allow_stdin: false });
      requests.push(request);
      await request.ended();
    }
    return requests;
  },
  /** VS Code: one after the other, with silent cells of its own in between, on a client that is not the only one. */
  vscode: async (kernel: RealKernel) => {
    const requests: Request[] = [];
    for (const { code } of cells) {
      const request = kernel.begin(code, { allow_stdin: true, stop_on_error: true }, "b");
      requests.push(request);
      const silent = kernel.begin("void 0", { silent: true, store_history: false }, "b");
      await request.ended();
      await silent.ended();
    }
    return requests;
  },
};

/** Runs the notebook once; what is not as it has to be, in words. A cell without an end is an error. */
export async function runAll(
  kernel: RealKernel,
  manner: keyof typeof manners,
  clients: readonly string[],
): Promise<string[]> {
  const requests = await manners[manner](kernel);
  const wrong: string[] = [];
  for (const [index, request] of requests.entries()) {
    await request.ended();
    for (const client of clients) {
      await request.until(
        (message) => message.client === client && isStatus(message, "idle"),
        `the status idle for client ${client}`,
      );
      const seen = outputsOf(
        request.messages.filter((message) => message.client === client && message.channel === "iopub"),
      );
      const expected = ["busy", `input ${cells[index].code}`, ...cells[index].outputs, "idle"];
      if (seen.join("\0") !== expected.join("\0"))
        wrong.push(
          `cell ${index}, client ${client}: ${JSON.stringify(seen).slice(0, 300)} instead of ${JSON.stringify(expected).slice(0, 300)}`,
        );
    }
    const replies = request.messages.filter(({ type }) => type === "execute_reply");
    if (replies.length !== 1 || replies[0].content.status !== "ok")
      wrong.push(`cell ${index}: answered ${JSON.stringify(replies.map(({ content }) => content.status))}`);
  }
  return wrong;
}

const isStatus = ({ type, content }: KernelMessage, state: string): boolean =>
  type === "status" && content.execution_state === state;

/** What was published for a cell; streams that were cut are joined, and a repeated "busy" counts once. */
function outputsOf(messages: readonly KernelMessage[]): string[] {
  const seen: string[] = [];
  for (const { type, content } of messages) {
    const text = (content.data as Record<string, string> | undefined)?.["text/plain"] ?? "";
    const entry =
      type === "status"
        ? String(content.execution_state)
        : type === "stream"
          ? `${String(content.name)} ${String(content.text)}`
          : type === "execute_input"
            ? `input ${String(content.code)}`
            : type === "display_data"
              ? `display ${text
                  .split("\n")
                  .filter((line) => !line.startsWith("─"))
                  .map((line) => line.trim())
                  .join("  ")}`
              : type === "execute_result"
                ? `result ${text}`
                : `${type} ${JSON.stringify(content)}`;
    const last = seen.at(-1);
    if (type === "stream" && last?.startsWith(`${String(content.name)} `))
      seen[seen.length - 1] = last + String(content.text);
    else if (!(entry === "busy" && seen.includes("busy"))) seen.push(entry);
  }
  return seen;
}

export interface StressFigures {
  runs: number;
  kernels: number;
  cells: number;
  messages: number;
  /** What was lost, doubled or in the wrong place. */
  wrong: string[];
  /** Runs in which something did not end. */
  hangs: string[];
  seconds: number;
}

/**
 * Runs the notebook many times, in turn as each front end does.
 * @param perKernel after so many runs a new kernel is started
 */
export async function stress(
  runs: number,
  perKernel: number,
  onRun: (figures: StressFigures) => void = () => {},
): Promise<StressFigures> {
  const figures: StressFigures = { runs: 0, kernels: 0, cells: 0, messages: 0, wrong: [], hangs: [], seconds: 0 };
  const started = performance.now();
  const names = Object.keys(manners) as (keyof typeof manners)[];
  while (figures.runs < runs) {
    const kernel = new RealKernel();
    figures.kernels++;
    try {
      await kernel.open();
      await kernel.connect("b");
      for (let run = 0; run < perKernel && figures.runs < runs; run++) {
        const manner = names[figures.runs % names.length];
        figures.runs++;
        figures.wrong.push(
          ...(await runAll(kernel, manner, ["a", "b"])).map((text) => `run ${figures.runs} (${manner}): ${text}`),
        );
        figures.cells += cells.length;
        figures.seconds = (performance.now() - started) / 1000;
        onRun(figures);
      }
    } catch (error) {
      figures.hangs.push(`run ${figures.runs}: ${(error as Error).message}`);
      onRun(figures);
    }
    figures.messages += kernel.messages.length;
    await kernel.stop();
  }
  figures.seconds = (performance.now() - started) / 1000;
  return figures;
}
