import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { before, describe, test } from "node:test";
import type { CellWithOutputs } from "../../environment/tools/notebook-file";
import { withExecutedNotebook } from "../../environment/tools/report/execute-notebook";
import { fixtureNotebook, root, runNode, temporaryFolder } from "../support/checkout";

const plain = (value: unknown) => (Array.isArray(value) ? value.join("") : String(value));

describe("a notebook run by the real kernel", () => {
  let cells: CellWithOutputs[];
  const output = (id: string) => cells.find((cell) => cell.id === id)!.outputs!;

  before(async () => {
    await withExecutedNotebook({ file: fixtureNotebook("chart"), settings: ["scale=3"] }, (executed) => {
      cells = executed.notebook.cells;
    });
  });

  test("a chart arrives as Vega-Lite, SVG, PNG and text in one display, without HTML", () => {
    const [display, ...others] = output("cell-5");
    assert.deepEqual(others, []);
    assert.equal(display.output_type, "display_data");
    assert.deepEqual(Object.keys(display.data!).sort(), [
      "application/vnd.vegalite.v5+json",
      "image/png",
      "image/svg+xml",
      "text/plain",
    ]);
    const spec = display.data!["application/vnd.vegalite.v5+json"] as { data: { values: { loss: number }[] } };
    assert.equal(spec.data.values[0].loss, 3, "an object, and drawn with the parameter given for this run");
  });

  test("a danfojs table arrives as HTML and text", () => {
    const [display] = output("cell-7");
    assert.deepEqual(Object.keys(display.data!).sort(), ["text/html", "text/plain"]);
    assert.match(plain(display.data!["text/plain"]), /fine-tuning {4}0\.8333$/);
  });

  test("progress leaves one line; nothing of TensorFlow's start is in any cell", () => {
    const [progress, printed, ...others] = output("cell-8");
    assert.match(plain(progress.data!["text/plain"]), /^Counting: 6 steps in \d\.\d s$/);
    assert.equal(plain(printed.text), "printed\n");
    assert.deepEqual(others, []);
    assert.deepEqual(
      cells.flatMap((cell) => cell.outputs ?? []).filter(({ name }) => name === "stderr"),
      [],
    );
  });

  test("the injected parameters print nothing, and the cells are numbered in order", () => {
    assert.deepEqual(output("injected-parameters"), []);
    const counts = cells.filter((cell) => "outputs" in cell).map((cell) => cell.execution_count);
    assert.deepEqual(
      counts,
      counts.map((_, index) => index + 1),
    );
  });

  test("provenance holds the versions of what computed", () => {
    const record = output("cell-9")[0].data!["application/vnd.kernel-view.provenance+json"] as Record<string, unknown>;
    assert.match(record.tensorflow as string, /^\d+\.\d+\.\d+ \(tfjs 4\.22\.0\)$/);
    assert.deepEqual(record.parameters, { scale: 3, label: "first" });
  });
});

test("names of properties mean the properties, whatever earlier cells have declared", async (t) => {
  const sources = [
    "let rows = [{ run: { history: [1, 2] }, seed: 3 }]; let scale = 0; let other = 0;",
    "const { run: { history }, seed: chosen } = rows[0]; const sums = rows.map(({ run: { history: [, second] }, seed: own = 5 }) => second + own);\n({ seed: scale, missing: other = 7 } = { missing: undefined, ...rows[0] });",
    "let made = { history, scale }; ({ scale = 9, other = 8 } = {} as { scale?: number; other?: number });",
    "console.log(JSON.stringify({ history, chosen, sums, made, scale, other }));",
  ];
  const file = path.join(temporaryFolder(t), "names.ipynb");
  const cells = sources.map((source, index) => ({
    cell_type: "code",
    id: `c${index}`,
    metadata: {},
    source,
    outputs: [],
    execution_count: null,
  }));
  writeFileSync(file, JSON.stringify({ cells, metadata: {}, nbformat: 4, nbformat_minor: 5 }));
  await withExecutedNotebook({ file }, ({ notebook }) => {
    const outputs = notebook.cells.flatMap((cell) => cell.outputs!);
    const shown = JSON.parse(plain(outputs.at(-1)!.text)) as Record<string, unknown>;
    assert.deepEqual(shown, {
      history: [1, 2],
      chosen: 3,
      sums: [5],
      made: { history: [1, 2], scale: 3 },
      scale: 9,
      other: 8,
    });
  });
});

test("a failing cell fails the run, names notebook, cell and error, and leaves nothing behind", (t) => {
  const folder = temporaryFolder(t);
  const result = runNode([
    "build/environment/tools/report.js",
    fixtureNotebook("failing"),
    "--out",
    path.join(folder, "report.html"),
  ]);
  assert.equal(result.status, 1);
  assert.match(
    result.stderr,
    /failing\.ipynb, code cell 2 of 3 \(“Divides by nothing”\):\n[\s\S]*Error: no rows to divide/,
  );
  assert.doesNotMatch(result.stderr, /node_modules|Never reached/);
  assert.deepEqual(readdirSync(folder), []);
  assert.deepEqual(
    readdirSync(path.join(root, ".cache")).filter((name) => name.startsWith(`report-${result.pid}-`)),
    [],
  );
});

test("a cell that does not compile fails the run with the compiler's words and its line", () => {
  const result = runNode([
    "build/environment/tools/report.js",
    fixtureNotebook("wrong-type"),
    "--out",
    "never-written.html",
  ]);
  assert.equal(result.status, 1);
  assert.match(
    result.stderr,
    /wrong-type\.ipynb, code cell 1 of 1 .*\nTS2322: Type 'string' is not assignable to type 'number'\.\nin cell \[1\], line 2:/,
  );
  assert.ok(!existsSync(path.join(root, "never-written.html")));
});

test("a cell the kernel skips (it answers “abort”) fails the run", (t) => {
  const folder = temporaryFolder(t);
  const kernel = path.join(folder, "kernels", "skipping");
  mkdirSync(kernel, { recursive: true });
  const python = path.join(root, ".venv", "bin", "python");
  writeFileSync(
    path.join(kernel, "kernel.json"),
    JSON.stringify({
      argv: [python, path.join(kernel, "kernel.py"), "-f", "{connection_file}"],
      display_name: "skips",
      language: "none",
    }),
  );
  writeFileSync(
    path.join(kernel, "kernel.py"),
    `from ipykernel.kernelapp import IPKernelApp
from ipykernel.kernelbase import Kernel

class Skipping(Kernel):
    implementation = implementation_version = banner = "skips"
    language_info = {"name": "none", "mimetype": "text/plain", "file_extension": ".txt"}
    async def do_execute(self, code, silent, store_history=True, user_expressions=None, allow_stdin=False, **_):
        status = "abort" if "skip" in code else "ok"
        return {"status": status, "execution_count": self.execution_count, "payload": [], "user_expressions": {}}

IPKernelApp.launch_instance(kernel_class=Skipping)
`,
  );
  const notebook = (...sources: string[]) => {
    const file = path.join(folder, `${sources.length}.ipynb`);
    const cells = sources.map((source, index) => ({
      cell_type: "code",
      id: `c${index}`,
      metadata: {},
      source,
      outputs: [],
      execution_count: null,
    }));
    writeFileSync(file, JSON.stringify({ cells, metadata: {}, nbformat: 4, nbformat_minor: 5 }));
    return file;
  };
  const run = (file: string) => {
    const args = [
      path.join(root, "environment", "tools", "report", "run_notebook.py"),
      file,
      `${file}.executed`,
      folder,
      "skipping",
    ];
    const result = spawnSync(python, args, { encoding: "utf8", env: { ...process.env, JUPYTER_PATH: folder } });
    return {
      status: result.status,
      last: JSON.parse(result.stdout.trim().split("\n").at(-1)!) as Record<string, unknown>,
    };
  };
  assert.equal(run(notebook("fine")).status, 0);
  const skipped = run(notebook("fine", "// skip this"));
  assert.equal(skipped.status, 1);
  assert.deepEqual(skipped.last, {
    event: "failed",
    cell: 2,
    of: 2,
    title: "skip this",
    reason: "the kernel answered 'abort'",
  });
  assert.ok(!existsSync(path.join(folder, "2.ipynb.executed")));
});

test("a notebook that is not there, is none, or lacks the parameter set is refused in one line", (t) => {
  const broken = path.join(temporaryFolder(t), "broken.ipynb");
  writeFileSync(broken, "not JSON");
  const complaint = (...args: string[]) => {
    const result = runNode(["build/environment/tools/report.js", ...args]);
    assert.equal(result.status, 1);
    return result.stderr;
  };
  assert.match(complaint("nowhere.ipynb"), /^There is no notebook nowhere\.ipynb\.\n$/);
  assert.match(complaint(broken), /broken\.ipynb is not a Jupyter notebook: /);
  assert.match(
    complaint(fixtureNotebook("chart"), "--set", "depth=3"),
    /chart\.ipynb: The notebook has no parameter "depth"\. Its parameters: scale, label\.\n$/,
  );
  assert.match(complaint(), /usage: npm run report/);
  assert.match(complaint("--wrong"), /Unknown option '--wrong'/);
});

test("the kernel is registered in the project's own environment", () => {
  const specification = JSON.parse(
    readFileSync(path.join(root, ".venv", "share", "jupyter", "kernels", "kernel-view", "kernel.json"), "utf8"),
  ) as Record<string, unknown>;
  assert.equal(specification.display_name, "TypeScript (Kernel View)");
  assert.equal((specification.env as Record<string, string>).TF_CPP_MIN_LOG_LEVEL, "3");
});
