import assert from "node:assert/strict";
import { test } from "node:test";
import { executedNotebook } from "../support/executed-notebook";
import { smallEnglishModel } from "../support/small-english-model";

test("the notebook on subspace methods runs with small parameters; its sentences are those of its figures", async (t) => {
  const small = [
    `model=${smallEnglishModel(t)}`,
    "seeds=[13]",
    "testExamples=20",
    "rank=2",
    "alpha=4",
    "dimension=4",
    "ranks=[1,4,16]",
    "dimensions=[1,8,32]",
    "steps=4",
    "batchSize=4",
    "speeds=[1]",
    "f0s=[100]",
  ];
  const { cells, seconds } = await executedNotebook(t, "07-subspace-methods", small);
  t.diagnostic(`${seconds.toFixed(0)} s`);
  const cell = (id: string) => cells.get(id)!;
  assert.deepEqual(
    [...cells].filter(([, { warnings }]) => warnings !== "").map(([id]) => id),
    [],
  );

  const difference = Number(/relative difference (\S+)\.\n/.exec(cell("by-hand").printed)![1]);
  // float32 sums in another order.
  assert.ok(difference < 1e-3, cell("by-hand").printed);
  const [, ofA, ofB] = /: (\S+) for A, (\S+) for B/.exec(cell("by-hand").printed)!.map(Number);
  assert.ok(ofA === 0 && ofB > 0, cell("by-hand").printed);

  const figures = { panels: 1, "rank-chart": 1, entries: 1, accuracy: 1 };
  for (const [id, count] of Object.entries(figures)) assert.equal(cell(id).charts.length, count, id);
  const cosines = [
    ...cell("panels").charts[0].description.matchAll(/([^;:]+), cosine with the first: (\S+?)(?:;|$)/g),
  ].map(([, method, value]) => ({ method: method.trim(), value: Number(value) }));
  assert.deepEqual(
    cosines.map(({ method }) => method),
    ["all parameters", "BitFit", "last layer", "LoRA, chosen layers", "LoRA, all layers", "random subspace, 4"],
  );
  assert.equal(cosines[0].value, 1);
  const others = cosines.slice(1).map(({ value }) => value);
  const [, high, low] = /centred cosine of (\S+) .* farthest: .*, (-?[\d.]+) from/
    .exec(cell("panels").printed)!
    .map(Number);
  assert.deepEqual([high, low], [Math.max(...others), Math.min(...others)]);

  assert.match(
    cell("rank-chart").printed,
    /^LoRA, chosen layers: .*\nLoRA, all layers: .*\nLoRA, all layers, from all parameters: .*\nrandom subspace: .*\nThe slopes are .*\nTo have no entry off by more than 0\.5, the bound asks for \d+ dimensions/,
  );
  const params = cell("entries").charts[0].params as { name: string; value: unknown }[];
  assert.equal(
    (params.find(({ name }) => name === "readings")!.value as string[][]).length,
    5,
    "ranks 1, 4, 16 and dimensions 1, 4, 8, 32",
  );
  assert.equal(cell("verdict").printed.trimEnd().split("\n").length, 4);
  assert.match(cell("verdict").tables[0], /all parameters .*100 %.*\n[^]*random subspace, 4/);
  assert.match(cell("dimension").tables[0], /\n1 .*\n4 .*\n8 .*\n32 .*\nall parameters /);
  const printed = [...cells.values()]
    .map((one) => one.printed + one.tables.join("\n") + one.charts.map(({ description }) => description).join("\n"))
    .join("\n");
  assert.doesNotMatch(printed, /NaN|undefined|Infinity/);
});
