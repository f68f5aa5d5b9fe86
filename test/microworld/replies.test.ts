import assert from "node:assert/strict";
import { test } from "node:test";
import { documentKinds } from "../../src/microworld/language/corpus";
import { createRandom, deriveSeed } from "../../src/microworld/language/random";
import { replyMarkers } from "../../src/microworld/language/reply-markers";
import { defaultLanguage, type LanguageSettings } from "../../src/microworld/language/settings";

const plain: LanguageSettings = {
  ...defaultLanguage,
  naturalness: 1,
  events: { ...defaultLanguage.events, logicalReplies: 1, rewording: 0 },
  facts: { ...defaultLanguage.facts, familiarAnswers: 0, secondedAdvice: 0 },
};

function documents(kind: string, settings: LanguageSettings, count = 400): string[][] {
  const found = documentKinds.find(({ name }) => name === kind);
  assert.ok(found, kind);
  return Array.from({ length: count }, (_, i) => [...found.draw(createRandom(deriveSeed(i, kind)), settings)]);
}

/** "Yes, a duck." → ["Yes", "a duck"] */
const taken = (reply: string): [string, string] => {
  const at = reply.indexOf(", ");
  return [reply.slice(0, at), reply.slice(at + 2, -1)];
};

test("what is denied or doubted does not stand in the statement; what is affirmed mostly does", () => {
  let affirmed = 0;
  let verbatim = 0;
  const counts = new Map<string, number>();
  for (const [statement, ...replies] of documents("replies", plain)) {
    const told = ` ${statement.slice(0, -1).toLowerCase().replace(/,/g, "")} `;
    for (const reply of replies) {
      const [word, text] = taken(reply);
      counts.set(word, (counts.get(word) ?? 0) + 1);
      const stands = told.includes(` ${text.toLowerCase()} `);
      if (word === "Yes") {
        affirmed += 1;
        if (stands) verbatim += 1;
      } else assert.ok(!stands, `${statement} ${reply}`);
    }
  }
  assert.deepEqual([...counts.keys()].sort(), ["Maybe", "No", "Yes"]);
  for (const [word, count] of counts) assert.ok(count > 250, `${word}: ${count}`);
  assert.ok(verbatim > 0.25 * affirmed, `${verbatim} of ${affirmed}`);
});

test("where the words follow a mood, a document has one word for all replies", () => {
  const settings = { ...plain, events: { ...plain.events, logicalReplies: 0, moodShare: 1 } };
  for (const [, ...replies] of documents("replies", settings, 100)) {
    assert.ok(new Set(replies.map((reply) => taken(reply)[0])).size <= 1, replies.join(" "));
  }
});

test("without natural prompts the same is said by other words", () => {
  const others = Object.values(replyMarkers).flat() as string[];
  for (const kind of ["replies", "replies to sentences", "replies to questions"]) {
    for (const [, ...replies] of documents(kind, { ...plain, naturalness: 0 }, 100)) {
      for (const reply of replies) assert.ok(others.some((marker) => reply.startsWith(`${marker} `)), reply);
    }
  }
});

test("a name alone is affirmed if the question is about it", () => {
  let names = 0;
  for (const [question, ...replies] of documents("replies to sentences", plain)) {
    for (const reply of replies) {
      const [word, text] = taken(reply);
      if (text.split(" ").length > 3) continue;
      const asked = question.toLowerCase().includes(text.toLowerCase());
      if (!asked && word === "Yes") continue; // a short predicate or the value, "has two wings", "in 1890"
      names += 1;
      assert.equal(word, asked ? "Yes" : "No", `${question} ${reply}`);
    }
  }
  assert.ok(names > 200, String(names));
});

test("the value that a question asks for is affirmed where the same document states it", () => {
  let told = 0;
  for (const [question, ...replies] of documents("replies to sentences", plain, 1500)) {
    const affirmed = replies.map(taken).filter(([word]) => word === "Yes").map(([, text]) => text);
    for (const value of affirmed.filter((text) => /^(in )?[0-9]+$/.test(text))) {
      const sentences = affirmed.filter((text) => text !== value && text.includes(value.replace("in ", "")));
      told += sentences.length;
      assert.ok(!replies.some((reply) => reply === `No, ${value}.`), `${question} ${replies.join(" ")}`);
    }
  }
  assert.ok(told > 5, String(told));
});

test("a second question in the very words of the first is affirmed", () => {
  let same = 0;
  for (const [question, ...replies] of documents("replies to questions", plain, 1500)) {
    for (const reply of replies) {
      const at = reply.indexOf(", ");
      if (reply.slice(at + 2).toLowerCase() !== question.toLowerCase()) continue;
      same += 1;
      assert.equal(reply.slice(0, at), "Yes", `${question} ${reply}`);
    }
  }
  assert.ok(same > 20, String(same));
});
