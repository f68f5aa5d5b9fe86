import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, test } from "node:test";
import { readCell } from "../../src/jupyter/language/cell-source";
import { emitCell } from "../../src/jupyter/language/emit";
import { complete, inspect, isComplete } from "../../src/jupyter/language/help";
import { completePath } from "../../src/jupyter/language/paths";
import { originalPosition, placeInCell, placeOf, withInsertions } from "../../src/jupyter/language/place";
import { Scope } from "../../src/jupyter/language/scope";
import { CellSession } from "../support/cell-session";
import { root, temporaryFolder } from "../support/checkout";

describe("insertions", () => {
  const insertions = [
    { at: 4, text: "<4>" },
    { at: 0, text: "<0>" },
    { at: 4, text: "<also 4>" },
    { at: 6, text: "<end>" },
  ];

  test("stand where they belong, in their order", () => {
    assert.equal(withInsertions("abcdef", insertions), "<0>abcd<4><also 4>ef<end>");
    assert.equal(withInsertions("", []), "");
  });

  test("every position leads back to the same character", () => {
    const changed = withInsertions("abcdef", insertions);
    for (const character of "abcdf")
      assert.equal(originalPosition(changed.indexOf(character), insertions), "abcdef".indexOf(character), character);
    assert.equal(
      originalPosition(changed.indexOf("<also") + 3, insertions),
      4,
      "inside an insertion: where it was put",
    );
    assert.equal(originalPosition(changed.length, insertions), 6);
  });
});

describe("places", () => {
  test("are counted from 0, in lines and UTF-16 units", () => {
    assert.deepEqual(placeOf("ab\ncd😀e", 8), { line: 1, column: 5 });
    assert.deepEqual(placeOf("", 0), { line: 0, column: 0 });
  });

  // Names that begin with "m" are looked for in the JavaScript, and have to lead back to themselves.
  const cells = [
    "await m1(); for (const i of m2()) m3(i); while (m4()) { m5(); }",
    "const f = async (x: number): Promise<void> => { await m1(await m2(x)); m3(); };\nconst g = (): number => m4() + 1; m5();",
    "import { join } from 'node:path';\nif (m1()) { do m2(); while (m3()); } else m4();\n\n  m5();",
    "class A<T> { @m1 method(a: T): T { for (;;) { m2(a); break; } return m3(a) as T; } static { m4(); } }\nnew A().method(m5());",
    "interface I { a: number }\ntype T = I;\nconst { a, b = m1() } = m2() as { a: T; b?: number }; m3`text ${m4()} \n ${m5()}`;",
    "try { await m1(); } catch { m2(); } finally { m3(); }\nlabel: for await (const x of m4()) { continue label; } `😀`; m5()",
  ];
  for (const text of cells) {
    test(`lead from JavaScript back to the cell: ${text.split("\n")[0]}`, () => {
      const { javascript, map } = emitCell(
        readCell(text, "cell.ts"),
        `import { a1, a2, a3 } from "$scope"; import x from "y";`,
      );
      for (const name of ["m1", "m2", "m3", "m4", "m5"]) {
        const place = placeInCell(map, placeOf(javascript, javascript.search(new RegExp(`\\b${name}\\b`))));
        assert.deepEqual(place, placeOf(text, text.indexOf(name)), `${name} in\n${javascript}`);
      }
    });
  }
});

describe("what is compiled", () => {
  const emitted = (text: string) => emitCell(readCell(text, "cell.ts"), "");

  test("the modules it requires are told, once each and without the scope", () => {
    const { requires } = emitCell(
      readCell(
        `import { a } from "one"; import type { B } from "types"; import c = require("three"); import "side"; a(c);`,
        "cell.ts",
      ),
      `import { k } from "$scope";`,
    );
    assert.deepEqual(requires.sort(), ["one", "side", "three"]);
  });

  test("only the last line's value is noted, and only where it has one", () => {
    const noted = (text: string) => emitted(text).javascript.match(/\$cell\.result = /g)?.length ?? 0;
    assert.deepEqual(
      [
        "1; 2",
        "a = 1",
        "a++",
        "delete a.b",
        "!a",
        "-a",
        "a, b",
        "if (a) b",
        "const a = 1",
        "await a",
        "a ? b : c",
        "(a = 1)",
      ].map(noted),
      [1, 0, 0, 0, 1, 1, 1, 0, 0, 1, 1, 1],
    );
  });

  test("nothing of another statement moves to another line", () => {
    const text = "let a = 1;\nfor (const x of [1])\n  a += x;\nfunction f() {\n  return a;\n}\nawait f();";
    const { map } = emitted(text);
    assert.deepEqual(withInsertions(text, map.insertions).split("\n").length, text.split("\n").length);
  });
});

describe("the scope", () => {
  const cell = (text: string) => readCell(text, "cell.ts");
  const scopeOf = (...texts: string[]) => {
    const scope = new Scope();
    texts.forEach((text, index) => scope.take(index + 1, cell(text)));
    return scope;
  };

  test("knows the last cell that declares a name", () => {
    const scope = scopeOf("let a = 1; const b = 2;", "const a = 'x'; class C {}", "import { d as e } from 'd';");
    assert.deepEqual(scope.names.sort(), ["C", "a", "b", "e"]);
    const behind = scope.declarationsFor(cell("a; b; new C(); e; unknown"), (number) => `cell-${number}`).split("\n");
    for (const line of [
      `declare const a: typeof import("cell-2").a;`,
      `declare const b: typeof import("cell-1").b;`,
      `import { C } from "cell-2";`,
      `import { d as e } from 'd';`,
    ])
      assert.ok(behind.includes(line), line);
    assert.equal(scope.importsFor(cell("a; b; e")), `import { a, b } from "$scope"; import { d as e } from 'd';`);
  });

  test("brings only what a cell uses and does not declare itself", () => {
    const scope = scopeOf("let a = 1; let b = 2;");
    assert.equal(scope.importsFor(cell("const a = 5; o.b = 1;")), `import { b } from "$scope";`);
    assert.equal(scope.importsFor(cell("1 + 1")), "");
  });

  test("knows which cells are still needed", () => {
    const scope = scopeOf("let a = 1;", "let a = 2;", "declare global { var g: number }");
    assert.deepEqual(
      [1, 2, 3].map((number) => scope.refersTo(number)),
      [false, true, true],
    );
  });

  test("takes of a cell that failed what ran, and types and functions", () => {
    const scope = new Scope();
    scope.take(
      1,
      cell("let a = 1; throw 1; let b = 2; function f() {} type T = 1; if (x) { var c = 3; }"),
      new Set([0]),
    );
    assert.deepEqual(scope.names.sort(), ["T", "a", "f"]);
  });
});

describe("completion and help, without a kernel", () => {
  const session = new CellSession();
  const completed = (code: string) => complete(session.cells, code.replace("|", ""), code.indexOf("|"));
  const shown = (code: string) => inspect(session.cells, code.replace("|", ""), code.indexOf("|"))?.plain;

  test("names of earlier cells, members, keywords where they fit", async () => {
    await session.run(
      "/** How many there are. */\nconst amount = 3; function areaOf(width: number, height = 2): number { return width * height; }",
    );
    assert.deepEqual(completed("amoun|").matches, ["amount"]);
    assert.deepEqual(completed("amount.toFix|").matches, ["toFixed"]);
    assert.ok(completed("awai|").matches.includes("await"));
    assert.ok(!completed("|").matches.includes("await"), "not before a letter is typed");
    assert.deepEqual(completed("areaOf(amou|)").matches, ["amount"]);
    assert.deepEqual(completed("const open = { x: areaOf(amou|").matches, ["amount"], "also in what is not closed");
  });

  test("nothing of a browser, nothing of the kernel's own", () => {
    const { matches } = completed("|");
    assert.deepEqual(
      matches.filter(
        (name) =>
          ["document", "window", "HTMLElement", "navigator2"].includes(name) ||
          name.startsWith("%") ||
          name.startsWith("$cell"),
      ),
      [],
    );
  });

  test("kinds are told beside the names", () => {
    const { matches, kinds } = completed("Math.hyp|");
    assert.deepEqual([matches, kinds], [["hypot"], ["method"]]);
  });

  test("type, signature and comment of a name", () => {
    assert.equal(shown("amou|nt"), "const amount: 3\n\nHow many there are.");
    assert.match(shown("areaOf|")!, /^function areaOf\(width: number, height\?: number\): number$/);
    assert.match(shown("areaOf(1, |)")!, /^areaOf\(width: number, height\?: number\): number/);
    assert.match(shown("areaOf(1, |")!, /^areaOf\(/, "also where the bracket is not closed");
    assert.equal(shown("nowhere|"), undefined);
    assert.equal(shown("|"), undefined);
    assert.equal(shown("// amou|nt"), undefined);
  });

  test("whether a cell is complete", () => {
    const states = (codes: string[]) => codes.map((code) => isComplete(code).status);
    assert.deepEqual(states(["", "1", "if (a) b", "const f = () => {}", "// c", "await a"]), Array(6).fill("complete"));
    assert.deepEqual(
      states(["f(", "`a", "/* c", "if (a) {", "const a =", "class A {", "a +"]),
      Array(7).fill("incomplete"),
    );
    assert.deepEqual(states(["const = 1", "1 +* 2", "f(] )", ")"]), Array(4).fill("invalid"));
    assert.deepEqual(isComplete("  function f() {"), { status: "incomplete", indent: "    " });
  });
});

describe("paths of files", () => {
  test("are completed from the working folder and by absolute names", (t) => {
    const folder = temporaryFolder(t);
    mkdirSync(path.join(folder, "inner"));
    for (const name of ["one.json", "other.json", ".hidden", "inner/deep.txt"])
      writeFileSync(path.join(folder, name), "");
    const matches = (code: string) => completePath(code, code.length, root)?.matches;
    assert.deepEqual(matches(`read("${folder}/o`), ["one.json", "other.json"]);
    assert.deepEqual(matches(`read('${folder}/`), ["inner/", "one.json", "other.json"]);
    assert.deepEqual(matches(`read(\`${folder}/.h`), [".hidden"]);
    assert.deepEqual(matches(`read("${folder}/inner/d`), ["deep.txt"]);
    assert.deepEqual(matches(`read("${folder}/nowhere/d`), []);
  });

  test("are not mistaken for other texts", () => {
    for (const code of [`"no slash`, `import x from "./a/b`, `from "kernel-view/`, `"closed/" + x`, `a / b`])
      assert.equal(completePath(code, code.length, root), undefined, code);
  });
});
