import assert from "node:assert/strict";
import { mkdirSync, utimesSync, writeFileSync } from "node:fs";
import path from "node:path";
import { before, describe, test } from "node:test";
import { kernelOfSuite } from "../support/real-kernel";

describe("modules that cells import", () => {
  const kernel = kernelOfSuite();
  let minute = 0;

  /** Writes a file of the notebook's folder; each version is a minute newer than the last. */
  function write(name: string, text: string): void {
    const file = path.join(kernel.folder, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text);
    const time = new Date(Date.now() + 60_000 * ++minute);
    utimesSync(file, time, time);
  }
  const runs = async (code: string): Promise<string | undefined> => {
    const { status, value, trace } = await kernel.run(code);
    assert.equal(status, "ok", trace);
    return value;
  };

  before(() => {
    const packages: Record<string, Record<string, unknown>> = {
      "only-import": { type: "module", exports: { ".": { import: "./index.js" }, "./part": { import: "./part.js" } } },
      "awaits-at-top": { type: "module", exports: "./index.js" },
      "plain-old": { main: "./index.js" },
    };
    for (const [name, manifest] of Object.entries(packages))
      write(`node_modules/${name}/package.json`, JSON.stringify({ name, version: "1.0.0", ...manifest }));
    write(
      "node_modules/only-import/index.js",
      `export const kind = "import"; export default function twice(n) { return 2 * n; }`,
    );
    write(
      "node_modules/only-import/index.d.ts",
      `export declare const kind: string; export default function twice(n: number): number;`,
    );
    write("node_modules/only-import/part.js", `export const part = "a part";`);
    write("node_modules/only-import/part.d.ts", `export declare const part: string;`);
    write(
      "node_modules/awaits-at-top/index.js",
      `const made = await new Promise((done) => setTimeout(() => done(42), 20)); export { made };`,
    );
    write("node_modules/awaits-at-top/index.d.ts", `export declare const made: number;`);
    write("node_modules/plain-old/index.js", `exports.old = () => "old";`);
    write("node_modules/plain-old/index.d.ts", `export declare function old(): string;`);
  });

  test("a TypeScript file beside the notebook is imported, with its types", async () => {
    write(
      "helpers.ts",
      `import { unit } from "./deep/unit.js";\nexport const length = (n: number): string => \`\${n} \${unit}\`;`,
    );
    write("deep/unit.ts", `export const unit: string = "m";\nexport enum Size { Small = 1, Large }`);
    assert.equal(await runs(`import { length } from "./helpers"; length(5)`), "'5 m'");
    const { trace } = await kernel.run(`length("five")`);
    assert.match(trace, /Argument of type 'string' is not assignable to parameter of type 'number'/);
    assert.equal(await runs(`import { Size } from "./deep/unit.ts"; Size.Large`), "2");
  });

  test("a changed file is taken up when it is imported again, and so is what it imports", async () => {
    write(
      "helpers.ts",
      `import { unit } from "./deep/unit.js";\nexport const length = (n: number): string => \`\${n} new \${unit}\`;\nexport const added = 1;`,
    );
    assert.equal(await runs(`import { length, added } from "./helpers"; length(5 + added)`), "'6 new m'");
    write("deep/unit.ts", `export const unit: string = "km";\nexport enum Size { Small = 1, Large }`);
    assert.equal(await runs(`import { length } from "./helpers"; length(5)`), "'5 new km'");
  });

  test("an error in such a file names it and its line", async () => {
    write(
      "fails.ts",
      `export interface Unused { a: number }\n\nexport function fail(): never {\n  throw new Error("in the file");\n}`,
    );
    const { trace } = await kernel.run(`import { fail } from "./fails"; fail();`);
    assert.match(trace, /^Error: in the file\n/);
    assert.match(trace, /at fail \(.*fails\.ts:4:\d+\)/);
  });

  test("a file that does not compile or is not there is refused with its name", async () => {
    const { trace } = await kernel.run(`import { nothing } from "./not-there";`);
    assert.match(trace, /Cannot find module '\.\/not-there'/);
  });

  test("JSON beside the notebook is read with its type", async () => {
    write("settings.json", `{ "rate": 0.5 }`);
    assert.equal(await runs(`import settings from "./settings.json"; const rate: number = settings.rate; rate`), "0.5");
  });

  test("packages load that only import can load, wholly or in parts", async () => {
    assert.equal(
      await runs(
        `import twice, { kind } from "only-import"; import { part } from "only-import/part"; [twice(4), kind, part].join()`,
      ),
      "'8,import,a part'",
    );
    assert.equal(
      await runs(`import * as whole from "only-import"; Object.keys(whole).sort().join()`),
      "'default,kind'",
    );
  });

  test("packages load that await at their top", async () => {
    assert.equal(await runs(`import { made } from "awaits-at-top"; made`), "42");
    assert.equal(await runs(`made + 1`), "43");
  });

  test("old packages load, also by require and import()", async () => {
    assert.equal(await runs(`import { old } from "plain-old"; old()`), "'old'");
    assert.equal(await runs(`require("plain-old").old()`), "'old'");
    assert.equal(await runs(`(await import("plain-old")).old()`), "'old'");
    assert.equal(await runs(`(await import("only-import")).default(3)`), "6");
    assert.equal(await runs(`(await import("awaits-at-top")).made`), "42");
  });

  test("a package that is installed while the kernel runs is found", async () => {
    const code = `import { late } from "comes-late"; late`;
    assert.match((await kernel.run(code)).trace, /Cannot find module 'comes-late'/);
    write(
      "node_modules/comes-late/package.json",
      JSON.stringify({ name: "comes-late", version: "1.0.0", main: "./index.js" }),
    );
    write("node_modules/comes-late/index.js", `exports.late = 7;`);
    write("node_modules/comes-late/index.d.ts", `export declare const late: number;`);
    assert.equal(await runs(code), "7");
  });

  test("names that earlier cells imported mean the same later, also as types", async () => {
    assert.equal(
      await runs(
        `import * as os from "node:os"; import { join as joined, type ParsedPath } from "node:path"; import ts = require("typescript");`,
      ),
      undefined,
    );
    assert.equal(
      await runs(
        `const parsed: ParsedPath | undefined = undefined; [typeof os.EOL, joined("a", "b"), ts.version, parsed].join()`,
      ),
      `'string,a/b,${(require("typescript") as { version: string }).version},'`,
    );
  });

  test("where a cell lies is the notebook's folder", async () => {
    assert.equal(await runs(`import.meta.dirname === __dirname && __dirname`), `'${kernel.folder}'`);
    assert.equal(await runs(`import.meta.url`), `'file://${kernel.folder}/cell.ts'`);
    assert.match((await runs(`import.meta.resolve("typescript")`))!, /^'file:\/\/\/.*typescript\.js'$/);
  });
});
