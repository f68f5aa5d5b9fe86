import { Tokenizer as LibraryTokenizerClass } from "@huggingface/tokenizers";
import { InputError } from "../errors";
import { checked } from "../files/fields";
import { parsedJson } from "../files/json";
import { once } from "../lazy";
import { z } from "../packages";
import type { TextEncoder } from "../tasks/text-encoder";
import { charsmap } from "./charsmap";
import { tokenizerText } from "./tokenizer-files";

/** Turns text into token ids and back, as the model's tokenizer files say. */
export interface Tokenizer extends TextEncoder {
  /** The text of token ids, special tokens included. */
  decode(ids: readonly number[]): string;
  /** The token of an id as the vocabulary writes it (byte-level BPE: "Ġgreat"; WordPiece: "great", "##ly"; SentencePiece: "▁great"). */
  idToToken(id: number): string | undefined;
  /** Number of tokens, special ones included. */
  readonly vocabSize: number;
}

/**
 * Loads the tokenizer of a model's folder: byte-level BPE (RoBERTa), WordPiece (BERT) or SentencePiece's unigrams
 * (XLM-RoBERTa), from `tokenizer.json` or, for the first two, from older files. Ids are those of Hugging Face's `tokenizers`; its Rust code knows Unicode 8, so that characters of later versions may differ in BERT.
 *
 * @throws naming the file if it is missing, malformed, or lacks one of the special tokens
 */
export function loadTokenizer(directory: string): Tokenizer {
  const { path, text } = tokenizerText(directory);
  const json = parsedJson(text, path);
  checked(schema(), json, `${path} is not a tokenizer we can read`);
  return createTokenizer(json, path);
}

/** {@link loadTokenizer} of a parsed tokenizer.json; `path` is what errors call it. */
export function createTokenizer(parsed: unknown, path: string): Tokenizer {
  const json = parsed as TokenizerJson;
  const { library, trim } = openLibrary(json, path);
  const special = json.added_tokens.filter((token) => token.special === true).map(({ content }) => content);
  const plain = once(() => openLibrary(withoutSpecial(json, special), path));
  const { unk_token, merges, vocab } = json.model;
  const unkId = json.model.unk_id ?? (unk_token ? library.token_to_id(unk_token) : undefined);
  if (unkId === undefined && merges === undefined && !Array.isArray(vocab))
    throw new InputError(
      `${path}: the vocabulary has no token ${unk_token ?? "model.unk_token"}, which stands for unknown words`,
      { file: path, field: "model.unk_token" },
    );
  const id = (...names: string[]): number => {
    for (const name of names) {
      const found = library.token_to_id(name);
      if (found !== undefined) return found;
    }
    throw new InputError(`${path}: the vocabulary has no token ${names.join(" or ")}`, { file: path });
  };
  const encode = (text: string, { library, trim }: OpenTokenizer): number[] =>
    library.encode(trim(text), { add_special_tokens: false }).ids;
  return {
    encode: (text) => encode(text, { library, trim }),
    encodeText: (text) => encode(text, special.some((token) => text.includes(token)) ? plain() : { library, trim }),
    decode: (ids) =>
      ids.length === 0
        ? ""
        : library.decode([...ids], { skip_special_tokens: false, clean_up_tokenization_spaces: false }),
    tokenToId: (token) => library.token_to_id(token),
    idToToken: (index) => library.id_to_token(index),
    vocabSize: library.get_vocab().size,
    clsId: id("<s>", "[CLS]"),
    sepId: id("</s>", "[SEP]"),
    maskId: id("<mask>", "[MASK]"),
    padId: id("<pad>", "[PAD]"),
    unkId,
  };
}

interface TokenizerJson {
  added_tokens: { content: string; special?: boolean; lstrip?: boolean; rstrip?: boolean }[];
  normalizer?: NormalizerJson | null;
  pre_tokenizer: PreTokenizerJson | null;
  model: { merges?: unknown; unk_token?: string | null; unk_id?: number | null; vocab?: unknown };
}

type PreTokenizerJson = { type: string; pretokenizers?: PreTokenizerJson[] };

type NormalizerJson = {
  type: string;
  normalizers?: NormalizerJson[];
  precompiled_charsmap?: string | null;
} & Partial<BertNormalizer>;

/** The tokenizer that finds no special token in a text. Unigrams have them in their vocabulary too, where no text may reach them. */
function withoutSpecial(json: TokenizerJson, special: readonly string[]): TokenizerJson {
  const { vocab } = json.model;
  const unreachable = (entry: [string, number]): [string, number] =>
    special.includes(entry[0]) ? [`\0${entry[0]}`, entry[1]] : entry;
  return {
    ...json,
    added_tokens: json.added_tokens.filter((token) => token.special !== true),
    model: Array.isArray(vocab) ? { ...json.model, vocab: (vocab as [string, number][]).map(unreachable) } : json.model,
  };
}

/** The library makes an array as long as the largest id; the largest vocabularies have 250,000 tokens. */
const MAX_ID = 2 ** 24;

const isVocabulary = (value: unknown): boolean =>
  typeof value === "object" &&
  value !== null &&
  Object.values(value).every((id: unknown) => Number.isInteger(id) && (id as number) >= 0 && (id as number) <= MAX_ID);

/** What of a tokenizer.json the library takes as it is. */
const schema = once(() => {
  const id = z.int().min(0).max(MAX_ID);
  const part = z.looseObject({ type: z.string() }).nullish();
  return z.looseObject({
    added_tokens: z.array(z.looseObject({ id, content: z.string().min(1) })),
    normalizer: part,
    pre_tokenizer: part,
    post_processor: part,
    decoder: part,
    model: z.looseObject({
      // Zod's own objects leave out a token "__proto__".
      vocab: z.union([
        z.custom<Record<string, number>>(isVocabulary, { error: `every token needs an id of at most ${MAX_ID}` }),
        z.array(z.tuple([z.string(), z.number()])),
      ]),
      merges: z.array(z.union([z.string(), z.tuple([z.string(), z.string()])])).nullish(),
      unk_token: z.string().nullish(),
    }),
  });
});

/** What a BERT tokenizer does to a text before it splits it. */
interface BertNormalizer {
  clean_text: boolean;
  handle_chinese_chars: boolean;
  strip_accents: boolean | null;
  lowercase: boolean;
}

/** What we use of the library's tokenizer. (Its own type declarations do not resolve in Node's module mode.) */
interface LibraryTokenizer {
  encode(text: string, options: { add_special_tokens: boolean }): { ids: number[] };
  decode(ids: number[], options: { skip_special_tokens: boolean; clean_up_tokenization_spaces: boolean }): string;
  token_to_id(token: string): number | undefined;
  id_to_token(id: number): string | undefined;
  get_vocab(): Map<string, number>;
  model: { encode(tokens: string[]): string[]; tokens_to_ids: Map<string, number>; unk_token?: string | null };
  pre_tokenizer: LibraryPreTokenizer & { pattern: RegExp; byte_encoder: Record<number, string> };
  normalizer: LibraryNormalizer;
}

interface LibraryPreTokenizer {
  pre_tokenize_text(text: string): string[];
  /** Of a sequence. */
  tokenizers?: LibraryPreTokenizer[];
}

interface LibraryNormalizer {
  normalize(text: string): string;
  clean_text(text: string): string;
  strip_accents(text: string): string;
  /** Of a sequence. */
  normalizers?: LibraryNormalizer[];
}

interface OpenTokenizer {
  library: LibraryTokenizer;
  /** What has to happen to a text before the library reads it. */
  trim: (text: string) => string;
}

function openLibrary(json: TokenizerJson, path: string): OpenTokenizer {
  try {
    const unstripped = json.added_tokens.map((token) => ({ ...token, lstrip: false, rstrip: false }));
    const library = new LibraryTokenizerClass({ ...json, added_tokens: unstripped }, {}) as LibraryTokenizer;
    if (json.pre_tokenizer?.type === "ByteLevel") {
      useUnicodeSpaces(library);
      if (json.model.merges !== undefined) dropUnknownBytes(library);
    }
    if (json.pre_tokenizer) splitAtUnicodeSpaces(library.pre_tokenizer, json.pre_tokenizer);
    if (json.normalizer) correctNormalizer(library.normalizer, json.normalizer);
    // The library looks at some parts of the file only when it uses them.
    const { ids } = library.encode("a a", { add_special_tokens: false });
    if (ids.length > 0) library.decode(ids, { skip_special_tokens: false, clean_up_tokenization_spaces: false });
    return { library, trim: spaceTrimmer(json) };
  } catch (error) {
    // The library's own complaints are of values that it has not checked.
    const problem =
      error instanceof TypeError ? "a part of it has another form than Hugging Face's" : (error as Error).message;
    throw new InputError(`${path} is not a tokenizer we can read: ${problem}`, { file: path }, { cause: error });
  }
}

// Corrections of @huggingface/tokenizers 0.2.0 towards the Rust library, which it otherwise agrees with.

/** JavaScript's \s counts the byte-order mark as a space and U+0085 not; the Rust library goes by Unicode's White_Space. */
function useUnicodeSpaces({ pre_tokenizer }: LibraryTokenizer): void {
  pre_tokenizer.pattern =
    /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\p{White_Space}\p{L}\p{N}]+|\p{White_Space}+(?!\P{White_Space})|\p{White_Space}+/gu;
}

function splitAtUnicodeSpaces(splitter: LibraryPreTokenizer, json: PreTokenizerJson): void {
  if (json.type === "WhitespaceSplit") splitter.pre_tokenize_text = (text) => text.match(/\P{White_Space}+/gu) ?? [];
  json.pretokenizers?.forEach((part, i) => splitAtUnicodeSpaces(splitter.tokenizers![i], part));
}

/** The spaces that a token takes from the text beside it (<mask>: before it) are trimmed with the same wrong \s: we trim them. */
function spaceTrimmer({ added_tokens }: TokenizerJson): (text: string) => string {
  const changes: RegExp[] = [];
  for (const token of added_tokens) {
    const literal = token.content.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
    if (token.lstrip === true) changes.push(new RegExp(`\\p{White_Space}+(?=${literal})`, "gu"));
    if (token.rstrip === true) changes.push(new RegExp(`(?<=${literal})\\p{White_Space}+`, "gu"));
  }
  return (text) => changes.reduce((result, change) => result.replace(change, ""), text);
}

/** Without an unknown token, bytes that the vocabulary lacks vanish *before* merging, so that their neighbours meet. */
function dropUnknownBytes({ model, pre_tokenizer }: LibraryTokenizer): void {
  if (model.unk_token !== null && model.unk_token !== undefined) return;
  const known = model.tokens_to_ids;
  if (Object.values(pre_tokenizer.byte_encoder).every((byte) => known.has(byte))) return;
  const encode = model.encode.bind(model);
  model.encode = (tokens) => encode(tokens.map((token) => [...token].filter((byte) => known.has(byte)).join("")));
}

function correctNormalizer(normalizer: LibraryNormalizer, json: NormalizerJson): void {
  if (json.type === "BertNormalizer") normalizeAsRust(normalizer, json);
  // The library has one normalization for all of SentencePiece's.
  if (json.type === "Precompiled" && json.precompiled_charsmap)
    normalizer.normalize = charsmap(json.precompiled_charsmap);
  json.normalizers?.forEach((part, i) => correctNormalizer(normalizer.normalizers![i], part));
}

/** The ideographs that the Rust library puts spaces around, U+2B820 … U+2B91F left out as there. */
const IDEOGRAPH =
  /[\u4e00-\u9fff\u3400-\u4dbf\u{20000}-\u{2a6df}\u{2a700}-\u{2b81f}\u{2b920}-\u{2ceaf}\uf900-\ufaff\u{2f800}-\u{2fa1f}]/gu;

/**
 * JavaScript's toLowerCase has another sigma at the end of a word, and the library goes through UTF-16 units, which
 * misses ideographs beyond U+FFFF. The Rust library's order is: clean, space out ideographs, strip accents, lower case.
 */
function normalizeAsRust(
  normalizer: LibraryNormalizer,
  { clean_text, handle_chinese_chars, strip_accents, lowercase }: Partial<BertNormalizer>,
): void {
  normalizer.normalize = (text) => {
    let result = clean_text === true ? normalizer.clean_text(text) : text;
    if (handle_chinese_chars === true) result = result.replace(IDEOGRAPH, " $& ");
    if (strip_accents ?? lowercase) result = normalizer.strip_accents(result);
    return lowercase === true ? Array.from(result, (character) => character.toLowerCase()).join("") : result;
  };
}
