import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { PackedRow } from "../../src/model/batch";
import { loadTokenizer } from "../../src/model/tokenizer";
import { documentIds, type EncodedDocuments } from "../../src/pretraining/documents";
import {
  epochBatches,
  maskingOf,
  maskRows,
  packRows,
  type MaskedRows,
  type Masking,
} from "../../src/pretraining/masked-rows";
import { randomStream } from "../../src/random";
import { fixturePath } from "../support/tiny-roberta";

const tokenizer = loadTokenizer(fixturePath("tiny-bert"));
const { clsId, sepId, maskId } = tokenizer;
const special = { clsId, sepId, maskId };
const random = randomStream(11);
const between = (low: number, high: number): number => low + Math.floor(random() * (high - low + 1));

/** Documents whose tokens are all different, from 1,000 on. */
function differentDocuments(lengths: readonly number[]): EncodedDocuments {
  const starts = Int32Array.from([0, ...lengths.map((_, i) => lengths.slice(0, i + 1).reduce((a, b) => a + b))]);
  return { ids: Int32Array.from({ length: starts.at(-1)! }, (_, i) => 1000 + i), starts, hash: "", sources: [] };
}

/** A row's texts, without their special tokens. */
function textsOf({ ids, starts }: PackedRow): number[][] {
  assert.equal(starts[0], 0);
  return starts.map((start, i) => {
    const own = ids.slice(start, starts[i + 1] ?? ids.length);
    assert.deepEqual([own[0], own.at(-1)], [clsId, sepId]);
    return own.slice(1, -1);
  });
}

describe("packing", () => {
  const lengths = Array.from({ length: 600 }, () => (random() < 0.1 ? between(31, 100) : between(1, 30)));
  const documents = differentDocuments(lengths);
  const rows = packRows(
    lengths.map((_, i) => documentIds(documents, i)),
    32,
    special,
  );

  it("keeps every token once, and no row is longer than it may be", () => {
    assert.ok(rows.every(({ ids }) => ids.length <= 32));
    const tokens = rows
      .flatMap(textsOf)
      .flat()
      .sort((a, b) => a - b);
    assert.deepEqual(tokens, [...documents.ids]);
  });

  it("cuts a document only where it is longer than a row, into pieces in order", () => {
    const pieces = rows.flatMap(textsOf).sort((a, b) => a[0] - b[0]);
    const expected = lengths.flatMap((_, i) => {
      const ids = [...documentIds(documents, i)];
      return Array.from({ length: Math.ceil(ids.length / 30) }, (_, piece) => ids.slice(30 * piece, 30 * (piece + 1)));
    });
    assert.deepEqual(pieces, expected);
  });

  it("leaves little room unused", () => {
    const used = rows.reduce((sum, { ids }) => sum + ids.length, 0);
    assert.ok(used > 0.9 * 32 * rows.length, `${used} of ${32 * rows.length}`);
  });

  it("gives each pass over the text an order of its own, the same at every call, in whole batches", () => {
    const passes = [0, 0, 1].map((epoch) => epochBatches(documents, { rows: 7, length: 32, seed: 3 }, epoch, special));
    assert.deepEqual(passes[1], passes[0]);
    assert.notDeepEqual(passes[2], passes[0]);
    for (const batches of passes) {
      assert.ok(batches.every((batch) => batch.length === 7));
      const tokens = batches.flat().flatMap(textsOf).flat();
      assert.equal(new Set(tokens).size, tokens.length);
      // Fewer than a batch's rows are left out.
      assert.ok(tokens.length > documents.ids.length - 7 * 30, `${tokens.length} of ${documents.ids.length}`);
    }
    assert.notDeepEqual(epochBatches(documents, { rows: 7, length: 32, seed: 4 }, 0, special), passes[0]);
    assert.deepEqual(epochBatches(documents, { rows: rows.length + 100, length: 32, seed: 3 }, 0, special), []);
  });
});

describe("what continues a word", () => {
  const continued = (name: string, text: string): number[] => {
    const own = loadTokenizer(fixturePath(name));
    const { continuesWord } = maskingOf(own, { maskedShare: 0.15, reads: 20 });
    return own.encode(text).map((id) => continuesWord[id]);
  };

  it("is a later piece in WordPiece, and a piece without a space before it in byte-level BPE", () => {
    assert.deepEqual(
      tokenizer.encode("greatly done.").map((id) => tokenizer.idToToken(id)),
      ["great", "##ly", "d", "##o", "##n", "##e", "."],
    );
    assert.deepEqual(continued("tiny-bert", "greatly done."), [0, 1, 0, 1, 1, 1, 0]);
    const pieces = continued("tiny-roberta", " great ham, okay");
    const tokens = loadTokenizer(fixturePath("tiny-roberta"));
    tokens.encode(" great ham, okay").forEach((id, i) => {
      const token = tokens.idToToken(id)!;
      assert.equal(pieces[i], Number(/^[A-Za-z]/.test(token)), token);
    });
  });

  it("leaves no special token among those that may stand for a masked one", () => {
    const { ordinary } = maskingOf(tokenizer, { maskedShare: 0.15, reads: 20 });
    assert.equal(ordinary.length, tokenizer.vocabSize - 5);
    for (const id of [clsId, sepId, maskId, tokenizer.padId, tokenizer.unkId!]) assert.ok(!ordinary.includes(id));
  });
});

/** Rows of two texts with words of one to three pieces, and the places of each word. */
function wordRows(count: number): { rows: PackedRow[]; words: number[][][] } {
  const [first, later] = [
    ["great", "film", "story", "good"],
    ["##ly", "##s", "##ing"],
  ].map((tokens) => tokens.map((token) => tokenizer.tokenToId(token)!));
  const made = Array.from({ length: count }, () => {
    const row: PackedRow = { ids: [], starts: [] };
    const words: number[][] = [];
    for (let text = 0; text < 2; text++) {
      row.starts.push(row.ids.length);
      row.ids.push(clsId);
      for (let word = 0; word < 25; word++) {
        const pieces = 1 + (word % 3);
        words.push(Array.from({ length: pieces }, (_, i) => row.ids.length + i));
        // The second text is the rest of a longer one, cut within a word.
        const begins = text === 1 && word === 0 ? later : first;
        row.ids.push(
          begins[between(0, begins.length - 1)],
          ...Array.from({ length: pieces - 1 }, () => later[between(0, 2)]),
        );
      }
      row.ids.push(sepId);
    }
    return { row, words };
  });
  return { rows: made.map(({ row }) => row), words: made.map(({ words }) => words) };
}

const BATCH = 8;

/** Rows masked in batches. */
function masked(rows: readonly PackedRow[], masking: Masking, seed = 1): MaskedRows {
  const batches = Array.from({ length: rows.length / BATCH }, (_, i) =>
    maskRows(rows.slice(i * BATCH, (i + 1) * BATCH), masking, [seed, 0, i]),
  );
  return {
    rows: batches.flatMap((batch) => batch.rows),
    places: batches.flatMap((batch) => batch.places),
    targets: batches.flatMap((batch) => batch.targets),
  };
}

/** That a count of events of a probability is within five standard deviations. */
function likely(count: number, of: number, probability: number, what: string): void {
  const deviation = Math.sqrt(of * probability * (1 - probability));
  assert.ok(
    Math.abs(count - of * probability) < 5 * deviation,
    `${what}: ${count} of ${of}, expected a share of ${probability}`,
  );
}

describe("masking", () => {
  const { rows, words } = wordRows(400);
  const masking = maskingOf(tokenizer, { maskedShare: 0.15, reads: 1000 });
  const result = masked(rows, masking);
  /** The words that are predicted, as they were and as they are. */
  const drawn = rows.flatMap((row, r) =>
    words[r]
      .filter((word) => result.places[r].includes(word[0]))
      .map((word) => ({ before: word.map((t) => row.ids[t]), after: word.map((t) => result.rows[r].ids[t]) })),
  );

  it("predicts whole words: all pieces of a word or none", () => {
    rows.forEach((_, r) => {
      const places = new Set(result.places[r]);
      for (const word of words[r]) assert.equal(new Set(word.map((t) => places.has(t))).size, 1);
      assert.equal(words[r].flat().filter((t) => places.has(t)).length, places.size, "nothing but words");
    });
  });

  it("asks for what stood there, in the order of the places, and changes nothing else", () => {
    rows.forEach((row, r) => {
      const [places, targets, after] = [result.places[r], result.targets[r], result.rows[r]];
      assert.deepEqual(
        places,
        [...places].sort((a, b) => a - b),
      );
      assert.deepEqual(
        targets,
        places.map((t) => row.ids[t]),
      );
      assert.deepEqual(after.starts, row.starts);
      row.ids.forEach((id, t) => places.includes(t) || assert.equal(after.ids[t], id));
    });
  });

  it("draws 15 % of the words, short and long ones alike", () => {
    const all = words.flat();
    likely(drawn.length, all.length, 0.15, "words");
    for (const pieces of [1, 2, 3])
      likely(
        drawn.filter(({ before }) => before.length === pieces).length,
        all.filter(({ length }) => length === pieces).length,
        0.15,
        `words of ${pieces}`,
      );
  });

  it("masks 80 % of them, puts random tokens in place of 10 %, and leaves 10 %", () => {
    const masks = drawn.filter(({ after }) => after.every((id) => id === maskId)).length;
    assert.equal(masks, drawn.filter(({ after }) => after.includes(maskId)).length, "a word is masked whole");
    likely(masks, drawn.length, 0.8, "masks");
    // Of several pieces, random ones are hardly ever all the same as before.
    const longer = drawn.filter(({ before }) => before.length > 1);
    const same = longer.filter(({ before, after }) => before.join() === after.join()).length;
    likely(same, longer.length, 0.1, "words that stay");
    const replaced = drawn
      .filter(({ before, after }) => !after.includes(maskId) && before.join() !== after.join())
      .flatMap(({ after }) => after);
    assert.ok(replaced.every((id) => masking.ordinary.includes(id)));
    assert.ok(new Set(replaced).size > 0.9 * masking.ordinary.length, "any token may stand in");
  });

  it("is the same at every call, and another with another seed", () => {
    assert.deepEqual(masked(rows, masking), result);
    assert.notDeepEqual(masked(rows, masking, 2).places, result.places);
  });

  it("predicts at most so many tokens of a row, from its beginning as often as from its end", () => {
    const few = masked(rows, maskingOf(tokenizer, { maskedShare: 0.5, reads: 4 }));
    assert.ok(few.places.every(({ length }) => length <= 4 && length > 0));
    const places = few.places.flatMap((own, r) => own.map((t) => t / rows[r].ids.length));
    // Uniform places have a standard deviation of 0.29.
    assert.ok(
      Math.abs(places.reduce((a, b) => a + b) / places.length - 0.5) < (5 * 0.29) / Math.sqrt(places.length / 2),
      "the middle",
    );
  });

  it("predicts a word of a batch's first row even where none was drawn", () => {
    const { places } = maskRows(rows.slice(0, BATCH), maskingOf(tokenizer, { maskedShare: 1e-9, reads: 20 }), [1]);
    assert.deepEqual(places, [words[0][0], ...Array.from({ length: BATCH - 1 }, () => [])]);
  });
});
