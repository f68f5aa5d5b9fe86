import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { kernelOfSuite } from "../support/real-kernel";

// The kernel itself waits 0.5 s for code that looks at no flag, and ends it by force after that. Idle, everything here
// ends within a second; beside other work on two cores that may be three times as long.
const SOON = 3000;

describe("an interrupt", () => {
  const kernel = kernelOfSuite();
  before(() => kernel.run("const kept = 5; let steps = 0;"));

  /** Interrupts a cell a moment after it has begun; fails unless it ends soon, in one line, and prints nothing more. */
  async function endsSoon(code: string): Promise<void> {
    const request = kernel.begin(`console.log("begun");\n${code}\nconsole.log("after");`);
    await request.printed("begun");
    await sleep(150);
    const interrupted = performance.now();
    kernel.interrupt();
    const { status, error, printed, trace } = await request.ended();
    const took = performance.now() - interrupted;
    assert.equal(status, "error");
    assert.equal(printed, "begun\n");
    assert.equal(error?.ename, "Interrupted");
    assert.equal(trace, "Interrupted: The cell was interrupted.");
    assert.ok(took < SOON, `ended after ${took.toFixed(0)} ms`);
    const next = await kernel.run("kept + 1");
    assert.deepEqual([next.status, next.value], ["ok", "6"]);
    await sleep(300);
    const late = request.messages.filter(({ type }) => type === "stream").map(({ content }) => content.text);
    assert.deepEqual(late, ["begun\n"]);
  }

  const cells = {
    "an endless loop": "while (true) {}",
    "an endless loop behind an await": "await null; while (true) {}",
    "an endless loop of awaits": "while (true) { await null; }",
    "a promise that nobody keeps": "await new Promise(() => {});",
    "a loop of timers": "while (true) { await new Promise((done) => setTimeout(done, 20)); steps++; }",
    "a loop in a function of the cell": "const spin = (): never => { for (;;) steps++; };\nspin();",
    "a recursion": "const count = (n: number): number => (n < 2 ? 1 : count(n - 1) + count(n - 2));\ncount(60);",
    "a loop that catches every error": "while (true) { try { await null; } catch { /* tried again */ } }",
    "a loop that catches every error, and whose work notices the interrupt":
      "const work = (): void => { for (let i = 0; i < 1000; i++) steps++; };\nwhile (true) { try { work(); } catch { /* tried again */ } }",
    "a timer for later": `setTimeout(() => console.log("late"), 400); await new Promise(() => {});`,
    "a loop of node's own timers": `const { setTimeout: rest } = await import("node:timers/promises");\nwhile (true) await rest(10);`,
  };
  for (const [what, code] of Object.entries(cells)) test(`ends ${what}`, () => endsSoon(code));

  test("ends a package's loop by force when it is in a cell's first stretch", () =>
    endsSoon(`const { performance } = require("node:perf_hooks");\nnew Function("while (true) {}")();`));

  test("ends what cells have left running, and prints nothing of it", async () => {
    const clock = await kernel.run(`const clock = setInterval(() => console.log("tick"), 50);`);
    assert.equal(clock.status, "ok");
    const waits = kernel.begin(`console.log("begun"); await new Promise(() => {});`);
    await waits.printed("begun");
    await kernel.until(
      () => kernel.messages.find(({ type, content }) => type === "stream" && content.text === "tick\n"),
      "a tick",
    );
    kernel.interrupt();
    assert.equal((await waits.ended()).error?.ename, "Interrupted");
    const ticks = () =>
      kernel.messages.filter(({ type, content }) => type === "stream" && String(content.text).includes("tick")).length;
    const before = ticks();
    await sleep(400);
    assert.equal(ticks(), before);
  });

  test("without a running cell ends a clock, too, and the next cell runs", async () => {
    await kernel.run(`setInterval(() => console.log("tock"), 50);`);
    await kernel.until(
      () => kernel.messages.find(({ type, content }) => type === "stream" && content.text === "tock\n"),
      "a tock",
    );
    kernel.interrupt();
    await sleep(300);
    const tocks = () =>
      kernel.messages.filter(({ type, content }) => type === "stream" && String(content.text).includes("tock")).length;
    const before = tocks();
    await sleep(400);
    assert.equal(tocks(), before);
    const next = await kernel.run("await new Promise((done) => setTimeout(done, 50)); kept");
    assert.equal(next.value, "5");
  });

  test("aborts the cells that wait", async () => {
    const request = kernel.begin(`console.log("begun"); while (true) {}`);
    const waiting = [kernel.begin(`console.log("first");`), kernel.begin(`console.log("second");`)];
    await request.printed("begun");
    kernel.interrupt();
    assert.equal((await request.ended()).error?.ename, "Interrupted");
    for (const behind of waiting) {
      const { status, printed } = await behind.ended();
      assert.deepEqual([status, printed], ["aborted", ""]);
    }
    assert.equal((await kernel.run("kept")).value, "5");
  });

  test("ends the library's work: no core is busy afterwards, and nothing behind it happens", async () => {
    const { status, trace } = await kernel.run(
      [
        `import { computeKernel, encodeExamples, loadLanguageModel, promptOutputs, readFewShot, taskByName } from "kernel-view";`,
        `const task = taskByName("imdb");`,
        `const lm = await loadLanguageModel("data/english/model");`,
        `const { sequences } = encodeExamples(readFewShot("data/english/tasks/imdb", task, { k: 16, seed: 13, testExamples: 50 }).train, task, lm.tokenizer);`,
        `// Equal prompts would be computed once.`,
        `const many = Array.from({ length: 50 }, (_, i) => sequences.map(({ ids, maskPosition }) => ({ maskPosition, ids: ids.map((id, t) => (t === 1 ? 1000 + i : id)) }))).flat();`,
      ].join("\n"),
    );
    assert.equal(status, "ok", trace);
    const request = kernel.begin(
      [
        `let told = { done: 0, total: 0 };`,
        `const outputs = promptOutputs(task, lm.tokenizer, "margin");`,
        `await computeKernel({ model: lm.model, outputs, train: sequences, evaluate: many, onProgress: (progress) => { told = progress; if (told.done === 1) console.log("begun"); } });`,
        `console.log("after");`,
      ].join("\n"),
    );
    await request.printed("begun");
    const interrupted = performance.now();
    kernel.interrupt();
    const { error, printed, trace: shown } = await request.ended();
    const took = performance.now() - interrupted;
    assert.deepEqual(
      [error?.ename, printed, shown],
      ["Interrupted", "begun\n", "Interrupted: The cell was interrupted."],
    );
    assert.ok(took < SOON, `ended after ${took.toFixed(0)} ms`);
    const measure =
      "const used = process.cpuUsage(); await new Promise((done) => setTimeout(done, 1000)); const { user, system } = process.cpuUsage(used);\n(user + system) / 1e6";
    let busy = Infinity;
    // What TensorFlow has begun it finishes.
    for (let look = 0; look < 5 && busy > 0.4; look++) busy = Number((await kernel.run(measure)).value);
    assert.ok(busy < 0.4, `${busy} s of work in a second in which nothing is to be done`);
    assert.equal((await kernel.run("[told.done < told.total, many.length]")).value, "[ true, 1600 ]");
    assert.doesNotMatch(request.messages.map(({ content }) => String(content.text)).join(""), /after/);
  });
});
