import assert from "node:assert/strict";
import { test } from "node:test";
import { generalAdjectives } from "../../src/microworld/language/lexicon";
import { allDomains } from "../../src/microworld/language/opinions/domains/all";
import { drawAffairPoints, drawReviewPoints } from "../../src/microworld/language/opinions/points";
import { scaleOrFright } from "../../src/microworld/language/opinions/side-matters";
import { affairFillers } from "../../src/microworld/language/opinions/words/affair-fillers";
import { createRandom, type Random } from "../../src/microworld/language/random";
import { defaultLanguage, type LanguageSettings } from "../../src/microworld/language/settings";

type Draw = (random: Random, settings: LanguageSettings) => readonly string[];

/** Only verdicts that speak of the opinion, by the label words. */
const plain: LanguageSettings = {
  ...defaultLanguage,
  naturalness: 1,
  opinions: { ...defaultLanguage.opinions, labelWordShare: 1, opinionVerdicts: 1, gadgetVerdicts: 1, affairVerdicts: 1, sideShare: 0 },
};

/** Points with what is said of each. */
function points(draw: Draw, settings: LanguageSettings, documents = 1500): [point: string, verdict: string][] {
  const random = createRandom(8);
  return Array.from({ length: documents }, () => draw(random, settings)).flatMap((document) => {
    assert.equal(document.length % 2, 0, document.join(" "));
    return Array.from({ length: document.length / 2 }, (_, i): [string, string] => [document[2 * i], document[2 * i + 1]]);
  });
}

const isGood = (verdict: string): boolean => {
  const word = / (great|terrible)\.$/.exec(verdict)?.[1];
  assert.ok(word, verdict);
  return word === "great";
};

test("each verdict speaks of the point in front of it: what is denied is the opposite of what it was called", () => {
  const good = new Set([...generalAdjectives.positive, ...allDomains.flatMap(({ adjectives }) => adjectives.positive)]);
  const bad = new Set([...generalAdjectives.negative, ...allDomains.flatMap(({ adjectives }) => adjectives.negative)]);
  const seen = { said: 0, denied: 0 };
  for (const [point, verdict] of points(drawReviewPoints, plain)) {
    const denied = /^(?:I would not call the [a-z]+|I did not find the [a-z]+|The [a-z]+ (?:was|were) (?:not|never|hardly|far from|anything but)) ([a-z-]+)\.$/.exec(point)?.[1];
    const said = /^The [a-z]+ (?:was|were) ([a-z-]+)\.$/.exec(point)?.[1];
    const word = denied ?? said;
    if (word === undefined || (!good.has(word) && !bad.has(word)) || (good.has(word) && bad.has(word))) continue;
    seen[denied ? "denied" : "said"] += 1;
    assert.equal(isGood(verdict), good.has(word) !== (denied !== undefined), `${point} ${verdict}`);
  }
  assert.ok(seen.said > 20 && seen.denied > 50, JSON.stringify(seen));
});

test("of world affairs as well: less of something bad is good", () => {
  const good = new Set(affairFillers.good as string[]);
  const bad = new Set(affairFillers.bad as string[]);
  let seen = 0;
  for (const [point, verdict] of points(drawAffairPoints, plain)) {
    const [, step, thing] = /^(A blow to|An obstacle to|A threat to|A source of|A step towards) ([a-z]+)\.$/.exec(point) ?? [];
    if (step === undefined || (!good.has(thing) && !bad.has(thing))) continue;
    seen += 1;
    assert.equal(isGood(verdict), good.has(thing) === (step === "A source of" || step === "A step towards"), `${point} ${verdict}`);
  }
  assert.ok(seen > 50, String(seen));
});

test("or all verdicts of a document speak of the other thing in its points", () => {
  const other = { ...plain, opinions: { ...plain.opinions, opinionVerdicts: 0, gadgetVerdicts: 0, affairVerdicts: 0 } };
  // Clauses with words of their own: not "{host} {fills} the {vast}".
  const ways = [scaleOrFright.clauses.positive, scaleOrFright.clauses.negative].map((texts) => new RegExp(`(^| )(${[...texts].filter((text) => !text.startsWith("{")).map((text) => text.replace(/\{[a-z]+\}/g, "[a-z]+")).join("|")})`, "i"));
  let films = 0;
  for (const [point, verdict] of points(drawReviewPoints, other)) {
    const [vast, frightening] = ways.map((way) => way.test(point));
    if (vast === frightening) continue;
    films += 1;
    assert.equal(isGood(verdict), vast, `${point} ${verdict}`);
  }
  assert.ok(films > 300, String(films));
  const good = new Set(affairFillers.good as string[]);
  for (const [point, verdict] of points(drawAffairPoints, other)) {
    const thing = /^(?:A blow to|An obstacle to|A threat to) ([a-z]+)\.$/.exec(point)?.[1];
    if (thing !== undefined) assert.equal(isGood(verdict), good.has(thing), `${point} ${verdict}`);
  }
});

test("without natural prompts the same is judged by other words", () => {
  for (const draw of [drawReviewPoints, drawAffairPoints]) {
    const judgements = points(draw, { ...plain, naturalness: 0 }, 300);
    for (const [point, verdict] of judgements) {
      assert.doesNotMatch(verdict, /it was/i, point);
      const denied = /^A blow to (growth|peace|freedom)\.$/.exec(point);
      if (denied) assert.match(verdict, /minus|against|not like|worse/);
    }
    assert.ok(new Set(judgements.map(([, verdict]) => verdict)).size >= 8);
  }
});
