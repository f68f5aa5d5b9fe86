import assert from "node:assert/strict";
import { readdirSync, utimesSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { inRunningCell } from "../../src/running-cell";
import { claim, isClaimed } from "../../src/store/claim";
import { planGc } from "../../src/store/garbage";
import { remember } from "../../src/store/remember";
import { keyOf } from "../../src/store/slot";
import { temporaryFolder } from "../support/checkout";

describe("claims", () => {
  const name = "ab".repeat(32);
  const claimFile = (store: string): string => join(store, `${name}.claim`);
  const claimOf = (store: string, content: object, age = 0): void => {
    writeFileSync(claimFile(store), JSON.stringify(content));
    const when = new Date(Date.now() - age);
    utimesSync(claimFile(store), when, when);
  };

  it("hold until they are released", (t) => {
    const store = temporaryFolder(t);
    const held = claim(store, name)!;
    assert.ok(isClaimed(store, name));
    assert.equal(claim(store, name), undefined);
    held.release();
    assert.deepEqual(readdirSync(store), []);
    claim(store, name)!.release();
  });

  it("of a dead process no longer count, nor those that are not renewed", (t) => {
    const store = temporaryFolder(t);
    const dead = 2 ** 22 + 1; // above Linux's largest process id
    const cases: [content: object, age: number, live: boolean][] = [
      [{ pid: dead, host: hostname(), token: "x" }, 0, false],
      [{ pid: process.pid, host: hostname(), token: "x" }, 0, true],
      [{ pid: process.pid, host: hostname(), token: "x" }, 10 * 60_000, false],
      [{ pid: dead, host: "another machine", token: "x" }, 0, true],
      [{ pid: dead, host: "another machine", token: "x" }, 10 * 60_000, false],
    ];
    for (const [content, age, live] of cases) {
      claimOf(store, content, age);
      const taken = claim(store, name);
      assert.equal(taken === undefined, live, JSON.stringify([content, age]));
      taken?.release();
    }
  });

  it("of an interrupted cell end, even if its work never continues", (t) => {
    const store = temporaryFolder(t);
    const interrupt = new AbortController();
    inRunningCell({ signal: interrupt.signal }, () => claim(store, name));
    assert.ok(isClaimed(store, name));
    interrupt.abort();
    assert.ok(!isClaimed(store, name));
  });
});

describe("remembered results", () => {
  const counter = () => {
    let computed = 0;
    return async () => ({ value: ++computed });
  };

  it("survive damage", async (t) => {
    const store = join(temporaryFolder(t), "results");
    const compute = counter();
    assert.deepEqual(
      [await remember(store, "a", compute), await remember(store, "a", compute), await remember(store, "b", compute)],
      [{ value: 1 }, { value: 1 }, { value: 2 }],
    );
    for (const file of readdirSync(store)) writeFileSync(join(store, file), "{");
    assert.deepEqual(await remember(store, "a", compute), { value: 3 });
    assert.deepEqual(await remember(undefined, "a", compute), { value: 4 });
  });

  it("are computed once by two callers at the same time", async (t) => {
    const store = temporaryFolder(t);
    const compute = counter();
    let reused = 0;
    const ask = () => remember(store, "a", compute, () => reused++);
    assert.deepEqual(await Promise.all([ask(), ask()]), [{ value: 1 }, { value: 1 }]);
    assert.equal(reused, 1);
  });

  it("of another process are not waited for after an interrupt", async (t) => {
    const store = temporaryFolder(t);
    const held = claim(store, keyOf("a"))!;
    const interrupt = new AbortController();
    const waiting = remember(store, "a", counter(), undefined, interrupt.signal);
    interrupt.abort();
    await assert.rejects(waiting, /abort/i);
    held.release();
  });

  it("are not kept when their computation fails, and may then be computed again", async (t) => {
    const store = temporaryFolder(t);
    await assert.rejects(
      remember(store, "a", () => Promise.reject(new Error("failed"))),
      /failed/,
    );
    assert.deepEqual(readdirSync(store), []);
    assert.equal(await remember(store, "a", () => Promise.resolve(1)), 1);
  });
});

describe("garbage collection", () => {
  const hash = (digit: string): string => digit.repeat(64);
  const MINUTE = 60_000;
  const aged = (path: string, age: number): void => {
    const when = new Date(Date.now() - age);
    utimesSync(path, when, when);
  };

  it("knows what killed processes left behind, and leaves other files and running processes alone", (t) => {
    const store = temporaryFolder(t);
    const dead = 2 ** 22 + 1;
    const put = (name: string, age: number, content = "x"): void => {
      writeFileSync(join(store, name), content);
      aged(join(store, name), age);
    };
    const claimText = (pid: number): string => JSON.stringify({ pid, host: hostname(), token: "x" });
    const left = [
      `${hash("1")}.safetensors.${dead}-0123abcd.tmp`,
      `${hash("2")}.json.${process.pid}-0123abcd.tmp`,
      `${hash("3")}.claim`,
    ];
    put(left[0], 5 * MINUTE);
    put(left[1], 2 * 24 * 60 * MINUTE);
    put(left[2], 0, claimText(dead));
    put(`${hash("4")}.safetensors.${dead}-0123abcd.tmp`, 0);
    put(`${hash("5")}.safetensors.${process.pid}-0123abcd.tmp`, 5 * MINUTE);
    put(`${hash("6")}.claim`, 0, claimText(process.pid));
    put("model.safetensors", 10_000 * MINUTE);
    put("notes.tmp", 10_000 * MINUTE);
    const { files } = planGc(store, { maxSize: 0, olderThan: 0 });
    assert.deepEqual(files.map(({ path }) => path).sort(), left.map((name) => join(store, name)).sort());
    assert.ok(files.every(({ kind }) => kind === "leftover"));
  });
});
