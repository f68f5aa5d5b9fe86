import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { kernelOfSuite, withoutColours } from "../support/real-kernel";

describe("errors of cells", () => {
  const kernel = kernelOfSuite();

  /** Runs a cell that fails; its traceback without colours, one text for each line. */
  async function traceOf(code: string): Promise<string[]> {
    const { status, error, trace, reply } = await kernel.run(code);
    assert.equal(status, "error");
    assert.deepEqual(
      [reply.ename, reply.evalue, reply.traceback],
      [error?.ename, error?.evalue, error?.traceback],
      "the answer says what was published",
    );
    return trace.replace(/cell \[\d+\]/g, "cell [n]").split("\n");
  }

  test("the message comes first, then the cell's own line with a caret", async () => {
    assert.deepEqual(await traceOf(`const fine = 1;\nthrow new TypeError("made");`), [
      "TypeError: made",
      "in cell [n], line 2:",
      "  1 │ const fine = 1;",
      `  2 │ throw new TypeError("made");`,
      "    │       ^",
    ]);
    const { error } = await kernel.run(`throw new TypeError("made")`);
    assert.deepEqual([error?.ename, error?.evalue], ["TypeError", "made"]);
    assert.notEqual(error!.traceback.join("\n"), withoutColours(error!.traceback.join("\n")), "the parts have colours");
  });

  test("of the stack only the user's own functions are shown", async () => {
    assert.deepEqual(
      await traceOf(
        `function inner(): never { throw new Error("deep"); }\nfunction outer(): void { inner(); }\nouter();`,
      ),
      [
        "Error: deep",
        "in cell [n], line 1:",
        `  1 │ function inner(): never { throw new Error("deep"); }`,
        "    │                                 ^",
        "    at inner (cell [n]:1:33)",
        "    at outer (cell [n]:2:26)",
        "    at cell [n]:3:1",
      ],
    );
  });

  test("a function of an earlier cell is shown in that cell", async () => {
    await kernel.run(`// a comment\nconst fails = (): never => { throw new Error("from before"); };`);
    const trace = await traceOf(`\n\nfails();`);
    assert.equal(trace[1], "in cell [n], line 2:");
    assert.match(trace.join("\n"), /at fails \(cell \[n\]:2:36\)\n {4}at cell \[n\]:3:\d$/);
  });

  test("the place is right behind awaits, loops and functions on the same line", async () => {
    const [, , line, caret] = await traceOf(
      `const one = await Promise.resolve(1); for (const i of [1]) { await null; (() => { JSON.parse("{"); })(); }`,
    );
    assert.equal(line.slice(caret.indexOf("^"), caret.indexOf("^") + 5), "parse");
    const [, , other, mark] = await traceOf(
      `const t = "€😀"; if (t) { while (true) { const f = async () => { await null; t.at(0)!.repeat(-1); }; await f(); } }`,
    );
    assert.equal(other.slice(mark.indexOf("^"), mark.indexOf("^") + 6), "repeat");
  });

  test("a function of the library is named once, by its package", async () => {
    const trace = await traceOf(
      `import { computeKernel } from "kernel-view";\nawait computeKernel({ model: undefined as never, outputs: undefined as never, train: [], evaluate: [] });`,
    );
    assert.deepEqual(
      trace.filter((line) => line.startsWith("    at ")),
      ["    at computeKernel (kernel-view)", "    at cell [n]:2:20"],
    );
    assert.doesNotMatch(trace.join("\n"), /node_modules|build\/|node:/);
  });

  test("what an error carries is shown: its cause, the errors it gathers, its properties", async () => {
    const caused = await traceOf(`throw new Error("outer", { cause: new TypeError("inner") })`);
    assert.ok(caused.includes("Caused by TypeError: inner"));
    const many = await traceOf(`throw new AggregateError([new Error("one"), new Error("two")], "many")`);
    assert.deepEqual(
      many.filter((line) => line.startsWith("One of")),
      ["One of them Error: one", "One of them Error: two"],
    );
    const system = await traceOf(`import { readFileSync } from "node:fs"; readFileSync("/nowhere/at/all")`);
    assert.equal(system.at(-1), "{ errno: -2, code: 'ENOENT', syscall: 'open', path: '/nowhere/at/all' }");
  });

  test("a message of several lines and an own class keep what they say", async () => {
    const trace = await traceOf(
      `class Odd extends Error { override name = "Odd"; constructor(readonly size: number) { super("first\\nsecond"); } }\nthrow new Odd(3);`,
    );
    assert.deepEqual(trace.slice(0, 3), ["Odd: first", "second", "in cell [n], line 2:"]);
    assert.equal(trace.at(-1), "{ size: 3 }");
  });

  test("what is thrown without being an error is shown as it is", async () => {
    assert.deepEqual(await traceOf(`throw "just text"`), ["Thrown: just text"]);
    assert.deepEqual(await traceOf(`throw { code: 5 }`), ["Thrown: { code: 5 }"]);
    assert.deepEqual(await traceOf(`throw undefined`), ["Thrown: undefined"]);
  });

  test("endless recursion is an error like any other, in few lines", async () => {
    const trace = await traceOf(`const deep = (n: number): number => deep(n + 1) + 1; deep(0)`);
    assert.match(trace[0], /^RangeError: Maximum call stack size exceeded/);
    assert.ok(trace.length < 20, `${trace.length} lines`);
    assert.equal((await kernel.run("1 + 1")).value, "2");
  });

  test("the compiler's errors come with their lines, all of them, and nothing runs", async () => {
    const code = `console.log("never");\nconst b = 1 + unknownName;\nconst c: number = "x";`;
    assert.deepEqual(await traceOf(code), [
      "TS2304: Cannot find name 'unknownName'.",
      "in cell [n], line 2:",
      `  1 │ console.log("never");`,
      "  2 │ const b = 1 + unknownName;",
      "    │               ^^^^^^^^^^^",
      "TS2322: Type 'string' is not assignable to type 'number'.",
      "in cell [n], line 3:",
      "  2 │ const b = 1 + unknownName;",
      `  3 │ const c: number = "x";`,
      "    │       ^",
    ]);
    const { error, printed } = await kernel.run(code);
    assert.deepEqual(
      [error?.ename, error?.evalue, printed],
      ["CompileError", "TS2304: Cannot find name 'unknownName'. (and 1 more)", ""],
    );
  });

  test("a cell that is not finished is refused where it ends", async () => {
    for (const [code, message] of [
      ["function f() {", "TS1005: '}' expected."],
      ["const x = (", "TS1109: Expression expected."],
      ["1; /* open", "TS1010: '*/' expected."],
      ["`abc", "TS1160: Unterminated template literal."],
    ]) {
      const trace = await traceOf(code);
      assert.deepEqual(trace.slice(0, 3), [message, "in cell [n], line 1:", `  1 │ ${code}`]);
      assert.equal(trace[3], `    │ ${" ".repeat(code.length)}^`);
    }
  });

  test("a cell that fails keeps what ran, with its types", async () => {
    await traceOf(`const late = 7; throw new Error("x"); const unreached = 1;`);
    const { value } = await kernel.run(`const check: number = late; late`);
    assert.equal(value, "7");
    assert.match((await traceOf("unreached"))[0], /Cannot find name 'unreached'/);
    await kernel.run(`const late = "text"; console.log(late);`);
    assert.equal((await kernel.run(`const text: string = late; late.length`)).value, "4");
  });

  test("a name whose new declaration failed keeps its old value", async () => {
    await kernel.run(`const rate = 0.5;`);
    await traceOf(`throw new Error("before"); const rate = "never";`);
    assert.equal((await kernel.run(`const half: number = rate; half`)).value, "0.5");
  });
});
