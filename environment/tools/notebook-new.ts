// npm run notebook:new -- NAME "Title" ["Question?"]
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { messageOf, root } from "./checkout";
import type { CellWithOutputs, NotebookFile } from "./notebook-file";
import { keepDefaults } from "./notebook-rules";

const usage = `usage: npm run notebook:new -- NAME "Title" ["Question?"]

Writes notebooks/NAME.ipynb with the parts that every notebook has: title and question, imports, parameters, a first
section and provenance. NAME is small letters, digits and dashes, such as 05-prompts. An existing notebook is never
overwritten.`;

/** A mistake in what was asked for. */
class UsageError extends Error {}

interface NewNotebook {
  /** Of its file, without ending. */
  name: string;
  /** One line of Markdown. */
  title: string;
  /** What the notebook answers, one sentence. */
  question?: string;
}

/** A notebook with the house's parts, which runs and passes the checks as it is. */
function newNotebook({ name, title, question = "What does this notebook find out?" }: NewNotebook): NotebookFile {
  const cells = [
    text(
      "title",
      `# ${title}

${question} Say in two or three sentences why one wants to know, and what the notebook does to find out.`,
    ),
    code(
      "imports",
      `// What this notebook uses
import { checkParameters, loadLanguageModel, readFewShot, showProgress, showProvenance, showTable, taskByName } from "kernel-view";`,
    ),
    text(
      "parameters-intro",
      `## Parameters

Change a value in the next cell, then choose *Run ▸ Run All Cells*. The table below that cell says what each value may be, and marks those that differ from their defaults.`,
    ),
    code(
      "parameters",
      `let model = "data/english/model"; // folder, or an id such as "roberta-base"
let taskName = "movies-2"; // how the files are read
let data = "data/english/tasks/movies-2"; // holds a folder per k and seed: 16-13
let k = 16; // training examples per class, and as many for development
let seeds = [13, 21]; // one draw of examples each
let testExamples = 100; // test sentences, at most`,
      ["parameters"],
    ),
    code(
      "check-parameters",
      `// Check the parameters before any long computation starts; a parameter of a new name needs a field: { name: field.count() }
checkParameters("${name}", { model, taskName, data, k, seeds, testExamples });`,
    ),
    text(
      "load-intro",
      `## The first section

One idea for each cell: what is computed and why, the smallest computation that shows it, a check, a figure, and one printed sentence that reads the figure with its number.`,
    ),
    code(
      "load",
      `// Load the model and the examples
const task = taskByName(taskName);
const lm = await loadLanguageModel(model, { onProgress: showProgress("Download", { unit: "bytes" }) });
const draws = seeds.map((seed) => ({ seed, ...readFewShot(data, task, { k, seed, testExamples }) }));

showTable(
  draws.map(({ seed, train, dev, test }) => ({ seed, training: train.length, development: dev.length, test: test.length })),
  { caption: \`Examples of \${task.name}\` },
);
console.log(\`\${draws.length} draws of \${draws[0].train.length} training examples, read by a model of \${lm.model.config.layers} layers.\`);`,
    ),
    text("load-next", `*To change next:* name a parameter, a value for it, and the question this answers.`),
    code(
      "provenance",
      `// What these results depend on
showProvenance({ model: lm.model, seeds });`,
    ),
  ];
  const metadata = {
    kernelspec: { display_name: "TypeScript (Kernel View)", language: "typescript", name: "kernel-view" },
    language_info: {
      codemirror_mode: { mode: "typescript", name: "javascript", typescript: true },
      file_extension: ".ts",
      mimetype: "text/typescript",
      name: "typescript",
      version: "3.7.2",
    },
  };
  return { cells, metadata, nbformat: 4, nbformat_minor: 5 };
}

// Keys in the order in which Jupyter saves them, so that saving changes nothing.
const text = (id: string, source: string): CellWithOutputs => ({
  cell_type: "markdown",
  id,
  metadata: {},
  source: lines(source),
});
const code = (id: string, source: string, tags?: string[]): CellWithOutputs => ({
  cell_type: "code",
  execution_count: null,
  id,
  metadata: tags ? { tags } : {},
  outputs: [],
  source: lines(source),
});
const lines = (source: string): string[] => source.split(/(?<=\n)/);

/**
 * Writes a new notebook.
 * @returns its path
 * @throws UsageError for a name that is none, a title that is missing, or a notebook that is there
 */
export function createNotebook({
  name,
  title,
  question,
  folder = path.join(root, "notebooks"),
}: NewNotebook & { folder?: string }): string {
  const plain = name.replace(/\.ipynb$/, "");
  if (!/^[a-z0-9]+(?:-[a-z0-9]+)*$/.test(plain))
    throw new UsageError(
      `${JSON.stringify(name)} is no name for a notebook: use small letters, digits and dashes, such as 05-prompts.`,
    );
  for (const [what, value] of [
    ["title", title],
    ["question", question],
  ]) {
    if (value !== undefined && (value.trim() === "" || value.includes("\n")))
      throw new UsageError(`The ${what} has to be one line.`);
  }
  const file = path.join(folder, `${plain}.ipynb`);
  mkdirSync(folder, { recursive: true });
  try {
    writeFileSync(
      file,
      `${JSON.stringify(newNotebook({ name: plain, title: title.trim(), question: question?.trim() }), null, 1)}\n`,
      { flag: "wx" },
    );
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    throw new UsageError(
      `${path.relative(process.cwd(), file)} is already there, and stays as it is: choose another name.`,
    );
  }
  keepDefaults(file);
  return file;
}

function main(): void {
  const { values, positionals } = readArguments();
  if (values.help) return console.log(usage);
  if (positionals.length < 2 || positionals.length > 3) throw new UsageError(usage);
  const [name, title, question] = positionals;
  const file = path.relative(process.cwd(), createNotebook({ name, title, question }));
  console.log(
    `Written: ${file}\nEdit it with: npm run lab\nCheck it with: npm run notebook:check -- ${file} (with --keep-defaults after a change of its parameters)\nIts report: npm run report -- ${file}`,
  );
}

function readArguments() {
  try {
    return parseArgs({ allowPositionals: true, options: { help: { type: "boolean", short: "h" } } });
  } catch (error) {
    throw new UsageError(`${messageOf(error)}\n\n${usage}`);
  }
}

if (require.main === module) {
  try {
    main();
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}
