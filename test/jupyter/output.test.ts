import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { kernelOfSuite } from "../support/real-kernel";

const lines = (count: number): string => Array.from({ length: count }, (_, i) => `${i}\n`).join("");

describe("what cells print", () => {
  const kernel = kernelOfSuite();

  for (const count of [1000, 100_000]) {
    test(`${count} lines arrive, all of them and in order, before the cell is idle`, async () => {
      const { status, printed, outputs } = await kernel.run(`for (let i = 0; i < ${count}; i++) console.log(i)`);
      assert.equal(status, "ok");
      assert.ok(printed === lines(count), `${printed.length} characters of ${lines(count).length}`);
      assert.ok(outputs.length < count / 5, `${outputs.length} messages`);
    });
  }

  test("lines of both streams, with pauses, stay in their order", async () => {
    const { outputs } = await kernel.run(
      `for (let i = 0; i < 40; i++) { console.log("out", i); console.error("err", i); if (i % 10 === 0) await new Promise((done) => setTimeout(done, 5)); }`,
    );
    const joined = outputs.map(({ content }) => content.text).join("");
    assert.equal(joined, Array.from({ length: 40 }, (_, i) => `out ${i}\nerr ${i}\n`).join(""));
  });

  test("what is printed before and after something shown stays so", async () => {
    const { outputs } = await kernel.run(
      `import { displaySink } from "kernel-view"; console.log("before"); displaySink().show({ "text/plain": "shown" }); console.log("after"); 7`,
    );
    assert.deepEqual(
      outputs.map(({ type, content }) => [
        type,
        content.text ?? (content.data as Record<string, string>)["text/plain"],
      ]),
      [
        ["stream", "before\n"],
        ["display_data", "shown"],
        ["stream", "after\n"],
        ["execute_result", "7"],
      ],
    );
  });

  test("a line is seen while the cell is still busy", async () => {
    const request = kernel.begin(
      `console.log("first"); const until = Date.now() + 1500; while (Date.now() < until); console.log("second");`,
    );
    const first = await request.printed("first");
    const second = await request.printed("second");
    await request.ended();
    // The loop takes 1.5 s; what came at its end would come with the other line.
    assert.ok(second.at - first.at > 700, `${second.at - first.at} ms between the lines`);
  });

  test("late output belongs to the cell that left it running", async () => {
    const first = kernel.begin(`setTimeout(() => console.log("A"), 600);`);
    assert.equal((await first.ended()).printed, "");
    const second = await kernel.run(`console.log("B"); await new Promise((done) => setTimeout(done, 1000));`);
    await first.printed("A");
    assert.equal(second.printed, "B\n");
  });

  test("late output after all cells have ended arrives, too", async () => {
    const request = kernel.begin(`setTimeout(() => console.log("much later"), 300);`);
    await request.ended();
    await request.printed("much later");
  });

  test("two cells whose output interleaves keep their own", async () => {
    const clock = kernel.begin(
      `let ticks = 0; const clock = setInterval(() => { console.log("tick"); if (++ticks === 5) clearInterval(clock); }, 30);`,
    );
    await clock.ended();
    const { printed } = await kernel.run(
      `for (let i = 0; i < 10; i++) { console.log("mine"); await new Promise((done) => setTimeout(done, 30)); }`,
    );
    assert.equal(printed, "mine\n".repeat(10));
    const ticks = clock.messages
      .filter(({ type }) => type === "stream")
      .map(({ content }) => content.text)
      .join("");
    assert.equal(ticks, "tick\n".repeat(5));
  });

  test("write calls back, and returns that there is room", async () => {
    const { printed, value } = await kernel.run(
      `const room = process.stdout.write("x"); await new Promise<void>((done) => process.stdout.write("y", () => done())); await new Promise<void>((done) => process.stdout.write("z", "utf8", () => done())); room`,
    );
    assert.deepEqual([printed, value], ["xyz", "true"]);
  });

  test("characters that are split over writes arrive whole", async () => {
    const { printed } = await kernel.run(
      `const bytes = Buffer.from("a€😀é"); for (const byte of bytes) process.stdout.write(Uint8Array.of(byte));`,
    );
    assert.equal(printed, "a€😀é");
  });

  test("child processes that share the cell's streams are heard, whole characters and all", async () => {
    const { printed, warnings } = await kernel.run(
      `import { spawnSync } from "node:child_process"; spawnSync("sh", ["-c", "printf 'child \\\\342\\\\202'; sleep 0.2; printf '\\\\254\\\\n'; echo wrong >&2"], { stdio: "inherit" }).status`,
    );
    assert.deepEqual([printed, warnings], ["child €\n", "wrong\n"]);
  });

  test("a large output of a child process is complete before the cell is idle", async () => {
    const { printed } = await kernel.run(`spawnSync("seq", ["0", "19999"], { stdio: "inherit" });`);
    assert.ok(printed === lines(20_000), `${printed.length} characters of ${lines(20_000).length}`);
  });

  test("an asynchronous child process is heard, too", async () => {
    const { printed } = await kernel.run(
      `import { spawn } from "node:child_process"; const child = spawn("sh", ["-c", "echo one; sleep 0.1; echo two"], { stdio: "inherit" }); await new Promise((done) => child.on("close", done));`,
    );
    assert.equal(printed, "one\ntwo\n");
  });

  test("console methods of all kinds print", async () => {
    const { printed, warnings } = await kernel.run(
      `console.info("info"); console.debug("debug"); console.warn("warn"); console.table([{ a: 1 }]); console.group("g"); console.log("in"); console.groupEnd(); console.dir({ deep: 1 });`,
    );
    assert.match(printed, /^info\ndebug\n┌[\s\S]*│ 1 │[\s\S]*g\n {2}in\n\{ deep: 1 \}\n$/);
    assert.equal(warnings, "warn\n");
  });

  test("a promise that fails and that nobody awaits is told by its cell", async () => {
    const request = kernel.begin(`void Promise.reject(new Error("nobody hears"));`);
    assert.equal((await request.ended()).status, "ok");
    await request.printed("nobody hears");
    const timer = kernel.begin(`setTimeout(() => { throw new Error("in a timer"); }, 50);`);
    await timer.ended();
    await timer.printed("in a timer");
    assert.equal((await kernel.run("1 + 1")).value, "2");
  });

  test("the kernel is busy until everything has ended", async () => {
    const request = kernel.begin(
      `console.log("a"); await new Promise((done) => setTimeout(done, 400)); console.log("b"); "value"`,
    );
    const { outputs } = await request.ended();
    await sleep(100);
    const order = request.messages.map(({ type, content }) => (type === "status" ? content.execution_state : type));
    assert.equal(order[0], "busy");
    assert.equal(order.filter((state) => state === "idle").length, 1);
    const published = request.messages.filter(({ channel }) => channel === "iopub");
    assert.equal(published.at(-1)!.content.execution_state, "idle");
    assert.deepEqual(
      outputs.map(({ type }) => type),
      ["stream", "stream", "execute_result"],
    );
  });
});
