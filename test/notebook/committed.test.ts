import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, test } from "node:test";
import type { CellWithOutputs } from "../../environment/tools/notebook-file";
import { changedNotebooks } from "../../environment/tools/report/committed";
import { prepareNotebook, type Prepared } from "../../environment/tools/report/execute-notebook";
import { temporaryFolder } from "../support/checkout";
import { codeCell, notebookOf, textCell } from "./executed";

const cells = (k: number, body: string, more: CellWithOutputs[] = []) => [
  textCell("title", "# Any"),
  codeCell("parameters", `let k = ${k}; // examples\nlet seeds = [13];`, [], ["parameters"]),
  codeCell("body", body),
  ...more,
];

describe("where a notebook is not as committed", () => {
  const write = (file: string, content: CellWithOutputs[]) => writeFileSync(file, JSON.stringify(notebookOf(content)));
  const committed = ({ parameters }: Prepared) =>
    Object.fromEntries(parameters.map((parameter) => [parameter.name, parameter.committed]));

  test("is told by git: saved values, set values, cells that are new, changed or gone", (t) => {
    const folder = temporaryFolder(t);
    const git = (...args: string[]) =>
      execFileSync("git", ["-c", "user.name=A", "-c", "user.email=a@b", ...args], { cwd: folder, stdio: "ignore" });
    const file = path.join(folder, "any.ipynb");
    write(file, cells(16, "// The body\nrun(1);", [codeCell("gone", "// Gone\ngone();")]));
    git("init", "-q");
    git("add", ".");
    git("commit", "-q", "-m", "first");
    assert.deepEqual(committed(prepareNotebook({ file })), { k: undefined, seeds: undefined });
    assert.deepEqual([prepareNotebook({ file }).editedCells, changedNotebooks(folder)], [[], []]);

    write(file, cells(4, "// The body\nrun(2);", [codeCell("new", "// New\nadded();")]));
    const edited = prepareNotebook({ file });
    assert.deepEqual(committed(edited), { k: "16", seeds: undefined });
    assert.deepEqual(edited.editedCells, ["The body", "New", "Gone (removed)"]);
    assert.deepEqual(changedNotebooks(folder), ["any.ipynb"]);
    const set = prepareNotebook({ file, settings: ["k=16", "seeds=[1,2]"] });
    assert.deepEqual(committed(set), { k: undefined, seeds: "[13]" });
  });

  test("without git by the kept defaults; else nothing is said", (t) => {
    const folder = temporaryFolder(t);
    const file = path.join(folder, "any.ipynb");
    write(file, cells(4, "run();"));
    assert.deepEqual(committed(prepareNotebook({ file })), { k: undefined, seeds: undefined });
    mkdirSync(path.join(folder, "defaults"));
    writeFileSync(path.join(folder, "defaults", "any.json"), JSON.stringify([{ name: "k", value: 16 }]));
    const prepared = prepareNotebook({ file });
    assert.deepEqual([committed(prepared), prepared.editedCells], [{ k: "16", seeds: "none" }, []]);
    assert.deepEqual(changedNotebooks(folder), []);
  });
});
