/**
 * The labelled English sentences that packages carry, npm's `sentiment` (test fixtures) and PyPI's `vaderSentiment` (source archive), and
 * the pairs of sentences that were written for this project.
 */
import { InputError } from "../errors";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { extract } from "tar";

/** A sentence and what people think of it: the mean of their ratings from −4 to 4, or a class. */
export interface RatedSentence {
  text: string;
  rating: number;
}

/** Two sentences, and whether the first entails or contradicts the second, or leaves it open (neutral). */
export interface SentencePair {
  premise: string;
  hypothesis: string;
  label: string;
}

export interface Sources {
  /** 0 negative, 1 positive. */
  imdb: RatedSentence[];
  amazon: RatedSentence[];
  yelp: RatedSentence[];
  /** Mean ratings from −4 to 4. */
  films: RatedSentence[];
  products: RatedSentence[];
  editorials: RatedSentence[];
  tweets: RatedSentence[];
  pairs: SentencePair[];
}

const FIXTURES = ["imdb", "amazon", "yelp"] as const;

const GROUND_TRUTH = {
  films: "movieReviewSnippets",
  products: "amazonReviewSnippets",
  editorials: "nytEditorialSnippets",
  tweets: "tweets",
} as const;

/**
 * @param sentiment the folder of the npm package
 * @param vader the source archive of the Python package
 * @param pairs the file of pairs: premise, hypothesis and label, tab-separated below a header
 * @throws naming the file, and the line, that is not as expected
 */
export async function readSources({
  sentiment,
  vader,
  pairs,
}: {
  sentiment: string;
  vader: string;
  pairs: string;
}): Promise<Sources> {
  const fixtures = Object.fromEntries(
    FIXTURES.map((name) => [name, fixtureSentences(join(sentiment, "test", "fixtures", `${name}.json`))]),
  ) as Pick<Sources, (typeof FIXTURES)[number]>;
  return { ...fixtures, ...(await archiveSentences(vader)), pairs: sentencePairs(pairs) };
}

function fixtureSentences(file: string): RatedSentence[] {
  const rows = JSON.parse(readFileSync(file, "utf8")) as { text: string; class: number | null }[];
  // The last row of each file is empty.
  return rows.flatMap(({ text, class: label }, i) => {
    if (label === null && text === "") return [];
    if (label !== 0 && label !== 1)
      throw new InputError(`${file}, row ${i + 1}: class ${JSON.stringify(label)}, expected 0 or 1`);
    return [{ text: plain(text), rating: label }];
  });
}

/** The archive holds another one, with the rated sentences. */
async function archiveSentences(archive: string): Promise<Record<keyof typeof GROUND_TRUTH, RatedSentence[]>> {
  const folder = mkdtempSync(join(tmpdir(), "kernel-view-vader-"));
  try {
    await extract({
      file: archive,
      cwd: folder,
      strip: 2,
      filter: (path) => path.endsWith("/additional_resources/hutto_ICWSM_2014.tar.gz"),
    });
    await extract({
      file: join(folder, "hutto_ICWSM_2014.tar.gz"),
      cwd: folder,
      strip: 1,
      filter: (path) => path.endsWith("_GroundTruth.txt"),
    });
    const read = (name: string): RatedSentence[] => ratedSentences(join(folder, `${name}_GroundTruth.txt`));
    return {
      films: read(GROUND_TRUTH.films),
      products: read(GROUND_TRUTH.products),
      editorials: read(GROUND_TRUTH.editorials),
      tweets: read(GROUND_TRUTH.tweets),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function ratedSentences(file: string): RatedSentence[] {
  const lines = readFileSync(file, "utf8").split(/\r?\n/);
  return lines.flatMap((line, i) => {
    if (line === "" && i === lines.length - 1) return [];
    const [, rating, text, ...more] = line.split("\t");
    if (text === undefined || more.length > 0 || !Number.isFinite(Number(rating)))
      throw new InputError(`${file.split("/").at(-1)}, line ${i + 1}: expected a number, a rating and a sentence`);
    return [{ text: plain(text), rating: Number(rating) }];
  });
}

function sentencePairs(file: string): SentencePair[] {
  const [, ...lines] = readFileSync(file, "utf8").trimEnd().split("\n");
  return lines.map((line, i) => {
    const [premise, hypothesis, label, ...more] = line.split("\t");
    if (!label || more.length > 0)
      throw new InputError(`${file.split("/").at(-1)}, line ${i + 2}: expected a premise, a hypothesis and a label`);
    return { premise, hypothesis, label };
  });
}

const ENTITIES: Record<string, string> = { "&amp;": "&", "&lt;": "<", "&gt;": ">", "&quot;": '"' };

/** A sentence as people write it: quotes typed as two apostrophes, HTML entities and runs of spaces are replaced. */
export const plain = (text: string): string =>
  text
    .replace(/&(?:amp|lt|gt|quot);/g, (entity) => ENTITIES[entity])
    .replaceAll("''", '"')
    .replaceAll("``", '"')
    .replace(/\s+/g, " ")
    .trim();
