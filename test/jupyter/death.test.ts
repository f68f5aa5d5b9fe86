import assert from "node:assert/strict";
import { test } from "node:test";
import { RealKernel } from "../support/real-kernel";

/** Runs a cell that ends its process, and waits until the kernel has gone, too. */
async function dies(t: { after(clean: () => Promise<void>): void }, code: string, env?: NodeJS.ProcessEnv) {
  const kernel = await RealKernel.start(t, { env });
  const request = kernel.begin(`console.log("before");\n${code}`);
  const queued = kernel.begin(`console.log("never");`);
  const { status, error, printed } = await request.ended();
  await kernel.gone();
  assert.deepEqual([status, printed], ["error", "before\n"]);
  assert.doesNotMatch(queued.messages.map(({ content }) => String(content.text)).join(""), /never/);
  return error!;
}

test("process.exit: the notebook learns of it before the kernel goes", async (t) => {
  const { ename, evalue } = await dies(t, "process.exit(3);");
  assert.equal(ename, "ProcessExit");
  assert.match(evalue, /exit code 3 .*All variables are gone; the kernel restarts\./);
});

test("a full heap: the notebook learns of it, and what to do", async (t) => {
  const { ename, evalue } = await dies(
    t,
    "const all: number[][] = []; for (;;) all.push(Array.from({ length: 10_000 }, (_, i) => i / 7));",
    { NODE_OPTIONS: "--max-old-space-size=150" },
  );
  assert.equal(ename, "OutOfMemory");
  assert.match(evalue, /heap is full.*--max-old-space-size/);
});

test("a process that is killed: the notebook learns of it", async (t) => {
  const { ename, evalue } = await dies(t, `process.kill(process.pid, "SIGKILL"); await new Promise(() => {});`);
  assert.equal(ename, "Killed");
  assert.match(evalue, /SIGKILL.*memory/);
});

test("a crash in native code: the notebook learns its signal", async (t) => {
  const { ename, evalue } = await dies(t, `process.abort();`);
  assert.equal(ename, "Crash");
  assert.match(evalue, /SIGABRT/);
});

test("a process that ends between two cells is told in the last one's name", async (t) => {
  const kernel = await RealKernel.start(t);
  const request = kernel.begin("setTimeout(() => process.exit(0), 200);");
  assert.equal((await request.ended()).status, "ok");
  const { content } = await request.until(({ type }) => type === "error", "the reason");
  assert.equal(content.ename, "ProcessExit");
  await kernel.gone();
});
