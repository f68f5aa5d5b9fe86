import { test } from "node:test";
import assert from "node:assert/strict";
import { encodePrompt, encodeUnprompted, labelWordIds } from "../../src/tasks/prompt";
import { taskByName } from "../../src/tasks/task";
import { parseTemplate } from "../../src/tasks/template";
import type { TextEncoder } from "../../src/tasks/text-encoder";

const SPECIAL = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"];

/** Splits like a byte-level BPE that knows every word: "Ġ" stands for the space before a word; "-" is a token of its own. */
function wordEncoder(): TextEncoder & { show: (ids: number[]) => string } {
  const tokens = [...SPECIAL, ".", ",", "?", ":"];
  const idOf = (token: string): number => {
    if (!tokens.includes(token)) tokens.push(token);
    return tokens.indexOf(token);
  };
  const cut = (text: string, pieces: RegExp): number[] =>
    (text.match(pieces) ?? []).map((piece) => idOf(piece.replace(" <mask>", "<mask>").replaceAll(" ", "Ġ")));
  return {
    encode: (text) => cut(text, / ?<mask>| ?[^\s\-.,?:]+| ?[-.,?:]|\s/gu),
    encodeText: (text) => cut(text, / ?[^\s\-.,?:<>]+| ?[-.,?:<>]|\s/gu),
    tokenToId: (token) => (tokens.includes(token) ? tokens.indexOf(token) : undefined),
    clsId: 0,
    padId: 1,
    sepId: 2,
    maskId: 4,
    show: (ids) => ids.map((id) => tokens[id]).join("|"),
  };
}

const encoder = wordEncoder();

function prompt(
  template: string,
  texts: string[],
  limits: { maxLength?: number; firstSentenceLimit?: number; otherSentenceLimit?: number } = {},
): string {
  return encoder.show(
    encodePrompt({ texts, label: 0 }, { name: "made", template, maxLength: 128, ...limits }, encoder).ids,
  );
}

test("the SST-2 prompt", () => {
  const { ids, maskPosition } = encodePrompt({ texts: ["a fine film ."], label: 1 }, taskByName("SST-2"), encoder);
  assert.equal(encoder.show(ids), "<s>|a|Ġfine|Ġfilm|Ġ.|ĠIt|Ġwas|<mask>|.|</s>");
  assert.equal(maskPosition, 7);
});

// The sentence parts, one after the other. The mask is there because a template needs one.
const sentenceParts: [part: string, expected: string][] = [
  ["sent_0", "Zoé|Ġran|-"],
  ["+sent_0", "ĠZoé|Ġran|-"],
  ["sent-_0", "Zoé|Ġran"],
  ["sentl_0", "zoé|Ġran|-"],
  ["+sentl_0", "Ġzoé|Ġran|-"],
  ["sentl-_0", "zoé|Ġran"],
  ["sentu_1", "Éa"],
  ["+sentu_1", "ĠÉa"],
  ["sent_1", "éa"],
];
for (const [part, expected] of sentenceParts) {
  test(`part ${part}`, () => assert.equal(prompt(`*mask**${part}*`, ["Zoé ran-", "éa"]), `<mask>|${expected}`));
}

test("special tokens, and nothing that is not asked for", () => {
  assert.equal(prompt("*cls**sep**mask**sep+*", []), "<s>|</s>|<mask>|</s>");
  assert.equal(prompt("*mask*", []), "<mask>");
  assert.equal(prompt("mask", []), "<mask>");
});

test("empty parts give no tokens", () => {
  assert.equal(prompt("***cls****mask**", []), "<s>|<mask>");
  assert.equal(prompt("*mask**sent_0*", [""]), "<mask>");
});

test("sentl- and sent- on short texts do as Python's slices", () => {
  assert.equal(prompt("*mask**sentl-_0*", ["A"]), "<mask>");
  assert.equal(prompt("*mask**sentl-_0*", ["AB"]), "<mask>|a");
  assert.equal(prompt("*mask**sent-_0*", ["A"]), "<mask>");
  assert.equal(prompt("*mask**sent-_0*", [""]), "<mask>");
  assert.equal(prompt("*mask**sentl_0*", [""]), "<mask>");
});

test("a character is a code point: no half of an emoji is left", () => {
  assert.equal(prompt("*mask**sent-_0*", ["ok😀"]), "<mask>|ok");
  assert.equal(prompt("*mask**sentu_0*", ["𐐨x"]), "<mask>|𐐀x");
});

test("the last character goes even if it is no full stop, and a space stays a space", () => {
  assert.equal(prompt("*sent-_0*?*mask*", ["a question ?"]).replace(/\s/g, "Ġ"), "a|Ġquestion|Ġ|?|<mask>");
});

test("literals: _ is a space; a single character is the bare token", () => {
  assert.equal(prompt("*mask*_It_was", []), "<mask>|ĠIt|Ġwas");
  assert.equal(prompt("*mask*:*sent_0*", ["x"]), "<mask>|:|x");
  assert.equal(prompt("*mask*_news.*sep+*", []), "<mask>|Ġnews|.|</s>");
  assert.equal(prompt("*mask*_._", []).replace(" ", "Ġ"), "<mask>|Ġ.|Ġ");
  // The token by its name, not by encoding: here the two differ.
  const odd: TextEncoder = {
    ...encoder,
    encode: () => [77],
    encodeText: () => [77],
    tokenToId: (token) => (token === "." ? 5 : undefined),
  };
  assert.deepEqual(
    encodePrompt({ texts: [], label: 0 }, { name: "made", template: "*mask*.", maxLength: 9 }, odd).ids,
    [4, 5],
  );
  assert.deepEqual(
    encodePrompt({ texts: [], label: 0 }, { name: "made", template: "*mask*..", maxLength: 9 }, odd).ids,
    [4, 77],
  );
});

test("a single character that is no token is refused", () => {
  assert.throws(() => prompt("*mask*_", []), /single character " " is not a token/);
  assert.throws(() => prompt("*mask*é", []), /single character "é" is not a token/);
});

test("a pair prompt in the paper's form", () => {
  assert.equal(
    prompt("*cls**sent-_0*?*mask*,*+sentl_1**sep+*", ["He left.", "He went away."]),
    "<s>|He|Ġleft|?|<mask>|,|Ġhe|Ġwent|Ġaway|.|</s>",
  );
});

test("sentence limits cut each sentence's own tokens", () => {
  const texts = ["a b c d", "e f g h"];
  assert.equal(prompt("*sent_0*:*+sent_1**mask*", texts, { firstSentenceLimit: 2 }), "a|Ġb|:|Ġe|Ġf|Ġg|Ġh|<mask>");
  assert.equal(prompt("*sent_0*:*+sent_1**mask*", texts, { otherSentenceLimit: 1 }), "a|Ġb|Ġc|Ġd|:|Ġe|<mask>");
  assert.equal(
    prompt("*+sentl_1**sent_0**mask*_it_was", texts, { firstSentenceLimit: 1, otherSentenceLimit: 3 }),
    "Ġe|Ġf|Ġg|a|<mask>|Ġit|Ġwas",
  );
});

test("what is too long loses its end", () => {
  assert.equal(prompt("*cls**mask*:*+sent_0**sep+*", ["a b c d"], { maxLength: 5 }), "<s>|<mask>|:|Ġa|Ġb");
  assert.equal(prompt("*cls**mask*:*+sent_0**sep+*", ["a b c d"], { maxLength: 8 }), "<s>|<mask>|:|Ġa|Ġb|Ġc|Ġd|</s>");
});

test("a mask that is cut off is an error", () => {
  assert.throws(
    () => prompt("*cls**sent_0**mask*", ["a b c d"], { maxLength: 5 }),
    /task made: the mask is at token 6 of the prompt, beyond the longest length 5.*a b c d/,
  );
});

test("the template's own mask counts, whatever a text holds", () => {
  const task = { name: "made", template: "*sent_0**mask*", maxLength: 9 };
  const { ids, maskPosition } = encodePrompt({ texts: ["x <mask>"], label: 0 }, task, encoder);
  assert.equal(maskPosition, ids.length - 1);
  assert.deepEqual(
    [...ids.keys()].filter((i) => ids[i] === encoder.maskId),
    [maskPosition],
  );
  // An encoder that makes a mask of a text all the same.
  const careless: TextEncoder = { ...encoder, encodeText: (text) => encoder.encode(text) };
  assert.equal(encodePrompt({ texts: ["<mask> x"], label: 0 }, task, careless).maskPosition, 2);
});

test("a mask that is written as a literal of the template is refused", () => {
  const task = { name: "made", template: "*sent_0*_It_was_<mask>.*mask*", maxLength: 9 };
  assert.throws(
    () => encodePrompt({ texts: ["x"], label: 0 }, task, encoder),
    /" It was <mask>\." holds the mask token itself: write \*mask\*/,
  );
});

const refusedTemplates: [template: string, message: RegExp][] = [
  ["*cls**sent_0*_It_was", /has no \*mask\*/],
  ["", /has no \*mask\*/],
  ["*mask**sent_0**mask*", /has 2 masks/],
  ['"*cls**sent_0*_It_was*mask*.*sep+*"', /has quotation marks around it/],
  ["'*cls**sent_0*_It_was*mask*.*sep+*'", /has quotation marks around it/],
  ["*mask**label_0*", /"label_0" is for prompts with demonstrations/],
  ["*mask**labelx_1*", /"labelx_1" is for prompts with demonstrations/],
  ["*mask**sentx_0*", /"sentx_0" is no sentence part; there are sent_0, \+sent_0, sent-_0/],
  ["*mask**sent_a*", /"sent_a" is no sentence part/],
  ["*mask**+sent-_0*", /"\+sent-_0" is no sentence part/],
  ["*mask**sentu-_0*", /"sentu-_0" is no sentence part/],
  ["*mask**sent*", /"sent" is no sentence part/],
];
for (const [template, message] of refusedTemplates) {
  test(`refuses ${JSON.stringify(template)}`, () => assert.throws(() => parseTemplate(template), message));
}

test("a text that the example has not is an error", () => {
  assert.throws(() => prompt("*mask**sent_1*", ["only one"]), /task made asks for text 1, but the example has 1/);
});

test("without a prompt: <s> text </s>, and the end is cut", () => {
  const unprompted = (texts: string[], maxLength = 128) =>
    encodeUnprompted({ texts, label: 0 }, { maxLength }, encoder);
  assert.equal(encoder.show(unprompted(["a b"]).ids), "<s>|a|Ġb|</s>");
  assert.equal(encoder.show(unprompted(["a b", "C"]).ids), "<s>|a|Ġb|</s>|C|</s>");
  assert.equal(encoder.show(unprompted(["a b c"], 3).ids), "<s>|a|Ġb");
  assert.equal(unprompted(["a"]).maskPosition, 0);
});

test("without a prompt sentence limits do not apply", () => {
  const task = { ...taskByName("sst-2"), firstSentenceLimit: 1 };
  assert.equal(encoder.show(encodeUnprompted({ texts: ["a b c"], label: 0 }, task, encoder).ids), "<s>|a|Ġb|Ġc|</s>");
});

const words = (...labelWords: string[]) => ({ name: "made", labels: labelWords.map((_, i) => String(i)), labelWords });

test("a label word is the token after a space", () => {
  const [id] = labelWordIds(words("great"), encoder);
  assert.equal(encoder.show([id]), "Ġgreat");
});

test("a label word that begins with < [ . , : is taken as written", () => {
  assert.deepEqual(labelWordIds(words(".", ",", ":", "<unk>"), encoder), [5, 6, 8, 3]);
  assert.throws(() => labelWordIds(words("<mask>"), encoder), /label word "<mask>" is a special token/);
  assert.throws(() => labelWordIds(words("[none]"), encoder), /"\[none\]" is not a token/);
  // Other punctuation gets its space.
  assert.equal(encoder.show(labelWordIds(words("?"), encoder)), "Ġ?");
});

test("label words of several tokens, equal ones and too few are refused", () => {
  assert.throws(
    () => labelWordIds(words("great", "not-great"), encoder),
    /task made: label word "not-great" is 3 tokens/,
  );
  assert.throws(
    () => labelWordIds(words("great", "great"), encoder),
    /label words "great" and "great" are the same token/,
  );
  assert.throws(
    () => labelWordIds({ name: "made", labels: ["0", "1"], labelWords: ["great"] }, encoder),
    /2 labels but 1 label words/,
  );
  assert.throws(() => labelWordIds(words(""), encoder), /is empty/);
  assert.throws(() => labelWordIds(words("great|good", "bad"), encoder), /label 0 has several words, great\|good/);
});
