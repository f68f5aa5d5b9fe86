import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { kernelOfSuite } from "../support/real-kernel";

describe("cells behind one that fails", () => {
  const kernel = kernelOfSuite();
  const fails = `await new Promise((done) => setTimeout(done, 600)); throw new Error("x");`;

  for (const later of [0, 50, 150]) {
    test(`one that is sent ${later} ms after the failure runs`, async () => {
      const request = kernel.begin(`throw new Error("x")`);
      await request.until(({ type }) => type === "execute_reply", "the answer");
      await sleep(later);
      const { status, printed } = await kernel.run(`console.log("runs");`);
      assert.deepEqual([status, printed], ["ok", "runs\n"]);
    });

    test(`one that is queued ${later} ms after the failing one began is aborted, and not those after it`, async () => {
      const request = kernel.begin(fails);
      await request.until(({ type }) => type === "execute_input", "its begin");
      await sleep(later);
      const queued = kernel.begin(`console.log("never");`);
      assert.equal((await request.ended()).status, "error");
      const { status, printed } = await queued.ended();
      assert.deepEqual([status, printed], ["aborted", ""]);
      assert.equal((await kernel.run("1 + 1")).value, "2");
    });
  }

  test("the last that is not run says why, where the reader of a long notebook is", async () => {
    const failing = kernel.begin(fails);
    const [first, last] = [kernel.begin(`console.log("never");`), kernel.begin(`console.log("never");`)];
    assert.equal((await failing.ended()).status, "error");
    assert.deepEqual((await first.ended()).outputs, []);
    const { outputs, status } = await last.ended();
    assert.equal(status, "aborted");
    assert.match(JSON.stringify(outputs), /Not run, because cell \[\d+\] stopped:\\nError: x\\n/);
  });

  test("with stop_on_error false what is queued runs", async () => {
    const request = kernel.begin(fails, { stop_on_error: false });
    const queued = kernel.begin(`console.log("runs");`);
    assert.equal((await request.ended()).status, "error");
    assert.deepEqual([(await queued.ended()).status, (await queued.ended()).printed], ["ok", "runs\n"]);
  });

  test("a cell that does not compile aborts what is queued, too", async () => {
    const slow = kernel.begin("await new Promise((done) => setTimeout(done, 300));");
    const wrong = kernel.begin("let n: number = null;");
    const queued = kernel.begin(`console.log("never");`);
    assert.equal((await slow.ended()).status, "ok");
    assert.equal((await wrong.ended()).error?.ename, "CompileError");
    assert.equal((await queued.ended()).status, "aborted");
  });

  test("cells run one after the other, in the order in which they came", async () => {
    await kernel.run("const order: number[] = [];");
    const requests = Array.from({ length: 20 }, (_, i) =>
      kernel.begin(`await new Promise((done) => setTimeout(done, ${i % 3})); order.push(${i});`),
    );
    for (const request of requests) assert.equal((await request.ended()).status, "ok");
    assert.equal((await kernel.run("order.join()")).value, `'${Array.from({ length: 20 }, (_, i) => i).join()}'`);
  });
});
