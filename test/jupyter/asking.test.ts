import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { before, describe, test } from "node:test";
import { kernelOfSuite } from "../support/real-kernel";

// Idle, an answer takes a few milliseconds; a cell below keeps its core busy for six seconds. An answer within three
// came while the cell ran, also on a loaded machine.
const BUSY = 6000;
const SOON = 3000;

describe("completion and help", () => {
  const kernel = kernelOfSuite();
  before(() =>
    kernel.run(
      `import { computeKernel } from "kernel-view"; const counted = [1, 2, 3]; interface Row { task: string }`,
    ),
  );

  /** Asks at the place of "|" in a text. */
  const at = (code: string) => ({
    code: code.replace("|", ""),
    cursor_pos: [...code.slice(0, code.indexOf("|"))].length,
  });
  const complete = async (code: string) =>
    (await kernel.send("complete_request", at(code)).reply) as {
      matches: string[];
      cursor_start: number;
      cursor_end: number;
    };
  const inspect = async (code: string) =>
    (await kernel.send("inspect_request", { ...at(code), detail_level: 0 }).reply) as {
      found: boolean;
      data: Record<string, string>;
    };

  test("names of earlier cells, their members and types are completed", async () => {
    assert.deepEqual((await complete("counte|")).matches, ["counted"]);
    assert.deepEqual((await complete("counted.toSor|")).matches, ["toSorted"]);
    assert.deepEqual(
      (await complete("const row: Ro|")).matches.filter((name) => name === "Row"),
      ["Row"],
    );
    assert.deepEqual((await complete("const row = { task: '' } as Row; row.|")).matches, ["task"]);
  });

  test("what is replaced is counted in characters, not in UTF-16 units", async () => {
    const { matches, cursor_start, cursor_end } = await complete("'😀😀'; counted.toSor|");
    assert.deepEqual([matches, cursor_start, cursor_end], [["toSorted"], 14, 19]);
  });

  test("packages are completed in an import, and what they export", async () => {
    assert.ok((await complete(`import { computeKernel } from "kernel-v|"`)).matches.includes("kernel-view"));
    assert.ok((await complete(`import { readF| } from "kernel-view"`)).matches.includes("readFewShot"));
    assert.ok((await complete(`await computeKernel({ formu| })`)).matches.includes("formulas"));
  });

  test("nothing of a browser is offered", async () => {
    const { matches } = await complete("|");
    assert.ok(matches.includes("process") && matches.includes("counted"), "what is there is offered");
    assert.deepEqual(
      ["document", "window", "HTMLElement", "localStorage", "alert"].filter((name) => matches.includes(name)),
      [],
    );
  });

  test("paths of files are completed: from the kernel's folder, and of modules beside the notebook", async () => {
    assert.deepEqual((await complete(`readSplit("data/english/mod|")`)).matches, ["model/"]);
    writeFileSync(path.join(kernel.folder, "helpers.ts"), "export const help = 1;");
    mkdirSync(path.join(kernel.folder, "inner"));
    const { matches } = await complete(`import { help } from "./h|"`);
    assert.ok(matches.includes("helpers"), matches.join());
  });

  test("inside the brackets of a call the signature and its comment are shown", async () => {
    for (const code of [
      "await computeKernel({|})",
      "await computeKernel(|)",
      "computeKernel|",
      "await computeKernel({ model: 1, |",
    ]) {
      const { found, data } = await inspect(code);
      assert.ok(found, code);
      assert.match(data["text/plain"], /computeKernel\(options: KernelOptions\): Promise<KernelResult>/, code);
      assert.match(data["text/plain"], /sign variants, for every training example/, code);
      assert.match(data["text/markdown"], /^```typescript\n/);
    }
    assert.match((await inspect("count|ed")).data["text/plain"], /const counted: number\[\]/);
    assert.deepEqual((await inspect("nothingOfThisName|")).found, false);
  });

  for (const [what, code] of Object.entries({
    "a busy loop": `console.log("begun"); const until = Date.now() + ${BUSY}; while (Date.now() < until); console.log("over");`,
    "a loop that awaits": `console.log("begun"); const end = Date.now() + ${BUSY}; while (Date.now() < end) await new Promise((done) => setTimeout(done, 5)); console.log("over");`,
  })) {
    test(`all of it is answered while ${what} runs`, async () => {
      const request = kernel.begin(code);
      await request.printed("begun");
      const asked = performance.now();
      assert.deepEqual((await complete("counte|")).matches, ["counted"]);
      assert.ok((await inspect("computeKernel({|})")).found);
      assert.equal((await kernel.send("kernel_info_request").reply).status, "ok");
      assert.equal((await kernel.send("is_complete_request", { code: "`abc" }).reply).status, "incomplete");
      assert.equal((await kernel.send("history_request", { hist_access_type: "tail", n: 1 }).reply).status, "ok");
      assert.equal((await kernel.send("kernel_info_request", {}, { channel: "control" }).reply).status, "ok");
      const took = performance.now() - asked;
      assert.ok(took < SOON, `answered in ${took.toFixed(0)} ms`);
      // Front ends show the last status: that the cell still runs.
      const last = () => kernel.messages.filter(({ type }) => type === "status").at(-1)!;
      await kernel.until(
        () => (last().content.execution_state === "busy" && last().parent === request.id ? true : undefined),
        "the cell's own status",
      );
      kernel.interrupt();
      assert.equal((await request.ended()).error?.ename, "Interrupted");
    });
  }
});
