import assert from "node:assert/strict";
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { checkTypes } from "../../environment/tools/check-cells";
import { createNotebook } from "../../environment/tools/notebook-new";
import { notebooks } from "../../environment/tools/notebook-file";
import { checkHouseRules, keepDefaults } from "../../environment/tools/notebook-rules";
import { fixtureNotebook, root, runNode, temporaryFolder } from "../support/checkout";
import { codeCell, notebookOf, printed, textCell } from "./executed";

test("a new notebook has the house's parts, keeps its rules, and its cells type-check", async (t) => {
  const folder = path.join(temporaryFolder(t), "notebooks");
  const file = createNotebook({
    name: "05-prompts",
    title: "Prompts make tasks natural",
    question: "Why does a prompt help?",
    folder,
  });
  assert.equal(file, path.join(folder, "05-prompts.ipynb"));
  assert.deepEqual(checkHouseRules(file), []);
  assert.deepEqual(checkTypes([file]), []);

  const written = readFileSync(file, "utf8");
  const { cells } = JSON.parse(written) as { cells: { id: string; source: string[] }[] };
  assert.deepEqual(
    cells.map(({ id }) => id),
    [
      "title",
      "imports",
      "parameters-intro",
      "parameters",
      "check-parameters",
      "load-intro",
      "load",
      "load-next",
      "provenance",
    ],
  );
  assert.match(cells[0].source.join(""), /^# Prompts make tasks natural\n\nWhy does a prompt help\? /);
  const start = JSON.parse(readFileSync(path.join(root, "notebooks", "00-start-here.ipynb"), "utf8")) as {
    metadata: object;
  };
  assert.deepEqual((JSON.parse(written) as { metadata: object }).metadata, start.metadata);

  assert.throws(
    () => createNotebook({ name: "05-prompts.ipynb", title: "Another", folder }),
    /05-prompts\.ipynb is already there, and stays as it is/,
  );
  assert.equal(readFileSync(file, "utf8"), written);
  for (const name of ["../05", "05 prompts", "", "Prompts"])
    assert.throws(() => createNotebook({ name, title: "T", folder }), /is no name for a notebook/);
  assert.throws(() => createNotebook({ name: "06", title: " ", folder }), /The title has to be one line/);
  assert.deepEqual(readdirSync(folder), ["05-prompts.ipynb", "defaults"]);
  const kept = JSON.parse(readFileSync(path.join(folder, "defaults", "05-prompts.json"), "utf8")) as {
    name: string;
    value: unknown;
    comment?: string;
  }[];
  assert.deepEqual(
    kept.find(({ name }) => name === "k"),
    { name: "k", value: 16, comment: "training examples per class, and as many for development" },
  );
});

test("npm run notebook:new refuses what it does not understand in one message", () => {
  const result = runNode(["build/environment/tools/notebook-new.js", "05-prompts"]);
  assert.equal(result.status, 1);
  assert.match(result.stderr, /^usage: npm run notebook:new -- NAME "Title"/);
  const there = runNode(["build/environment/tools/notebook-new.js", "00-start-here", "Again"]);
  assert.equal(there.status, 1);
  assert.match(there.stderr, /^notebooks\/00-start-here\.ipynb is already there/);
});

test("the notebooks of the project keep the rules", async () => {
  assert.ok(notebooks().length > 0);
  assert.deepEqual(notebooks().flatMap(checkHouseRules), []);
});

test("what a committed notebook must not have, or lacks, is named with its cell and the way out", async (t) => {
  const file = path.join(temporaryFolder(t), "notebook.ipynb");
  mkdirSync(path.join(path.dirname(file), "defaults"));
  const defaults = path.join(path.dirname(file), "defaults", "notebook.json");
  writeFileSync(defaults, '[\n {"name":"k","value":16,"comment":"examples"}\n]\n');
  const sound = () => [
    textCell("title", "# A title\n\nSee https://example.org/home/x and `data/english`, ~/models or 1/2."),
    codeCell("parameters", "let k = 16; // examples", [], ["parameters"]),
    codeCell("check-parameters", 'checkParameters("notebook", { k });'),
    codeCell("provenance", "showProvenance({ seeds: [1] });"),
  ];
  const complaints = (change: (cells: ReturnType<typeof sound>, notebook: Record<string, unknown>) => void) => {
    const notebook = notebookOf(sound()) as unknown as { cells: ReturnType<typeof sound> } & Record<string, unknown>;
    change(notebook.cells, notebook);
    writeFileSync(file, JSON.stringify(notebook));
    return checkHouseRules(file).map((line) => line.replace(/^.*?notebook\.ipynb/, ""));
  };
  const remake =
    /Make its outputs with: npm run notebooks -- \S*notebook\.ipynb \(or clear them in JupyterLab: Edit ▸ Clear Outputs of All Cells, then save\)\.$/;
  const code = (cell: object) => cell as ReturnType<typeof codeCell>;

  assert.deepEqual(
    complaints(() => {}),
    [],
  );
  const [count, ...otherCounts] = complaints((cells) => (code(cells[1]).execution_count = 4));
  assert.match(count, /^, cell 2 \(parameters\): has an execution count \(4\)\. /);
  assert.match(count, remake);
  assert.deepEqual(otherCounts, []);
  assert.deepEqual(
    complaints((cells) => (code(cells[3]).outputs = [printed("16")])),
    [],
  );
  const timed = [
    {
      output_type: "display_data",
      metadata: {},
      data: { "text/html": "Kernels: 5 in 2.0 s", "text/plain": "Kernels: 5 in 2.0 s" },
    },
  ];
  const [raw] = complaints((cells) => (code(cells[3]).outputs = timed));
  assert.match(
    raw,
    /^, cell 4 \(provenance\): has outputs as a run leaves them, with times, or with every form of a figure\. /,
  );
  assert.match(raw, remake);
  assert.deepEqual(
    complaints((cells) => (code(cells[3]).outputs = [printed("/home/me/x")])),
    [
      ", cell 4 (provenance): shows the local path /home/me/x, which no other machine has: show it relative to the checkout.",
    ],
  );
  assert.match(
    complaints((cells) => (code(cells[3]).outputs = [printed("x".repeat(1_000_000))]))[0],
    /^: has \d+ bytes, more than 1000000\. Make its outputs/,
  );
  assert.deepEqual(
    complaints((cells) => (code(cells[3]).metadata = { tolerance: { absolute: 2 } } as object)),
    [],
  );
  assert.deepEqual(
    complaints((cells) => (code(cells[3]).metadata = { tolerance: { percent: 2 } } as object)),
    [', cell 4 (provenance): has a tolerance "percent", which is none of relative, absolute, counts.'],
  );
  assert.deepEqual(
    complaints((cells) => (code(cells[3]).metadata = { tolerance: { absolute: -1 } } as object)),
    [", cell 4 (provenance): has the tolerance absolute = -1: it has to be a number, 0 or larger."],
  );
  assert.deepEqual(
    complaints((cells) => delete (cells[0] as { id?: string }).id),
    [", cell 1: has no id: give it one that says what it does, such as “load”."],
  );
  assert.deepEqual(
    complaints((cells) => (cells[3].id = "title")),
    [", cell 4 (title): has the id of cell 1: give it one of its own."],
  );
  assert.deepEqual(
    complaints((cells) => (cells[3].id = "a b")),
    [", cell 4 (a b): has an id that Jupyter does not take: 1 to 64 letters, digits, - and _."],
  );
  assert.deepEqual(
    complaints((cells) => (cells[0].source += "\n\n`/home/me/models/x`")),
    [
      ", cell 1 (title): holds the local path /home/me/models/x, which no other machine has: write it relative to the checkout.",
    ],
  );
  assert.match(
    complaints((cells) => (cells[3].source += `\nread("C:\\\\Users\\\\me\\\\data");`))[0],
    /holds the local path C:.*Users/,
  );
  assert.match(
    complaints((cells) => (cells[3].source += `\nread("${path.join(root, "data")}");`)).join("\n"),
    /^, cell 4 \(provenance\): holds the local path .*, which no other machine has[^\n]*$/,
  );
  assert.match(
    complaints((cells) => (code(cells[1]).metadata = {}))[0],
    /^: has no cell tagged “parameters”: exactly one declares what can be changed/,
  );
  assert.match(
    complaints((cells) => void cells.splice(2, 0, { ...cells[1], id: "second" }))[0],
    /^: has 2 cells tagged “parameters”/,
  );
  assert.match(
    complaints((cells) => (cells[1].source = "let k = 8 * 2;"))[0],
    /^, cell 2 \(parameters\): Parameters cell: cannot read the line "let k = 8 \* 2;"/,
  );
  assert.deepEqual(
    complaints((cells) => (cells[1].source = "// none yet")),
    [", cell 2 (parameters): is tagged “parameters” but declares none."],
  );
  assert.deepEqual(
    complaints(
      (cells) => void cells.splice(2, 0, codeCell("injected-parameters", "{ k = 8; }", [], ["injected-parameters"])),
    ),
    [", cell 3 (injected-parameters): is the injected parameters of a run: remove it."],
  );
  const noProvenance = ": does not end with its provenance: the last cell has to call showProvenance(…).";
  assert.deepEqual(complaints((cells) => cells.reverse()).includes(noProvenance), true);
  assert.deepEqual(
    complaints((cells) => (cells[3].source = "// showProvenance({});\nlet x = 1;")),
    [noProvenance],
  );
  assert.deepEqual(
    complaints((cells) => void cells.push(codeCell("end", ""))),
    [noProvenance, ", cell 5 (end): is empty: remove it."],
  );
  assert.deepEqual(
    complaints((cells) => (cells[0].source = "No title")),
    [": has no title: its first cell has to be text that starts with “# ” and the title."],
  );
  assert.deepEqual(
    complaints((_, notebook) => (notebook.nbformat_minor = 4)),
    [": is of format 4.4: cell ids need 4.5 or later."],
  );
  assert.match(
    complaints((_, notebook) => (notebook.metadata = {}))[0],
    /^: is not for the kernel "TypeScript \(Kernel View\)"/,
  );
  const check = (source: string) => complaints((cells) => (cells[2].source = source));
  assert.deepEqual(check('// checkParameters("notebook", { k });'), [
    ': does not check its parameters: the cell behind them has to call checkParameters("notebook", { k }).',
  ]);
  assert.deepEqual(check('checkParameters("another", { k });'), [
    ': checks its parameters as those of "another": write checkParameters("notebook", …).',
  ]);
  assert.deepEqual(check('checkParameters("notebook", {\n  seeds,\n});'), [
    ": does not check k: name every parameter in checkParameters(…).",
  ]);
  assert.deepEqual(check('checkParameters(\n  "notebook", { seeds, k }, { k: field.count({ to: 4 }) });'), []);

  const keep = /npm run notebook:check -- --keep-defaults .*notebook\.ipynb$/;
  const changed = complaints((cells) => (cells[1].source = "let k = 8; // examples\nlet own = 1;"));
  assert.match(
    changed.find((line) => line.includes("defaults"))!,
    /^: has other parameters than the kept defaults \(k, own\): change them back, or keep these with /,
  );
  assert.match(complaints((cells) => (cells[1].source = "let k = 16; // sentences"))[0], keep, "meanings are kept too");
  keepDefaults(file);
  assert.deepEqual(
    complaints((cells) => (cells[1].source = "let k = 16; // sentences")),
    [],
  );
  rmSync(defaults);
  assert.match(complaints(() => {})[0], /^: has no kept defaults: npm run notebook:check -- --keep-defaults /);

  writeFileSync(file, "not JSON");
  assert.match(checkHouseRules(file)[0], /notebook\.ipynb: is not a Jupyter notebook: /);
});

test("the checks of npm test fail for a notebook that was run, for a chart nobody awaits and an import nobody uses", (t) => {
  const folder = path.join(temporaryFolder(t), "notebooks");
  mkdirSync(folder);
  const notebook = JSON.parse(readFileSync(fixtureNotebook("chart"), "utf8")) as {
    cells: { source: string; execution_count?: number }[];
  };
  notebook.cells[1].execution_count = 7;
  notebook.cells[3].source = notebook.cells[3].source.replace("{ showChart", "{ mean, showChart");
  notebook.cells[5].source = notebook.cells[5].source.replace("await showChart", "showChart");
  writeFileSync(path.join(folder, "run.ipynb"), JSON.stringify(notebook));
  const result = runNode([
    "build/environment/tools/check-cells.js",
    fixtureNotebook("chart"),
    path.join(folder, "run.ipynb"),
  ]);
  assert.equal(result.status, 1);
  const [count, unused, promise, ...others] = result.stderr
    .trimEnd()
    .split("\n")
    .filter((line) => !line.includes("does not check its parameters"));
  assert.match(count, /run\.ipynb, cell 2 \(cell-1\): has an execution count \(7\)/);
  assert.match(unused, /run\.ipynb, code cell 2, line 3: 'mean' is defined but never used/);
  assert.match(promise, /run\.ipynb, code cell 3, line 3: Promises must be awaited/);
  assert.deepEqual(others, []);
});
