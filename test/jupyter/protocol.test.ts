import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { kernelOfSuite, RealKernel, type KernelMessage } from "../support/real-kernel";

describe("the kernel speaks Jupyter's protocol", () => {
  const kernel = kernelOfSuite();
  const states = (messages: readonly KernelMessage[]) =>
    messages.filter(({ type }) => type === "status").map(({ content }) => content.execution_state);

  test("kernel_info says who it is", async () => {
    const request = kernel.send("kernel_info_request");
    const { status, protocol_version, implementation, language_info, banner, debugger: debugs } = await request.reply;
    assert.deepEqual([status, protocol_version, implementation, debugs], ["ok", "5.4", "kernel-view", false]);
    const { name, mimetype, file_extension, pygments_lexer } = language_info as Record<string, string>;
    assert.deepEqual(
      [name, mimetype, file_extension, pygments_lexer],
      ["typescript", "text/typescript", ".ts", "typescript"],
    );
    assert.match(String(banner), /TypeScript .* Node/);
    await request.ended();
    assert.deepEqual(states(request.messages), ["busy", "idle"]);
  });

  test("a cell is repeated with its number, and numbers count up", async () => {
    const first = kernel.begin("1");
    const second = kernel.begin("2");
    const [one, two] = [await first.ended(), await second.ended()];
    const input = first.messages.find(({ type }) => type === "execute_input")!.content;
    assert.deepEqual(input, { code: "1", execution_count: one.reply.execution_count });
    assert.equal(two.reply.execution_count, Number(one.reply.execution_count) + 1);
    assert.deepEqual(one.reply.payload, []);
    assert.equal(one.outputs[0].content.execution_count, one.reply.execution_count);
  });

  test("a silent cell publishes nothing and is not counted, but what it declares is there", async () => {
    const before = Number((await kernel.run("0")).reply.execution_count);
    const request = kernel.begin(`const hidden = 5; hidden`, { silent: true, store_history: false });
    const { reply, outputs } = await request.ended();
    assert.deepEqual([reply.status, outputs], ["ok", []]);
    assert.ok(!request.messages.some(({ type }) => type === "execute_input"));
    const wrong = await kernel.run("throw new Error('unseen')", { silent: true });
    assert.deepEqual([wrong.status, wrong.reply.ename, wrong.outputs], ["error", "Error", []]);
    const after = await kernel.run("hidden");
    assert.deepEqual([after.value, after.reply.execution_count], ["5", before + 1]);
  });

  test("without store_history a cell is not counted and not remembered", async () => {
    const before = Number((await kernel.run("0")).reply.execution_count);
    const { value } = await kernel.run("'not kept'", { store_history: false });
    assert.equal(value, "'not kept'");
    const { history } = await kernel.send("history_request", {
      hist_access_type: "tail",
      n: 3,
      output: false,
      raw: true,
    }).reply;
    assert.ok(!JSON.stringify(history).includes("not kept"));
    assert.equal((await kernel.run("0")).reply.execution_count, before + 1);
  });

  test("user_expressions are evaluated behind the cell, each with its own error", async () => {
    const { reply, outputs } = await kernel.run("const base = 20;", {
      user_expressions: { sum: "base + 1", bad: "nowhere", thrown: "(() => { throw new RangeError('r'); })()" },
    });
    const { sum, bad, thrown } = reply.user_expressions as Record<
      string,
      { status: string; data?: Record<string, string>; ename?: string }
    >;
    assert.deepEqual(sum, { status: "ok", data: { "text/plain": "21" }, metadata: {} });
    assert.deepEqual([bad.status, bad.ename, thrown.ename], ["error", "CompileError", "RangeError"]);
    assert.deepEqual(outputs, []);
  });

  test("history is answered by tail, range and search", async () => {
    const ask = async (content: Record<string, unknown>) =>
      (await kernel.send("history_request", { raw: true, output: false, ...content }).reply).history as [
        number,
        number,
        unknown,
      ][];
    await kernel.run("'findable one'");
    const { reply } = await kernel.run("'findable two'");
    const count = Number(reply.execution_count);
    assert.deepEqual(await ask({ hist_access_type: "tail", n: 2 }), [
      [0, count - 1, "'findable one'"],
      [0, count, "'findable two'"],
    ]);
    assert.deepEqual(await ask({ hist_access_type: "range", session: 0, start: count, stop: count + 1 }), [
      [0, count, "'findable two'"],
    ]);
    assert.deepEqual(
      (await ask({ hist_access_type: "search", pattern: "*findable t?o*", n: 5 })).map(([, line]) => line),
      [count],
    );
    assert.deepEqual(await ask({ hist_access_type: "tail", n: 1, output: true }), [
      [0, count, ["'findable two'", "'findable two'"]],
    ]);
  });

  test("is_complete: an open text or bracket goes on, what cannot become a cell is invalid", async () => {
    const ask = async (code: string) => await kernel.send("is_complete_request", { code }).reply;
    assert.deepEqual(await ask("`abc"), { status: "incomplete", indent: "" });
    assert.deepEqual(await ask("function f() {"), { status: "incomplete", indent: "  " });
    assert.equal((await ask("const = 1")).status, "invalid");
    assert.equal((await ask("let x = 1")).status, "complete");
  });

  test("comms are listed, and a comm for a target that nobody knows is closed", async () => {
    assert.deepEqual((await kernel.send("comm_info_request", {}).reply).comms, {});
    const opened = kernel.send("comm_open", { comm_id: "one", target_name: "nobody", data: {} });
    await opened.until(({ type, content }) => type === "comm_close" && content.comm_id === "one", "comm_close");
    assert.deepEqual(await kernel.send("comm_info_request", { target_name: "nobody" }).reply, {
      status: "ok",
      comms: {},
    });
    kernel.send("comm_msg", { comm_id: "never opened", data: {} });
    assert.equal((await kernel.run("1 + 1")).value, "2");
  });

  test("prompt asks the user and takes the answer", async () => {
    const request = kernel.begin(`const answer = prompt("Name?"); console.log("Hello", answer); prompt()`, {
      allow_stdin: true,
    });
    const asked = await request.until(({ type }) => type === "input_request", "input_request");
    assert.deepEqual([asked.channel, asked.content], ["stdin", { prompt: "Name?", password: false }]);
    kernel.send("input_reply", { status: "ok", value: "Ada Lóvelace" }, { channel: "stdin" });
    await request.until((message) => message.type === "input_request" && message !== asked, "a second input_request");
    kernel.send("input_reply", { status: "ok", value: "" }, { channel: "stdin" });
    const { printed, value } = await request.ended();
    assert.deepEqual([printed, value], ["Hello Ada Lóvelace\n", "''"]);
  });

  test("an interrupt withdraws the question", async () => {
    const request = kernel.begin(`console.log(prompt("Name?"));`, { allow_stdin: true });
    await request.until(({ type }) => type === "input_request", "input_request");
    kernel.interrupt();
    const { error, printed } = await request.ended();
    assert.deepEqual([error?.ename, printed], ["Interrupted", ""]);
    const next = kernel.begin(`prompt("Again?")`, { allow_stdin: true });
    await next.until(({ type }) => type === "input_request", "input_request");
    kernel.send("input_reply", { status: "ok", value: "yes" }, { channel: "stdin" });
    assert.equal((await next.ended()).value, "'yes'");
  });

  test("where nobody can be asked, prompt says so", async () => {
    const { error } = await kernel.run(`prompt("Name?")`, { allow_stdin: false });
    assert.match(error!.evalue, /^prompt: nobody can be asked here/);
  });

  test("a debug_request and requests that nobody knows get an answer", async () => {
    const debug = kernel.send(
      "debug_request",
      { type: "request", seq: 3, command: "initialize", arguments: {} },
      { channel: "control" },
    );
    const answer = await debug.reply;
    assert.deepEqual(
      [answer.type, answer.success, answer.command, answer.request_seq],
      ["response", false, "initialize", 3],
    );
    const unknown = kernel.send("usage_request", {}, { channel: "control" });
    assert.deepEqual([(await unknown.reply).status, (await unknown.reply).ename], ["error", "NotSupported"]);
    const other = kernel.send("brew_coffee_request", { cups: 2 });
    assert.equal((await other.reply).status, "error");
    await other.ended();
    assert.deepEqual(states(other.messages), ["busy", "idle"]);
  });

  test("requests with missing or odd content are answered", async () => {
    for (const type of [
      "complete_request",
      "inspect_request",
      "is_complete_request",
      "history_request",
      "execute_request",
    ]) {
      assert.ok("status" in (await kernel.send(type, {}).reply), type);
    }
    assert.equal((await kernel.send("complete_request", { code: "Math.", cursor_pos: 500 }).reply).status, "ok");
    assert.equal(
      (await kernel.send("inspect_request", { code: "Math", cursor_pos: -3, detail_level: 7 }).reply).status,
      "ok",
    );
    assert.equal((await kernel.run("1 + 1")).value, "2");
  });

  test("two clients of one kernel both see the output, and each its own answer", async () => {
    await kernel.connect("b");
    const request = kernel.begin(`console.log("for all"); 8`, {}, "b");
    await request.ended();
    const seen = (client: string) =>
      request.messages.filter((message) => message.client === client).map(({ type }) => type);
    await kernel.until(
      () => (seen("a").filter((type) => type === "status").length === 2 ? true : undefined),
      "the other client's messages",
    );
    await kernel.until(
      () => (seen("b").filter((type) => type === "status").length === 2 ? true : undefined),
      "its own messages",
    );
    assert.deepEqual(seen("a"), ["status", "execute_input", "stream", "execute_result", "status"]);
    assert.deepEqual(
      seen("b").filter((type) => type !== "execute_reply"),
      seen("a"),
    );
    assert.equal(seen("b").filter((type) => type === "execute_reply").length, 1);
    assert.equal((await kernel.run("1 + 1", {}, "a")).value, "2");
  });
});

test("a client is welcomed before anything else is published to it, whatever goes on", async (t) => {
  const kernel = await RealKernel.start(t);
  const busy = kernel.begin(
    "for (let i = 0; i < 200; i++) { console.log(i); await new Promise((done) => setTimeout(done, 5)); }",
  );
  await busy.printed("0");
  await kernel.connect("b", false);
  await kernel.send("kernel_info_request", {}, { client: "b" }).ended();
  const { type, content, parent } = kernel.messages.find(
    ({ client, channel }) => client === "b" && channel === "iopub",
  )!;
  assert.deepEqual([type, content, parent], ["iopub_welcome", { subscription: "" }, null]);
});

test("a shutdown is answered, and the kernel ends", async (t) => {
  const kernel = await RealKernel.start(t);
  const request = kernel.send("shutdown_request", { restart: false }, { channel: "control" });
  assert.deepEqual(await request.reply, { status: "ok", restart: false });
  await kernel.gone();
});
