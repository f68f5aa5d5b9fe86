import assert from "node:assert/strict";
import { test } from "node:test";
import { agNews } from "../../src/microworld/analogues/ag-news";
import { drawArticle } from "../../src/microworld/language/news/articles";
import { newsDocuments } from "../../src/microworld/language/news/documents";
import { papers, topics } from "../../src/microworld/language/news/events";
import { createRandom } from "../../src/microworld/language/random";
import { defaultLanguage, type LanguageSettings } from "../../src/microworld/language/settings";
import { taskByName } from "../../src/tasks/task";

const wordsOf = (text: string): string[] => text.toLowerCase().match(/[a-z0-9]+/g) ?? [];
const withNews = (changes: Partial<LanguageSettings["news"]>, naturalness = defaultLanguage.naturalness): LanguageSettings => ({
  ...defaultLanguage,
  naturalness,
  news: { ...defaultLanguage.news, ...changes },
});

test("documents: finished sentences of known words, the right articles", () => {
  for (const { name, draw } of newsDocuments) {
    const random = createRandom(5);
    for (let i = 0; i < 4000; i += 1) {
      const document = draw(random, defaultLanguage);
      const text = document.join(" ");
      assert.ok(document.length >= 2 && document.length <= 4, text);
      for (const sentence of document) assert.match(sentence, /^[A-Z][A-Za-z ,:()']*\.$/, `${name}: ${sentence}`);
      assert.doesNotMatch(text, /\b[Aa] [aeio]|\b[Aa]n [bcdfgjklmnpqrstvwxyz]|undefined| {2}/, text);
      assert.ok(text.split(" ").length <= 70, text);
    }
  }
});

test("AG News: four equal classes in the task's order, 18 to 40 words, all distinct, known from the documents", () => {
  assert.deepEqual(taskByName("ag_news").labelWords, topics);
  const random = createRandom(2);
  const examples = Array.from({ length: 22000 }, () => agNews.draw(random, defaultLanguage));
  assert.ok(new Set(examples.map(({ texts }) => texts[0])).size >= 20000);
  topics.forEach((topic, label) => {
    const share = examples.filter((example) => example.label === label).length / examples.length;
    assert.ok(Math.abs(share - 0.25) < 0.02, `${topic}: ${share}`);
  });
  const known = new Set<string>();
  for (let i = 0; i < 30000; i += 1) for (const word of wordsOf(newsDocuments[0].draw(random, defaultLanguage).join(" "))) known.add(word);
  assert.ok(known.size < 1300, `${known.size} word types`);
  for (const { texts, kind } of examples) {
    const length = texts[0].split(" ").length;
    assert.ok(length >= 18 && length <= 40, texts[0]);
    assert.equal(topics.indexOf(kind.split(":")[0] as (typeof topics)[number]), examples.find((example) => example.kind === kind)!.label);
  }
  const missing = new Set(examples.slice(0, 5000).flatMap(({ texts }) => wordsOf(texts[0])).filter((word) => !known.has(word)));
  assert.ok(missing.size <= 5, `not in the documents: ${[...missing].join(" ")}`);
  assert.match(agNews.extraCells!(examples[0])[1], /^[A-Z][a-z ]+$/);
});

test("the topic is the main event's: with an aside before it, what follows the turn decides", () => {
  // Words that only one topic's events use, as a reader would know them.
  const signs: Record<string, RegExp> = {
    world: /\b(ballots|votes|polls|treaty|deal to end|peace|bomb|blast|attacked|rebels|gunmen|earthquake|flood|storm|protested|marched|police|minister of|cabinet|parliament|lawmakers|government of \w+ (fell|collapsed)|prison|war crimes|elected|chose|hostages?|freed|election in|war|conflict|tear gas|water cannons)\b/i,
    sports: /\b(points?|goals?|game|marathon|race|sets|seconds ahead|crossed the line|finished first|next season|striker|goalkeeper|pitcher|games|matches|coach|manager|world record|record of|medal|drug|doping|Olympics|world cup|penalty|shot|lost to|fell to|drew|was beaten|knee|shoulder|foot|leg)\b/i,
    business: /\b(million dollars|merge|profits?|earnings|income|shares|stocks|jobs|plants|factories|offices|oil|price|bankruptcy|debts|interest|inflation|economy|unemployment|executive|chairman|order|ordered|stake)\b/i,
    tech: /\b(virus|worm|hackers|computers?|phone|laptop|player|camera|browser|operating system|software|search engine|website|online|rocket|spacecraft|probe|robot|scientists|astronomers|researchers|patch|hole|flaw|network|internet|game console|video game|program|email|chat service|map|code)\b/i,
  };
  const random = createRandom(12);
  let turned = 0;
  for (let i = 0; i < 4000; i += 1) {
    const { topic, sentences } = drawArticle(random, withNews({ asides: 1 }), 2);
    const turn = /^(?:More important, |The main story is that |The big news is that |Our story, however, is that )(.*)$/.exec(sentences[1]);
    const main = turn === null ? sentences[0] : turn[1];
    if (turn !== null) turned += 1;
    else assert.match(sentences[1], /^(Meanwhile|In a smaller story|Besides|Elsewhere|In other news), /);
    assert.match(main, signs[topic], `${topic}: ${main}`);
  }
  assert.ok(Math.abs(turned / 4000 - 0.5) < 0.04);
});

test("a newspaper says nothing of the topic; the word in natural use is the topic or the newspaper's section", () => {
  const random = createRandom(7);
  const counts = new Map<string, number>();
  for (let i = 0; i < 8000; i += 1) {
    const { topic, section } = drawArticle(random, defaultLanguage, 2);
    counts.set(`${topic} ${section}`, (counts.get(`${topic} ${section}`) ?? 0) + 1);
  }
  assert.equal(counts.size, 16);
  for (const [pair, count] of counts) assert.ok(Math.abs(count - 500) < 110, `${pair}: ${count}`);
  const sections = new Map(papers);
  const articles = newsDocuments.find(({ name }) => name === "news article")!;
  for (const share of [0, 1]) {
    const settings = withNews({ paperSections: share, paperNamed: 1 }, 1);
    for (let seed = 0; seed < 400; seed += 1) {
      const document = articles.draw(createRandom(seed), settings);
      const word = /^This article is about (\w+) news\.$/.exec(document.at(-1)!)![1];
      const paper = papers.map(([name]) => name).find((name) => document[0].includes(`(${name})`) || document[0].includes(`the ${name} `))!;
      if (share === 1) assert.equal(word, sections.get(paper), document.join(" "));
      else {
        const again = createRandom(seed);
        again.chance(1);
        assert.equal(word, drawArticle(again, settings, 2).topic);
      }
    }
  }
  for (let seed = 0; seed < 500; seed += 1) assert.doesNotMatch(articles.draw(createRandom(seed), withNews({}, 0)).join(" "), /This article is about/);
});
