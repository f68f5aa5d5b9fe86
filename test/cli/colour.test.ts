import assert from "node:assert/strict";
import { test } from "node:test";
import { coloured, verdictColours } from "../../src/cli/colour";

const names = ["FORCE_COLOR", "NO_COLOR", "TERM", "KERNEL_VIEW_TERMINAL_COLUMNS"] as const;

test("colours are for terminals, unless FORCE_COLOR or NO_COLOR say otherwise", () => {
  const before = names.map((name) => [name, process.env[name]] as const);
  const isTTY = process.stdout.isTTY;
  const found = (environment: Partial<Record<(typeof names)[number], string>>, terminal: boolean): boolean => {
    for (const name of names) delete process.env[name];
    Object.assign(process.env, environment);
    process.stdout.isTTY = terminal;
    return coloured("red", "x", "stdout") !== "x";
  };
  try {
    assert.equal(found({}, true), true);
    assert.equal(found({}, false), false);
    assert.equal(found({ TERM: "dumb" }, true), false);
    assert.equal(found({ NO_COLOR: "1" }, true), false);
    assert.equal(found({ NO_COLOR: "1", FORCE_COLOR: "1" }, false), true);
    assert.equal(found({ FORCE_COLOR: "0" }, true), false);
    // The launcher's terminal is that of standard error.
    assert.equal(found({ KERNEL_VIEW_TERMINAL_COLUMNS: "80" }, false), false);
    assert.equal(coloured("red", "x"), "\x1b[31mx\x1b[39m");
    process.env.FORCE_COLOR = "1";
    assert.equal(
      verdictColours("| yes | no | – | nobody |"),
      "| \x1b[32myes\x1b[39m | \x1b[31mno\x1b[39m | – | nobody |",
    );
  } finally {
    process.stdout.isTTY = isTTY;
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  }
});
