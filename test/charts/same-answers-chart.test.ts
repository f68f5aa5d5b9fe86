import assert from "node:assert/strict";
import { test } from "node:test";
import { parse, View, type Spec } from "vega";
import { compile } from "vega-lite";
import { sameAnswers, sameAnswersChart } from "../../src/charts/same-answers-chart";

const answers = [
  { name: "K_SGD, lstsq", classes: [0, 1, 1, 0] },
  { name: "K_SGD, svc", classes: [0, 1, 0, 0] },
  { name: "the labels", classes: [1, 1, 0, 0] },
];

test("every pair once, the earlier method first", () => {
  assert.deepEqual(sameAnswers(answers), [
    { first: "K_SGD, lstsq", second: "K_SGD, svc", same: 3, examples: 4, share: 0.75 },
    { first: "K_SGD, lstsq", second: "the labels", same: 2, examples: 4, share: 0.5 },
    { first: "K_SGD, svc", second: "the labels", same: 3, examples: 4, share: 0.75 },
  ]);
});

type Compile = (spec: never) => { spec: Spec };
const versions: [string, Compile][] = [["installed", compile as unknown as Compile]];
try {
  versions.push(["5.6.1", require("vega-lite-5.6.1").compile as Compile]);
} catch {
  test("compile with Vega-Lite 5.6.1", { skip: "vega-lite-5.6.1 is not installed" }, () => {});
}

for (const [version, compileSpec] of versions) {
  test(`the figure has a cell and its percentage for each pair, and every name once: Vega-Lite ${version}`, async () => {
    const spec = sameAnswersChart(answers, { title: "mr" });
    assert.equal(spec.description, "mr: 3 methods; least for K (SGD), lstsq and the labels, 50.0 %");
    const view = new View(parse(compileSpec(spec as never).spec), { renderer: "none" });
    const svg = await view.toSVG();
    view.finalize();
    const texts = [...svg.matchAll(/<text[^>]*>([^<]*)</g)].map(([, text]) => text);
    assert.deepEqual(texts.filter((text) => ["75%", "50%"].includes(text)).length >= 3, true, texts.join(" | "));
    assert.equal(texts.filter((text) => text === "K (SGD), lstsq").length, 1, "a column only");
    assert.equal(texts.filter((text) => text === "K (SGD), svc").length, 2, "a row and a column");
    assert.equal(texts.filter((text) => text === "the labels").length, 1, "a row only");
  });
}

test("colours are scaled without the reference, whose row is still there", () => {
  const spec = sameAnswersChart([...answers, { name: "third", classes: [1, 1, 0, 1] }], { reference: "the labels" });
  assert.match(spec.description, /: 3 methods; least for K \(SGD\), lstsq and third, 25\.0 %$/);
  assert.match(JSON.stringify(spec), /"domain":\[0\.25,0\.75\],"clamp":true/);
  assert.match(JSON.stringify(spec.data), /"second":"the labels"/);
});

test("methods that agree on everything are drawn too", () => {
  const spec = sameAnswersChart([
    { name: "a", classes: [0, 1] },
    { name: "b", classes: [0, 1] },
  ]);
  assert.match(JSON.stringify(spec), /"domain":\[0,1\]/);
});

test("what cannot be compared is refused", () => {
  assert.throws(() => sameAnswersChart([answers[0]]), /at least two methods; there are 1/);
  assert.throws(
    () => sameAnswersChart([answers[0], { name: "short", classes: [0] }]),
    /"K_SGD, lstsq" has answers for 4 examples and "short" for 1/,
  );
  assert.throws(() => sameAnswersChart([answers[0], answers[0]]), /Two methods are called "K_SGD, lstsq"/);
});
