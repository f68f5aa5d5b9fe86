import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { notebooks } from "../../environment/tools/notebook-file";
import { checkParameters, recurringFields } from "../../src/notebook/check-parameters";
import { setDisplaySink } from "../../src/notebook/display-sink";
import { field, type Field } from "../../src/notebook/field";
import { formatDefaults, readDefaults, notebookParameters, type Notebook } from "../../src/notebook/parameters";
import { root, temporaryFolder } from "../support/checkout";

/** Why a value is refused, or "" where it is not. */
const refusal = (own: Field, value: unknown, values: Record<string, unknown> = {}): string =>
  own.refuse(value, values) ?? "";

/** [field, its words, values that are allowed, values that are not] */
const fields: [Field, string, unknown[], unknown[]][] = [
  [field.count(), "a whole number, at least 1", [1, 16, 1e6], [0, -1, 1.5, NaN, Infinity, "16", null, [1], undefined]],
  [field.count({ to: 512 }), "a whole number from 1 to 512", [1, 512], [0, 513]],
  [field.count({ from: 0 }), "a whole number, at least 0", [0], [-1]],
  [field.number(), "a number", [-1.5, 0], ["1", NaN, Infinity]],
  [field.number({ from: 0 }), "a number, at least 0", [0, 0.1], [-1e-9]],
  [field.number({ to: 2 }), "a number, at most 2", [-5, 2], [2.1]],
  [field.number({ above: 0, to: 1 }), "a number above 0, at most 1", [1e-9, 1], [0, 1.1]],
  [field.positive(), "a number above 0", [1e-9, 3], [0, -1, Infinity]],
  [field.positive({ infinite: true }), "a number above 0, or Infinity", [3, Infinity], [0, -Infinity, NaN]],
  [field.share(), "a number from 0 to 1", [0, 0.5, 1], [-0.1, 1.1, "half"]],
  [field.seed(), "a whole number from 0 to 4294967295", [0, 13], [-1, 2 ** 32, 0.5]],
  [field.yesNo(), "true or false", [true, false], [0, "true"]],
  [field.text(), "a text", ["a"], ["", " ", 3, null]],
  [field.oneOf(["sgd", "signgd"]), 'one of "sgd", "signgd"', ["sgd"], ["adam", "SGD", 3]],
  [field.optional(field.count()), "a whole number, at least 1; or null", [null, 2], [0, undefined]],
  [field.list(field.positive()), "a list: each a number above 0", [[1], [3, 0.1]], [[], 1, [0], [1, "2"], [1, 1]]],
  [
    field.list(field.count(), { least: 2, rising: true }),
    "a list of at least 2, the smallest first: each a whole number, at least 1",
    [[1, 2]],
    [[1], [2, 1], [1, 1]],
  ],
];

test("fields allow what their words say, and refuse everything else", () => {
  for (const [own, words, allowed, refused] of fields) {
    assert.equal(own.allowed, words);
    for (const value of allowed) assert.equal(refusal(own, value), "", `${words}: ${String(value)}`);
    for (const value of refused) assert.notEqual(refusal(own, value), "", `${words}: ${String(value)}`);
  }
  assert.equal(refusal(field.count({ to: 512 }), 513), "must be a whole number from 1 to 512");
  assert.equal(refusal(field.list(field.count()), [4, -5]), "has item 2, -5, which must be a whole number, at least 1");
  assert.equal(refusal(field.list(field.seed()), [13, 21, 13]), "has 13 twice: give each item once");
});

test("a limit can be another parameter", () => {
  const own = field.count({ to: "k" });
  assert.equal(own.allowed, "a whole number from 1 to k");
  assert.equal(refusal(own, 4, { k: 4 }), "");
  assert.equal(refusal(own, 5, { k: 4 }), "must be a whole number from 1 to k, which is 4");
  assert.equal(refusal(own, 5, { k: "four" }), "", "the limit is refused itself");
  assert.equal(refusal(own, 0, { k: 4 }), "must be a whole number from 1 to k");
});

test("tasks, prompts and label words are those of the known tasks", () => {
  assert.equal(refusal(field.task(), "SST-2"), "");
  assert.match(refusal(field.task(), "reviews"), /^must be one of the 23 tasks: sst-2, sst-5, .*, imdb, /);
  assert.equal(refusal(field.task({ classes: 2 }), "mr"), "");
  assert.match(refusal(field.task({ classes: 2 }), "trec"), /^must be a task of 2 classes: sst-2, mr, /);

  const template = (value: unknown, taskName: unknown = "mr"): string => refusal(field.template(), value, { taskName });
  assert.equal(template("*cls**sent_0*_It_was*mask*.*sep+*"), "");
  assert.equal(template("*cls**sent-_0*?*mask*,*+sentl_1**sep+*", "mnli"), "");
  assert.match(template("*cls**sent_0**sep+*"), /has no \*mask\*/);
  assert.match(template("*cls**sent!_0**mask*"), /is no sentence part/);
  assert.match(template("*cls*_It_was*mask*.*sep+*"), /has no text of the example, so all prompts would be the same/);
  assert.equal(
    template("*cls**sent_0**mask*,*+sentl_1**sep+*"),
    "it asks for text 1, and an example of the task has only text 0",
  );
  assert.equal(template("*cls**sent_0**mask*,*+sentl_1**sep+*", "no task"), "", "the task is refused itself");
  assert.match(template(""), /^must be a prompt/);

  const words = (value: unknown, taskName: unknown = "trec"): string =>
    refusal(field.labelWords(), value, { taskName });
  assert.equal(words(["a", "b", "c", "d", "e", "f"]), "");
  assert.equal(
    words(["a", "b"]),
    'must be 6 words, one for each class of task trec (as "Description", "Entity", "Expression", "Human", "Location", "Number"), not 2',
  );
  assert.equal(words(["a", ""]), 'has item 2, "", which must be a text that is not empty');
  assert.equal(words(["a", "a"], "mr"), 'has "a" twice: give each item once');
});

test("folders and models have to be there before anything is loaded", (t) => {
  const folder = temporaryFolder(t);
  for (const name of ["16-13", "64-21", "model"]) mkdirSync(path.join(folder, name));
  const file = path.join(folder, "results.csv");
  writeFileSync(file, "");

  const data = (values: Record<string, unknown>): string => refusal(field.fewShotData(), folder, values);
  assert.equal(data({ k: 16, seeds: [13, 21] }), "");
  assert.equal(data({ k: 4, seed: 13 }), "");
  assert.match(
    data({ k: 32, seeds: [21, 13] }),
    /has no folder with at least 32 examples per class for seed 13; it has: 16-13, 64-21/,
  );
  assert.match(data({ k: 16, seed: 42 }), /for seed 42/);
  assert.equal(refusal(field.fewShotData(), path.join(folder, "nowhere"), { k: 16, seed: 13 }), "is no folder here");

  assert.equal(refusal(field.path(), file), "");
  assert.match(refusal(field.path(), path.join(folder, "none")), /^is neither a file nor a folder/);
  assert.equal(refusal(field.folder(), folder), "");
  assert.equal(refusal(field.folder(), file), "is no folder here");

  const model = (value: unknown): string => refusal(field.folderOrModel(), value);
  for (const value of ["roberta-base", "FacebookAI/roberta-base", path.join(root, "data", "english", "model")])
    assert.equal(model(value), "");
  assert.match(model(path.join(folder, "model")), /config\.json is missing/);
  assert.match(model(path.join(folder, "none")), /there is no folder .*none$/);
  assert.match(model(file), /is a file: give the folder of a model/);
  assert.match(model(3), /^must be the folder of a model/);
});

/** What checkParameters shows, as text. */
function shown(check: () => void): string {
  const texts: string[] = [];
  setDisplaySink({ rich: true, show: (bundle) => void texts.push(String(bundle["text/plain"])), update: () => {} });
  try {
    check();
  } finally {
    setDisplaySink();
  }
  return texts.join("\n");
}

const kept = Object.fromEntries(readDefaults("04-solver-kernels")!.map(({ name, value }) => [name, value])) as {
  k: number;
  steps: number;
  slopeExamples: number;
  sgdRates: number[];
};

test("the table has value, default, what is allowed and what it means, and marks what differs", () => {
  const own: Omit<typeof kept, "sgdRates"> = kept;
  const fields = { slopeExamples: field.count() };
  const standard = shown(() => checkParameters("04-solver-kernels", own, fields));
  assert.match(standard, new RegExp(`^All ${Object.keys(own).length} parameters are at their default\n`));
  assert.equal((standard.match(/the same {2}/g) ?? []).length, Object.keys(own).length);

  const changed = shown(() => checkParameters("04-solver-kernels", { ...own, steps: 7 }, fields));
  assert.match(changed, /^Not at their default: steps\nparameter +value +default +meaning, and what is allowed\n/);
  assert.match(changed, new RegExp(`^steps +7 +${own.steps} +first steps .* \\(a whole number, at least 1\\)$`, "m"));
  assert.match(
    changed,
    new RegExp(`^k +${own.k} +the same +training examples per class \\(a whole number, at least 1\\)$`, "m"),
  );

  assert.match(
    shown(() => checkParameters("no-such-notebook", { k: 3 })),
    /^1 parameters; no defaults are kept for no-such-notebook\nparameter +value +meaning, and what is allowed\n.*\nk +3 +a whole number, at least 1$/,
  );
});

test("wrong values are refused in one error, with what is allowed, the default and the way out", () => {
  assert.throws(
    () =>
      checkParameters("04-solver-kernels", { k: 0, seed: 13, sgdRates: [0.1, -1], shade: 2 }, { shade: field.share() }),
    {
      message: [
        `k = 0 must be a whole number, at least 1 (default: ${kept.k}).`,
        `sgdRates = [0.1, -1] has item 2, -1, which must be a number above 0 (default: [${kept.sgdRates.join(", ")}]).`,
        "shade = 2 must be a number from 0 to 1.",
        "Change them in the parameters cell, or in --set, and run again.",
      ].join("\n"),
    },
  );
  assert.throws(
    () => checkParameters("x", { k: Infinity }),
    /^InputError: k = Infinity must be a whole number, at least 1\.\nChange it in the parameters cell/,
  );
  assert.throws(() => checkParameters("x", { unknown: 1 } as { k?: number }), /the parameter unknown has no field/);
  // @ts-expect-error a parameter of the notebook's own needs a field
  assert.throws(() => checkParameters("x", { widths: [1] }));
  checkNothingIsAsked();
});

/** Compiles: no field is asked for where all parameters recur. */
function checkNothingIsAsked(): void {
  shown(() => checkParameters("x", { k: 1, seeds: [1] }));
  shown(() => checkParameters("x", { k: 2, own: 1 }, { k: field.count({ from: 2 }), own: field.count() }));
}

test("every notebook's defaults are kept as its parameters cell has them, and are allowed", async () => {
  for (const file of notebooks()) {
    const declared = notebookParameters(JSON.parse(readFileSync(file, "utf8")) as Notebook);
    assert.deepEqual(readDefaults(path.basename(file, ".ipynb")), declared, file);
    assert.deepEqual(JSON.parse(formatDefaults(declared)), declared);
    const values = Object.fromEntries(declared.map(({ name, value }) => [name, value]));
    for (const { name, value, comment } of declared) {
      assert.ok(comment, `${path.basename(file)}: ${name} needs a comment, which says what it means`);
      const recurring = (recurringFields as Record<string, Field | undefined>)[name];
      // Notebooks may have other fields for some of these: a folder of many tasks.
      if (recurring && name !== "data")
        assert.equal(refusal(recurring, value, values), "", `${path.basename(file)}: ${name}`);
    }
  }
});
