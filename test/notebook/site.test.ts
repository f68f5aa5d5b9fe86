import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, writeFileSync } from "node:fs";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import type { CellWithOutputs } from "../../environment/tools/notebook-file";
import { NotebookError, StoppedError, type Execute } from "../../environment/tools/report/execute-notebook";
import { inlineHtml, notebookHeading } from "../../environment/tools/report/heading";
import { writeSite, type SiteEntry } from "../../environment/tools/report/write-site";
import { fixtureNotebook, runNode, temporaryFolder } from "../support/checkout";
import { chart, codeCell, executedRun, notebookOf, printed, references, textCell } from "./executed";

/** Notebooks on disk, by name, with these cells. */
function writeNotebooks(folder: string, notebooks: Record<string, CellWithOutputs[]>): string[] {
  return Object.entries(notebooks).map(([name, cells]) => {
    const file = path.join(folder, `${name}.ipynb`);
    writeFileSync(file, JSON.stringify(notebookOf(cells)));
    return file;
  });
}

const opening = (title: string, question: string) =>
  textCell("title", `# ${title}\n\nSome background first. ${question} More of it.`);

describe("the site of all notebooks", () => {
  const folder = temporaryFolder({ after });
  const out = path.join(folder, "site");
  const asked: { file: string; settings?: readonly string[] }[] = [];
  let entries: SiteEntry[];
  const page = (name: string) => readFileSync(path.join(out, name), "utf8");

  before(async () => {
    const files = writeNotebooks(folder, {
      "00-first": [
        opening("First & foremost", "Does $K < 1$ hold, *always*?"),
        codeCell("parameters", "let k = 16; // examples\nlet seeds = [13];", [], ["parameters"]),
      ],
      "01-broken": [opening("The broken one", "Will it `run`?")],
      "02-last": [
        textCell("title", "# The last\n\nIt asks nothing, e.g. this. It just says."),
        codeCell("parameters", "let k = 4;", [], ["parameters"]),
      ],
    });
    const execute: Execute = async ({ file, settings }, use) => {
      asked.push({ file: path.basename(file), settings });
      if (file.includes("broken"))
        throw new NotebookError(
          "01-broken.ipynb, code cell 2 of 3 (“Divides”):\nError: no <rows>\n    at somewhere (file.ts:3:1)",
        );
      const { cells } = JSON.parse(readFileSync(file, "utf8")) as { cells: CellWithOutputs[] };
      return use(
        executedRun(path.join(folder, "work"), path.basename(file, ".ipynb"), [
          ...cells,
          codeCell("figure", "// A figure", [chart([{ x: 1, y: 2 }]), printed("Said.\n")]),
        ]),
      );
    };
    entries = await writeSite({ files, out, settings: ["k=8", "seeds=[1,2]"], execute });
  });

  test("each notebook runs in order, with the settings of the parameters it has", () => {
    assert.deepEqual(asked, [
      { file: "00-first.ipynb", settings: ["k=8", "seeds=[1,2]"] },
      { file: "01-broken.ipynb", settings: [] },
      { file: "02-last.ipynb", settings: ["k=8"] },
    ]);
    assert.deepEqual(
      entries.map(({ failure }) => failure?.split("\n")[1]),
      [undefined, "Error: no <rows>", undefined],
    );
  });

  test("the index has title, question, run time and link of each notebook, and names the one that failed", () => {
    const html = page("index.html");
    assert.match(
      html,
      /<h2><a href="00-first\.html">First &amp; foremost<\/a><\/h2>\n<p>Does <span class="katex">[\s\S]*?<\/span> hold, <em>always<\/em>\?<\/p>\n<p class="took"><code>00-first\.ipynb<\/code>, 1\.5 s<\/p>/,
    );
    assert.match(
      html,
      /<h2>The broken one<\/h2>\n<p>Will it <code>run<\/code>\?<\/p>[\s\S]*?<p class="failed">Did not run to its end\. 01-broken\.ipynb, code cell 2 of 3 \(“Divides”\):\nError: no &lt;rows&gt;<\/p>/,
    );
    assert.match(html, /<h2><a href="02-last\.html">The last<\/a><\/h2>\n<p>It asks nothing, e\.g\. this\.<\/p>/);
    assert.match(html, /2 of 3 notebooks ran to the end, in 3\.0 s together/);
    assert.match(html, /<th scope="row">Parameters<\/th><td>k=8, seeds=\[1,2\]<\/td>/);
    assert.deepEqual(references(html), ["00-first.html", "02-last.html"]);
  });

  test("pages are linked with the index and their neighbours that ran, above and below", () => {
    assert.deepEqual(readdirSync(out).sort(), ["00-first.html", "02-last.html", "index.html"]);
    assert.deepEqual(references(page("00-first.html")), ["index.html", "02-last.html", "index.html", "02-last.html"]);
    assert.deepEqual(references(page("02-last.html")), ["00-first.html", "index.html", "00-first.html", "index.html"]);
    assert.match(page("00-first.html"), /<a rel="next" href="02-last\.html">The last →<\/a>/);
    assert.match(page("02-last.html"), /<a rel="prev" href="00-first\.html">← First &amp; foremost<\/a>/);
  });

  test("nothing is left beside the site", () => {
    assert.deepEqual(
      readdirSync(folder).filter((name) => name.startsWith("site")),
      ["site"],
    );
  });
});

test("a site is replaced as a whole, or stays: when nothing ran, when stopped, when the folder is none", async (t) => {
  const folder = temporaryFolder(t);
  const out = path.join(folder, "site");
  const [file, second] = writeNotebooks(folder, { "00-a": [opening("A", "Why?")], "01-b": [opening("B", "How?")] });
  mkdirSync(out);
  await writeSite({
    files: [file],
    out,
    execute: async (_, use) => use(executedRun(path.join(folder, "work"), "a", [opening("A", "Why?")])),
  });
  const before = readFileSync(path.join(out, "index.html"), "utf8");

  // A run that was killed in the middle of replacing the site, and one killed before: no process has such a number.
  renameSync(out, `${out}.old-4999999`);
  mkdirSync(`${out}.part-4999998`);
  const failing: Execute = () => Promise.reject(new NotebookError("it failed"));
  assert.deepEqual(
    (await writeSite({ files: [file], out, execute: failing })).map(({ failure }) => failure),
    ["it failed"],
  );
  let started = 0;
  const stopped: Execute = () => Promise.reject(new StoppedError(`stopped ${++started}`));
  await assert.rejects(writeSite({ files: [file, second], out, execute: stopped }), /stopped 1/);
  assert.deepEqual(
    [readFileSync(path.join(out, "index.html"), "utf8"), readdirSync(folder).filter((name) => name.startsWith("site"))],
    [before, ["site"]],
  );

  const never: Execute = () => assert.fail("nothing should run");
  const own = path.join(folder, "own");
  mkdirSync(own);
  writeFileSync(path.join(own, "thesis.txt"), "");
  await assert.rejects(
    writeSite({ files: [file], out: own, execute: never }),
    /own holds something else than a site of reports/,
  );
  await assert.rejects(
    writeSite({ files: [file, path.join(own, "00-a.ipynb")], out, execute: never }),
    /two pages named 00-a\.html/,
  );
  await assert.rejects(
    writeSite({ files: [file], out, settings: ["depth=3"], execute: never }),
    /None of the notebooks has the parameter of --set depth=3/,
  );
  await assert.rejects(
    writeSite({ files: [fixtureNotebook("chart")], out, settings: ["scale=high"], execute: never }),
    /chart\.ipynb: --set scale=high: expected a number/,
  );
  assert.ok(existsSync(path.join(own, "thesis.txt")));
});

test("npm run report -- --all: the notebook that fails is named, the other is written, the exit status is 1", (t) => {
  const out = path.join(temporaryFolder(t), "site");
  const result = runNode([
    "build/environment/tools/report.js",
    "--all",
    fixtureNotebook("failing"),
    fixtureNotebook("chart"),
    "--out",
    out,
  ]);
  assert.equal(result.status, 1);
  assert.match(
    result.stderr,
    /failing\.ipynb, code cell 2 of 3 \(“Divides by nothing”\):\n[\s\S]*Error: no rows to divide/,
  );
  assert.match(result.stdout, /^Site: .*index\.html \(1 of 2 notebooks\)\n$/);
  assert.deepEqual(readdirSync(out).sort(), ["chart.html", "index.html"]);
});

test("a line of Markdown becomes HTML: formulas, code also in a link, emphasis", async () => {
  assert.equal(
    inlineHtml("[as `.pt` <files>](https://example.org/a#b), $f(x)[1](2)$, **[b](c)** *d*"),
    "as <code>.pt</code> &lt;files&gt;, <x-tex>f(x)[1](2)</x-tex>, <strong>b</strong> <em>d</em>",
  );
});

test("a notebook's question is found among formulas, abbreviations and emphasis", async () => {
  const heading = (source: string) => notebookHeading(notebookOf([textCell("a", source)]), "name");
  assert.deepEqual(heading("# T\n\nA fact of 0.5 (cf. this). Is $a. B?$ so, e.g. for $x = 1.5$? Yes."), {
    title: "T",
    question: "A fact of 0.5 (cf. this). Is $a. B?$ so, e.g. for $x = 1.5$?",
  });
  assert.equal(
    heading("# T\n\nFirst of all. A kernel is beside fine-tuning. Which of these? Another one?").question,
    "A kernel is beside fine-tuning. Which of these?",
  );
  assert.equal(
    heading("# T\n\n$$\nWhy?\n$$\n\n```ts\nWhat?\n```\n\n**Question.** Does it\nhold?").question,
    "Does it hold?",
  );
  assert.equal(
    heading("# T\n\nIs it so? Before that: **does a $k$ of\n4 do?** Or not?").question,
    "does a $k$ of 4 do?",
  );
  assert.equal(heading("# T\n\n> Only said. Not asked.").question, "Only said.");
  assert.deepEqual(heading("Nothing here"), { title: "name", question: "Nothing here" });
  assert.deepEqual(notebookHeading(notebookOf([]), "name"), { title: "name", question: "" });
});
