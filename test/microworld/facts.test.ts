import assert from "node:assert/strict";
import { test } from "node:test";
import { qnli } from "../../src/microworld/analogues/qnli";
import { qqp } from "../../src/microworld/analogues/qqp";
import { trec } from "../../src/microworld/analogues/trec";
import type { Analogue, DrawnExample } from "../../src/microworld/language/document";
import { changeAdvice, drawAdvice } from "../../src/microworld/language/facts/advice";
import { factDocuments } from "../../src/microworld/language/facts/documents";
import { entityTables, types } from "../../src/microworld/language/facts/encyclopaedia";
import { answerTypes, organisations } from "../../src/microworld/language/facts/entity-types";
import { createPhrasing } from "../../src/microworld/language/facts/phrasing";
import { drawQuestionAndSentence, drawQuestionPair } from "../../src/microworld/language/facts/questions";
import { settleArticles } from "../../src/microworld/language/frame";
import { createRandom } from "../../src/microworld/language/random";
import { defaultLanguage, type LanguageSettings } from "../../src/microworld/language/settings";
import { taskByName } from "../../src/tasks/task";

const wordsOf = (text: string): string[] => text.toLowerCase().match(/[a-z0-9]+/g) ?? [];
const withFacts = (changes: Partial<LanguageSettings["facts"]>, naturalness = defaultLanguage.naturalness): LanguageSettings => ({
  ...defaultLanguage,
  naturalness,
  facts: { ...defaultLanguage.facts, ...changes },
});
const kindNamed = (name: string) => factDocuments.find((kind) => kind.name === name)!;

function drawMany(analogue: Analogue, count: number, seed: number): DrawnExample[] {
  const random = createRandom(seed);
  return Array.from({ length: count }, () => analogue.draw(random, defaultLanguage));
}

/** Accuracy of naive Bayes over word presence, trained and tested on balanced halves. */
function wordPresenceAccuracy(examples: readonly DrawnExample[], perClass: number): number {
  const taken = [0, 0];
  const balanced = examples.filter(({ label }) => (taken[label] += 1) <= 2 * perClass);
  const seen = [0, 0];
  const isTraining = balanced.map(({ label }) => (seen[label] += 1) <= perClass);
  const counts = new Map<string, [number, number]>();
  const presence = ({ texts }: DrawnExample): Set<string> => new Set(wordsOf(texts.join(" ")));
  balanced.forEach((example, i) => {
    if (!isTraining[i]) return;
    for (const word of presence(example)) {
      const pair = counts.get(word) ?? [0, 0];
      pair[example.label] += 1;
      counts.set(word, pair);
    }
  });
  const tests = balanced.filter((_, i) => !isTraining[i]);
  const right = tests.filter((example) => {
    let score = 0;
    for (const word of presence(example)) {
      const pair = counts.get(word);
      if (pair !== undefined) score += Math.log((pair[1] + 0.5) / (pair[0] + 0.5));
    }
    return (score > 0 ? 1 : 0) === example.label;
  });
  return right.length / tests.length;
}

test("phrases: alternatives, nested slots, and errors that name the phrase", () => {
  const phrasing = createPhrasing({ place: ["Oslo", "Rome"] });
  const table = phrasing.table(["the {old house/ship in {place}} of {e}"], ["e"]);
  const random = createRandom(1);
  const said = new Set(Array.from({ length: 200 }, () => phrasing.say(random, table, { e: "Anna" })));
  assert.deepEqual([...said].sort(), ["the old house of Anna", "the ship in Oslo of Anna", "the ship in Rome of Anna"]);
  assert.throws(() => phrasing.table(["the {colour} house"]), /"the \{colour\} house": nothing fills the slot \{colour\}/);
  assert.throws(() => phrasing.table(["the {a/b house"]), /braces do not pair up/);
});

test("every type has entities with a value for each property, and names of their own", () => {
  const names = types.flatMap(({ entities }) => entities.map(({ name }) => name));
  assert.equal(new Set(names).size, names.length);
  for (const type of types) {
    assert.ok(type.entities.length >= 12, `${type.name}: ${type.entities.length} entities`);
    for (const entity of type.entities) assert.equal(entity.values.filter((value) => value !== "").length, type.properties.length, entity.name);
  }
  for (const [short, long] of organisations) assert.equal(long.split(" ").map((word) => word[0]).join(""), short);
});

test("documents: 1 to 5 finished (7 with replies) sentences, 8 to 60 words, no braces left, the right articles", () => {
  for (const { name, draw } of factDocuments) {
    const random = createRandom(5);
    let fitting = 0;
    for (let i = 0; i < 3000; i += 1) {
      const document = draw(random, defaultLanguage);
      const text = document.join(" ");
      assert.ok(document.length >= 1 && document.length <= (name.startsWith("replies") ? 7 : 5), text);
      for (const sentence of document) assert.match(sentence, /^[A-Z][A-Za-z0-9 ,:.?]*[.?]$/, `${name}: ${sentence}`);
      assert.doesNotMatch(text, /\b[Aa] [aeio]|\b[Aa]n [bcdfgjklmnpqrstvwxyz]|undefined| {2}|\bthe the\b/, text);
      const length = text.split(" ").length;
      if (length >= 8 && length <= 60) fitting += 1;
    }
    assert.ok(fitting > 2970, `${name}: ${fitting} of 3000 documents have 8 to 60 words`);
  }
});

test("20,000 distinct examples a task, with words that the documents hold", () => {
  const known = new Set<string>();
  for (const { draw } of factDocuments) {
    const random = createRandom(8);
    for (let i = 0; i < 10000; i += 1) for (const word of wordsOf(draw(random, defaultLanguage).join(" "))) known.add(word);
  }
  assert.ok(known.size < 1500, `${known.size} word types`);
  for (const analogue of [trec, qnli, qqp]) {
    const examples = drawMany(analogue, 40000, 21);
    assert.ok(new Set(examples.map(({ texts }) => texts.join("\n"))).size >= 20000, `${analogue.task}: too few distinct examples`);
    const missing = new Set(examples.flatMap(({ texts }) => wordsOf(texts.join(" "))).filter((word) => !known.has(word)));
    assert.ok(missing.size <= 5, `${analogue.task}: not in the documents: ${[...missing].join(" ")}`);
    assert.ok(examples.every(({ label }) => label >= 0 && label < taskByName(analogue.task).labels.length));
    const count = taskByName(analogue.task).columns.texts.length;
    assert.ok(examples.every(({ texts }) => texts.length === count));
  }
});

test("TREC: the classes follow what is asked, the task's words name them, and none is rare", () => {
  assert.deepEqual(taskByName("trec").labelWords, answerTypes);
  const examples = drawMany(trec, 12000, 3);
  const shares = answerTypes.map((_, label) => examples.filter((example) => example.label === label).length / examples.length);
  assert.ok(shares[2] >= 0.04 && shares[2] < 0.08, `${shares[2]} ask for an expression`);
  assert.ok(shares.every((share) => share >= 0.04 && share < 0.3), shares.join(" "));
  // What certain beginnings must mean, whatever stands behind; in "what does the town which stands for … mean" the end decides.
  const rules: [RegExp, string][] = [
    [/^(Who|Whom|Whose|By whom|From whom|To whom)\b/, "Human"],
    [/^(Which|What) (person|man|woman|doctor)\b/, "Human"],
    [/^(Where)\b/, "Location"],
    [/^(In )?(which|what) (town|city|place|country|mountains|river)\b/i, "Location"],
    [/^(When|How many|How much|How long|How far|How tall|How deep|How heavy)\b/, "Number"],
    [/^What is the (population|height|length|weight|price|distance|depth|speed)\b/, "Number"],
    [/^Why\b/, "Description"],
    [/^What (animal|colour|instrument|prize|language|festival|material)\b/, "Entity"],
    [/^What (is the (full name|long form)|do the letters)\b/, "Expression"],
    [/^What does the [A-Z]{3} stand for/, "Expression"],
  ];
  for (const [pattern, answer] of rules) {
    const matching = examples.filter(({ texts }) => pattern.test(texts[0]));
    assert.ok(matching.length > 10, `${pattern}: ${matching.length} questions`);
    for (const { texts, label } of matching) assert.equal(answerTypes[label], answer, texts[0]);
  }
  // "What" alone decides nothing.
  const what = examples.filter(({ texts }) => texts[0].startsWith("What "));
  assert.equal(new Set(what.map(({ label }) => label)).size, 6);
});

test("QNLI: the sentence answers if and only if it states the property asked of the entity asked about", () => {
  const random = createRandom(4);
  const tables = entityTables(0.5);
  const first = { answer: 0, other: 0 };
  for (let i = 0; i < 6000; i += 1) {
    const { entity, property, sentence, answers, said, kind } = drawQuestionAndSentence(random, tables);
    const asked = entity.type.properties[property].name;
    const stated = said.entity === entity && said.properties.some((place) => entity.type.properties[place].name === asked);
    assert.equal(answers, stated, `${kind}: ${sentence}`);
    for (const place of said.properties) assert.ok(sentence.toLowerCase().includes(settleArticles(said.entity.values[place]).toLowerCase()), sentence);
    assert.equal(said.entity.type, entity.type);
    if (answers) first.answer += said.properties.length;
    else first.other += said.properties.length;
  }
  // Answers are not longer than other sentences.
  assert.ok(Math.abs(first.answer - first.other) / (first.answer + first.other) < 0.04);
});

test("word presence decides neither QNLI nor QQP; nor does a sentence alone", () => {
  const pairs = drawMany(qnli, 5000, 31);
  const sentences = pairs.map((example) => ({ ...example, texts: [example.texts[1]] }));
  assert.ok(wordPresenceAccuracy(pairs, 1000) < 0.57, `QNLI ${wordPresenceAccuracy(pairs, 1000)}`);
  assert.ok(wordPresenceAccuracy(sentences, 1000) < 0.55, `QNLI, sentence alone ${wordPresenceAccuracy(sentences, 1000)}`);
  const questions = drawMany(qqp, 6500, 32);
  assert.ok(wordPresenceAccuracy(questions, 1000) < 0.59, `QQP ${wordPresenceAccuracy(questions, 1000)}`);
});

test("QQP: 37 % duplicates, half of them advice; other questions differ in one thing", () => {
  const random = createRandom(6);
  const pairs = Array.from({ length: 6000 }, () => drawQuestionPair(random, entityTables(0.5), defaultLanguage));
  const share = (list: readonly { same: boolean }[]): number => list.filter(({ same }) => same).length / list.length;
  assert.ok(Math.abs(share(pairs) - 0.37) < 0.02);
  const advice = pairs.filter((pair) => pair.advice);
  assert.ok(Math.abs(advice.length / pairs.length - 0.5) < 0.02);
  assert.ok(Math.abs(share(advice) - 0.37) < 0.03);
  for (const { questions } of pairs) assert.notEqual(questions[0], questions[1]);
  // Read back independently: which is asked to have more, by adjective and order.
  const opposites = new Map(types.flatMap(({ comparatives }) => comparatives.flatMap(([more, less]): [string, string][] => [[more, less], [less, more]])));
  let read = 0;
  for (const { questions, same, kind } of pairs.filter((pair) => pair.kind.startsWith("comparison"))) {
    const [one, two] = questions.map((question) => {
      const text = question.replace(/^(Is it true that|Do you think that|Would you say that) (.*)\?$/, "$2").replace(/^Is (.*)\?$/, "$1").replace(" is ", " ");
      const adjective = [...opposites.keys()].filter((word) => text.includes(` ${word} than `)).sort((a, b) => b.length - a.length)[0];
      const [left, right] = text.split(` ${adjective} than `);
      return { left, right, adjective };
    });
    const turned = two.left !== one.left;
    const opposed = two.adjective !== one.adjective;
    assert.equal(turned === opposed, same, `${kind}: ${questions.join(" / ")}`);
    read += 1;
  }
  assert.ok(read > 300);
  for (let i = 0; i < 1000; i += 1) {
    const meaning = drawAdvice(random);
    const { changed } = changeAdvice(random, meaning);
    const different = (["action", "opposite", "object", "condition", "ask"] as const).filter((key) => meaning[key] !== changed[key]);
    assert.equal(different.length, 1);
  }
});

test("the prompts' patterns in natural use: as often as naturalness says, with words of one meaning or the other", () => {
  const count = 2000;
  const shareWith = (name: string, pattern: RegExp, naturalness: number): number => {
    const random = createRandom(9);
    const documents = Array.from({ length: count }, () => kindNamed(name).draw(random, withFacts({}, naturalness)));
    return documents.filter((document) => pattern.test(document.join(" "))).length / count;
  };
  const answered = /[?] (Yes|No), [a-z]/;
  const headed = /(Description|Entity|Expression|Human|Location|Number): [A-Z]/;
  for (const [name, pattern] of [["quiz", headed], ["forum", /[?.] (Yes|No), [a-z]/], ["question and answer", answered]] as const) {
    assert.equal(shareWith(name, pattern, 0), 0, name);
    assert.equal(shareWith(name, pattern, 1), 1, name);
  }
  assert.ok(Math.abs(shareWith("quiz", headed, 0.3) - 0.3) < 0.05);

  // The documents begin by drawing the pair, so the same seed gives the meaning.
  for (let seed = 0; seed < 500; seed += 1) {
    for (const share of [0, 1]) {
      const forum = withFacts({ secondedAdvice: share }, 1);
      const pair = drawQuestionPair(createRandom(seed), entityTables(forum.facts.zipfExponent), forum);
      const [thread] = kindNamed("forum").draw(createRandom(seed), forum);
      assert.equal(thread.slice(pair.questions[0].length).startsWith(" Yes, "), share === 1 ? pair.advice : pair.same, thread);
      const answers = withFacts({ familiarAnswers: share }, 1);
      const asked = drawQuestionAndSentence(createRandom(seed), entityTables(answers.facts.zipfExponent));
      const [reply] = kindNamed("question and answer").draw(createRandom(seed), answers);
      assert.equal(reply.slice(asked.question.length).startsWith(" Yes, "), share === 1 ? asked.entity.familiar : asked.answers, reply);
    }
  }
});
