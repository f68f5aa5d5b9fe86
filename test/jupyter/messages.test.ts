import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { PassThrough } from "node:stream";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { excerpt } from "../../src/jupyter/error-text";
import { frame, onFrames } from "../../src/jupyter/frames";
import { History } from "../../src/jupyter/history";
import { FloodGate } from "../../src/jupyter/runtime/streams";
import { StreamJoiner } from "../../src/jupyter/outbox";
import { Wire } from "../../src/jupyter/wire";
import { withoutColours } from "../support/real-kernel";

describe("Jupyter's messages", () => {
  const wire = new Wire("secret");
  const packed = (message = wire.make("status", { execution_state: "busy", word: "é😀" })) =>
    wire.pack(message).map((part) => Buffer.from(part));

  test("are read as they were written, with whom they are for and what is attached", () => {
    const request = wire.make("execute_request", { code: "1" });
    const message = wire.make("comm_msg", { data: { a: [1] } }, request, {
      identities: [Buffer.from("front end"), Buffer.from([0, 255])],
      metadata: { m: 1 },
      buffers: [Buffer.from([1, 2, 3])],
    });
    const read = wire.unpack(packed(message))!;
    assert.deepEqual(
      [
        read.identities.map(String),
        read.header,
        read.parent,
        read.metadata,
        read.content,
        read.buffers.map((buffer) => [...buffer]),
      ],
      [
        ["front end", String(Buffer.from([0, 255]))],
        message.header,
        request.header,
        { m: 1 },
        { data: { a: [1] } },
        [[1, 2, 3]],
      ],
    );
    assert.equal(read.header.version, "5.4");
    assert.deepEqual(wire.unpack(packed())!.content, { execution_state: "busy", word: "é😀" });
  });

  test("are signed over header, parent, metadata and content", () => {
    const [, signature, ...parts] = packed();
    const hmac = createHmac("sha256", "secret");
    for (const part of parts) hmac.update(part);
    assert.equal(signature.toString(), hmac.digest("hex"));
  });

  test("of another key, changed or cut are not read", () => {
    assert.equal(new Wire("other").unpack(packed()), undefined);
    for (let part = 1; part < 6; part++)
      assert.equal(
        wire.unpack(packed().map((text, index) => (index === part ? Buffer.from(`${text} `) : text))),
        undefined,
        `part ${part}`,
      );
    for (let length = 0; length < 6; length++)
      assert.equal(wire.unpack(packed().slice(0, length)), undefined, `${length} parts`);
    assert.equal(wire.unpack([]), undefined);
  });

  test("need no signature where there is no key", () => {
    const open = new Wire("");
    const parts = open.pack(open.make("status", {})).map((part) => Buffer.from(part));
    assert.equal(parts[1].length, 0);
    assert.equal(open.unpack(parts)?.header.msg_type, "status");
  });

  test("that are signed but no JSON are not read", () => {
    const parts = ["{", "{}", "{}", "{}"].map((part) => Buffer.from(part));
    const hmac = createHmac("sha256", "secret");
    for (const part of parts) hmac.update(part);
    assert.equal(wire.unpack([Buffer.from("<IDS|MSG>"), Buffer.from(hmac.digest("hex")), ...parts]), undefined);
  });
});

test("frames arrive whole and in order, however the pipe cuts them", async () => {
  const messages = [{ a: 1 }, "text é", { bytes: Buffer.alloc(10_000, 7), map: new Map([["k", undefined]]) }, null, []];
  const bytes = Buffer.concat(messages.map(frame));
  for (const size of [1, 3, 1000, bytes.length]) {
    const pipe = new PassThrough();
    const received: unknown[] = [];
    onFrames(pipe, (message) => received.push(message));
    for (let at = 0; at < bytes.length; at += size) pipe.write(bytes.subarray(at, at + size));
    await sleep(5);
    assert.equal(received.length, messages.length, `pieces of ${size}`);
    assert.deepEqual(
      received.map((message) => (message as { map?: unknown })?.map ?? message).slice(0, 2),
      messages.slice(0, 2),
    );
    assert.equal((received[2] as { bytes: Uint8Array }).bytes.length, 10_000);
  }
});

describe("the history", () => {
  const history = new History();
  ["let a = 1", "a + 1", "(a)", "a + 1"].forEach((source, index) => history.add(index + 1, source));
  history.gave(2, "2");
  const lines = (request: Record<string, unknown>) => history.answer(request).map(([, line]) => line);

  test("gives the last ones, a range, and what fits a pattern", () => {
    assert.deepEqual(lines({ hist_access_type: "tail", n: 2 }), [3, 4]);
    assert.deepEqual(lines({ hist_access_type: "tail" }), [1, 2, 3, 4]);
    assert.deepEqual(lines({ hist_access_type: "tail", n: 0 }), []);
    assert.deepEqual(lines({ hist_access_type: "range", session: 0, start: 2, stop: 4 }), [2, 3]);
    assert.deepEqual(lines({ hist_access_type: "range", session: 0, start: 3 }), [3, 4]);
    assert.deepEqual(lines({ hist_access_type: "search", pattern: "a + ?" }), [2, 4]);
    assert.deepEqual(lines({ hist_access_type: "search", pattern: "*a*", n: 3 }), [2, 3, 4]);
    assert.deepEqual(
      lines({ hist_access_type: "search", pattern: "(a)" }),
      [3],
      "characters of expressions mean themselves",
    );
    assert.deepEqual(lines({ hist_access_type: "search", pattern: "a + 1", unique: true }), [4]);
  });

  test("with what the cells gave, where that is asked for", () => {
    assert.deepEqual(history.answer({ hist_access_type: "range", start: 1, stop: 3, output: true }), [
      [0, 1, ["let a = 1", null]],
      [0, 2, ["a + 1", "2"]],
    ]);
  });
});

describe("lines that are printed", () => {
  test("are joined, by cell and stream, and sent soon", async () => {
    const sent: unknown[] = [];
    const joiner = new StreamJoiner<string>((...message) => sent.push(message));
    joiner.add("one", "stdout", "a");
    joiner.add("one", "stdout", "b");
    joiner.add("one", "stderr", "c");
    joiner.add("two", "stderr", "d");
    assert.deepEqual(sent, [
      ["one", "stdout", "ab"],
      ["one", "stderr", "c"],
    ]);
    while (sent.length < 3) await sleep(5);
    assert.deepEqual(sent[2], ["two", "stderr", "d"]);
    joiner.flush();
    assert.equal(sent.length, 3, "nothing is sent twice, and no empty message");
  });

  test("that are many are sent in pieces of a size that front ends like", () => {
    const sizes: number[] = [];
    const joiner = new StreamJoiner<string>((_parent, _name, text) => sizes.push(text.length));
    for (let i = 0; i < 1000; i++) joiner.add("one", "stdout", "x".repeat(1000));
    joiner.flush();
    assert.equal(
      sizes.reduce((sum, size) => sum + size),
      1_000_000,
    );
    assert.ok(sizes.length < 20 && Math.max(...sizes) < 200_000, sizes.join());
  });

  test("leave the process at once while they are few, and in large pieces when they are many", async () => {
    const sent: { sender: object; text: string }[] = [];
    const gate = new FloodGate<object>((sender, _name, text) => sent.push({ sender, text }));
    const [one, two] = [{}, {}];
    gate.add(one, "stdout", "first");
    assert.equal(sent.length, 1);
    for (let i = 0; i < 10_000; i++) gate.add(one, "stdout", `${i}\n`);
    gate.add(two, "stdout", "other");
    gate.add(two, "stderr", "wrong");
    gate.flush();
    const text = sent.map((message) => message.text).join("");
    assert.equal(text, `first${Array.from({ length: 10_000 }, (_, i) => `${i}\n`).join("")}otherwrong`);
    assert.ok(sent.length < 2000, `${sent.length} pieces`);
    assert.deepEqual(
      sent
        .filter(({ sender }) => sender === two)
        .map((message) => message.text)
        .join(" "),
      "other wrong",
    );
    await sleep(20);
    const before = sent.length;
    gate.add(one, "stdout", "calm again");
    assert.equal(sent.length, before + 1);
  });
});

describe("the line of a cell in which something is wrong", () => {
  const shown = (...given: Parameters<typeof excerpt>) => excerpt(...given).map(withoutColours);

  test("stands with its number, the line before it and a caret", () => {
    assert.deepEqual(shown("a\nb + c\nd", "[7]", 1, 4, 1), [
      "in cell [7], line 2:",
      "  1 │ a",
      "  2 │ b + c",
      "    │     ^",
    ]);
  });

  test("keeps its tabs, so that the caret stands beneath", () => {
    assert.deepEqual(shown("\tb + c", "[7]", 0, 5, 1).slice(1), ["  1 │ \tb + c", "    │ \t    ^"]);
  });

  test("with numbers of two digits stays aligned, and the caret ends with the line", () => {
    const text = Array.from({ length: 10 }, (_, i) => `line${i}`).join("\n");
    assert.deepEqual(shown(text, "[1]", 9, 0, 500).slice(1), ["   9 │ line8", "  10 │ line9", "     │ ^^^^^"]);
  });
});
