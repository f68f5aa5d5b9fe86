import assert from "node:assert/strict";
import { test } from "node:test";
import { shippedStages } from "../../src/microworld/defaults";
import type { Document } from "../../src/microworld/language/document";
import { generalAdjectives } from "../../src/microworld/language/lexicon";
import { opinionDocuments } from "../../src/microworld/language/opinions/documents";
import { allDomains, film } from "../../src/microworld/language/opinions/domains/all";
import { drawFilmReview, drawGradedReview, drawOtherReview } from "../../src/microworld/language/opinions/reviews";
import type { OpinionSettings } from "../../src/microworld/language/opinions/settings";
import { purchase, scaleOrFright } from "../../src/microworld/language/opinions/side-matters";
import { gradedVerdict, type Degree } from "../../src/microworld/language/opinions/verdicts";
import { affairFillers } from "../../src/microworld/language/opinions/words/affair-fillers";
import { createRandom } from "../../src/microworld/language/random";
import { defaultLanguage, type LanguageSettings } from "../../src/microworld/language/settings";

const wordsOf = (text: string): string[] => text.toLowerCase().match(/[a-z']+/g) ?? [];

function documentsOf(name: string, count: number, settings = defaultLanguage, seed = 1): Document[] {
  const kind = opinionDocuments.find((candidate) => candidate.name === name)!;
  const random = createRandom(seed);
  return Array.from({ length: count }, () => kind.draw(random, settings));
}

function withOpinions(opinions: Partial<OpinionSettings>, naturalness = 1): LanguageSettings {
  return { ...defaultLanguage, naturalness, opinions: { ...defaultLanguage.opinions, ...opinions } };
}

const plainOnly = { plain: 1, implicit: 0, contrast: 0, negation: 0, comparison: 0, irony: 0 };

test("documents are whole sentences, one to five of them (ten point by point) and 6 to 60 words together", () => {
  for (const { name } of opinionDocuments) {
    const most = name.endsWith("point by point") ? 10 : 5;
    for (const document of documentsOf(name, 2000)) {
      const text = document.join(" ");
      assert.ok(document.length >= 1 && document.length <= most, text);
      const length = text.split(" ").length;
      assert.ok(length >= 6 && length <= 60, text);
      for (const sentence of document) {
        assert.match(sentence, /^[A-Z][A-Za-z ,;:'-]*[.!?]$/, sentence);
        assert.doesNotMatch(sentence, / {2}| [,;:]|[,;:]{2}|,\.|undefined|\b[Aa] [aeio]|\b[Aa]n [^aeiouhAEIOUH]/, sentence);
      }
    }
  }
});

test("no opinion word is of both polarities, and there are at least 250", () => {
  const all: string[] = [];
  for (const { adjectives, nouns, name } of allDomains) {
    for (const { positive, negative } of [adjectives, nouns]) {
      assert.deepEqual(positive.filter((word) => negative.includes(word)), [], name);
      assert.deepEqual(positive.filter((word) => generalAdjectives.negative.includes(word)), [], name);
      all.push(...positive, ...negative);
    }
  }
  all.push(...generalAdjectives.positive, ...generalAdjectives.negative, ...affairFillers.fair as string[], ...affairFillers.unjust as string[]);
  assert.ok(new Set(all).size >= 250, `${new Set(all).size} opinion words`);
});

test("naturalness is the share of reviews with a verdict of the prompt's form", () => {
  const verdict = /^(Overall, it|All in all, it|It) was ([a-z]+ )?[a-z]+\.$/;
  const share = (draw: typeof drawFilmReview, naturalness: number): number => {
    const random = createRandom(2);
    const count = 3000;
    let found = 0;
    for (let i = 0; i < count; i += 1) if (draw(random, withOpinions({}, naturalness)).some((sentence) => verdict.test(sentence))) found += 1;
    return found / count;
  };
  for (const draw of [drawFilmReview, drawOtherReview, drawGradedReview]) {
    // No statement looks like a verdict, so what remains is sampling error: 0.03 is more than three deviations.
    for (const naturalness of [0, 0.1, 0.3, 0.8]) {
      const found = share(draw, naturalness);
      assert.ok(Math.abs(found - naturalness) < 0.03, `${draw.name}: ${found} at naturalness ${naturalness}`);
    }
  }
});

test("the set share of the verdicts on films speaks of the opinion, the rest of scale and fright", () => {
  const positive = new Set(film.adjectives.positive);
  const negative = new Set(film.adjectives.negative);
  const agreement = (opinionVerdicts: number): number => {
    const settings = withOpinions({ opinionVerdicts, consistency: 1, bridge: 0, kinds: plainOnly });
    const random = createRandom(3);
    let agree = 0;
    let count = 0;
    while (count < 2000) {
      const document = drawFilmReview(random, settings);
      const verdict = document.map((sentence) => /^It was (great|terrible)\.$/.exec(sentence)?.[1]).find((word) => word !== undefined);
      const score = document.flatMap(wordsOf).reduce((sum, word) => sum + (positive.has(word) ? 1 : negative.has(word) ? -1 : 0), 0);
      if (verdict === undefined || score === 0) continue;
      count += 1;
      if ((verdict === "great") === score > 0) agree += 1;
    }
    return agree / count;
  };
  // A verdict on something else agrees by chance half of the time.
  for (const share of [0, 0.45, 1]) assert.ok(Math.abs(agreement(share) - (share + (1 - share) / 2)) < 0.04, `${agreement(share)} at ${share}`);
});

test("verdicts that do not speak of the opinion have their reason in the text", () => {
  const cues = (side: typeof purchase): RegExp[] => [side.clauses.positive, side.clauses.negative].map((texts) =>
    new RegExp([...texts].map((text) => text.replace(/\{[a-z]+\}/g, ".+")).join("|"), "i"));
  const matters: [typeof drawFilmReview, RegExp[], readonly string[]][] = [
    [drawFilmReview, cues(scaleOrFright), scaleOrFright.described],
    [drawOtherReview, cues(purchase), purchase.described],
  ];
  for (const [draw, patterns, described] of matters) {
    const random = createRandom(4);
    const settings = withOpinions({ opinionVerdicts: 0, gadgetVerdicts: 0, sideShare: 0 });
    let reviews = 0;
    let shown = 0;
    for (let i = 0; i < 2000; i += 1) {
      const text = draw(random, settings).join(" ");
      if (draw === drawOtherReview && !/parcel|order|shop|seller|dealer|store|driver|cost|paid|sale|price|amount|sum|delivery|postage|shipping/.test(text)) continue;
      reviews += 1;
      if (patterns.some((pattern) => pattern.test(text)) || described.some((start) => text.toLowerCase().includes(start))) shown += 1;
    }
    assert.ok(reviews > 300, `${reviews} reviews`);
    assert.ok(shown / reviews > (draw === drawFilmReview ? 0.999 : 0.7), `${shown} of ${reviews}`);
  }
});

test("graded verdicts rise with the degree, and good and bad cover two degrees each", () => {
  const random = createRandom(5);
  const count = (degree: Degree, word: string): number => {
    let found = 0;
    for (let i = 0; i < 2000; i += 1) if (gradedVerdict(random, degree) === word) found += 1;
    return found / 2000;
  };
  const peak = ["terrible", "bad", "okay", "good", "great"].map((word) => {
    const shares = ([0, 1, 2, 3, 4] as const).map((degree) => count(degree, word));
    return shares.indexOf(Math.max(...shares));
  });
  assert.deepEqual(peak, [0, 1, 2, 3, 4]);
  assert.ok(count(4, "good") > 0.25 && count(0, "bad") > 0.25);
});

test("editorials mostly call figures objective and tastes subjective", () => {
  const random = createRandom(6);
  const editorial = opinionDocuments.find(({ name }) => name === "editorials")!;
  const settings = withOpinions({});
  let figures = 0;
  let objective = 0;
  for (let i = 0; i < 2000; i += 1) {
    const document = editorial.draw(random, settings);
    assert.match(document[document.length - 1], /^This is (subjective|objective)\.$/);
    if (!document[document.length - 1].includes("objective")) continue;
    objective += 1;
    if (/twenty|thirty|forty|fifty|sixty|eighty|ninety| (two|three|four|five|six|seven|eight|nine|ten|twelve) (minutes|hours|degrees|times)/.test(document[0])) figures += 1;
  }
  assert.ok(objective > 900 && objective < 1100);
  assert.ok(Math.abs(figures / objective - (1 - settings.opinions.opinionJudgements)) < 0.08, `${figures / objective}`);
});

test("the same seed gives the same documents", () => {
  for (const { name } of opinionDocuments) {
    assert.deepEqual(documentsOf(name, 50, defaultLanguage, 9), documentsOf(name, 50, defaultLanguage, 9));
    assert.notDeepEqual(documentsOf(name, 50, defaultLanguage, 9), documentsOf(name, 50, defaultLanguage, 10));
  }
});

test("each kind of document has a share, and shares are settings", () => {
  const none = withOpinions({ shares: { films: 0, otherReviews: 0, graded: 0, affairs: 0, plots: 0, editorials: 0, everyday: 0, reviewPoints: 0, affairPoints: 0 } });
  // What judges point by point is read in later stages of pretraining only.
  for (const { weight, name } of opinionDocuments) {
    if (name.endsWith("point by point")) assert.deepEqual(shippedStages.map(({ language }) => weight(language) > 0), [false, true, true, true], name);
    else assert.ok(weight(defaultLanguage) > 0, name);
    assert.equal(weight(none), 0, name);
  }
});
