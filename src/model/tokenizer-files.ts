/** A model's tokenizer as the text of a `tokenizer.json`: that file, or one built from the older files as Python's transformers does. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { InputError } from "../errors";
import { readText } from "../files/file-bytes";
import { readJson } from "../files/json";

/** Files of tokenizers that are not read here, and that transformers converts. */
const UNREAD = ["sentencepiece.bpe.model", "spiece.model", "tokenizer.model", "bpe.codes"];

type AddedToken = Record<"lstrip" | "rstrip" | "normalized" | "special", boolean> & { id: number; content: string };

/**
 * The text of the folder's tokenizer, and the file that messages name: `tokenizer.json`; else `vocab.json` with `merges.txt`
 * (byte-level BPE), else `vocab.txt` (WordPiece), with what `tokenizer_config.json` and `added_tokens.json` say.
 *
 * @throws naming the folder if it has none of them, or the file that is malformed
 */
export function tokenizerText(directory: string): { path: string; text: string } {
  const [path, vocabulary, merges, words] = ["tokenizer.json", "vocab.json", "merges.txt", "vocab.txt"].map((name) =>
    join(directory, name),
  );
  const built = (from: string, json: object): { path: string; text: string } => ({
    path: from,
    text: JSON.stringify(json),
  });
  if (existsSync(path)) return { path, text: readText(path) };
  const unread = UNREAD.find((name) => existsSync(join(directory, name)));
  if (unread === undefined && existsSync(vocabulary) && existsSync(merges))
    return built(vocabulary, byteLevel(directory, vocabulary, merges));
  if (unread === undefined && existsSync(words)) return built(words, wordPiece(directory, words));
  const known = `there is no tokenizer: ${path} does not exist, nor vocab.json with merges.txt, nor vocab.txt`;
  throw new InputError(
    unread === undefined
      ? known
      : `${known}; ${unread} is not read. Convert it with Python: from transformers import AutoTokenizer; AutoTokenizer.from_pretrained(${JSON.stringify(directory)}).save_pretrained(${JSON.stringify(directory)})`,
    { file: path },
  );
}

/** transformers' RobertaConverter. */
function byteLevel(directory: string, vocabulary: string, merges: string): object {
  const vocab = vocabularyOf(readJson(vocabulary), vocabulary);
  const { add_prefix_space: prefix = false } = optionalObject(directory, "tokenizer_config.json");
  return {
    added_tokens: addedTokens(directory, vocab, ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]),
    normalizer: null,
    pre_tokenizer: { type: "ByteLevel", add_prefix_space: prefix, trim_offsets: true },
    post_processor: null,
    decoder: { type: "ByteLevel", add_prefix_space: true, trim_offsets: true },
    model: {
      type: "BPE",
      unk_token: null,
      continuing_subword_prefix: "",
      end_of_word_suffix: "",
      fuse_unk: false,
      vocab,
      merges: linesOf(merges).filter((line) => line !== "" && !line.startsWith("#version")),
    },
  };
}

/** transformers' BertConverter. */
function wordPiece(directory: string, words: string): object {
  // A token that stands twice has its last place, as in Python's dict.
  const vocab = Object.fromEntries(linesOf(words).map((token, id) => [token, id]));
  const {
    do_lower_case: lowercase = true,
    strip_accents: accents = null,
    tokenize_chinese_chars: chinese = true,
  } = optionalObject(directory, "tokenizer_config.json");
  return {
    added_tokens: addedTokens(directory, vocab, ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]),
    normalizer: {
      type: "BertNormalizer",
      clean_text: true,
      handle_chinese_chars: chinese,
      strip_accents: accents,
      lowercase,
    },
    pre_tokenizer: { type: "BertPreTokenizer" },
    post_processor: null,
    decoder: { type: "WordPiece", prefix: "##", cleanup: true },
    model: {
      type: "WordPiece",
      unk_token: "[UNK]",
      continuing_subword_prefix: "##",
      max_input_chars_per_word: 100,
      vocab,
    },
  };
}

/** The tokens that are found in a text before it is split: those that the config lists, or the usual special ones and added_tokens.json. */
function addedTokens(directory: string, vocab: Record<string, number>, special: readonly string[]): AddedToken[] {
  const token = (content: string, id: number): AddedToken => {
    const isSpecial = special.includes(content);
    const lstrip = content === "<mask>";
    return { id, content, lstrip, rstrip: false, normalized: !isSpecial, special: isSpecial };
  };
  const { added_tokens_decoder: listed = {} } = optionalObject(directory, "tokenizer_config.json");
  const tokens = new Map(
    [...special.map((name) => [name, vocab[name]]), ...Object.entries(optionalObject(directory, "added_tokens.json"))]
      .filter((entry): entry is [string, number] => typeof entry[1] === "number")
      .map(([name, id]) => [id, token(name, id)]),
  );
  for (const [id, entry] of Object.entries(listed as Record<string, Partial<AddedToken>>))
    if (typeof entry?.content === "string")
      tokens.set(Number(id), { ...token(entry.content, Number(id)), ...entry, id: Number(id), content: entry.content });
  return [...tokens.values()].sort((a, b) => a.id - b.id);
}

function vocabularyOf(value: unknown, path: string): Record<string, number> {
  if (typeof value === "object" && value !== null && Object.values(value).every(Number.isSafeInteger))
    return value as Record<string, number>;
  throw new InputError(`${path} is not a vocabulary: it must be an object of a number for each token`, { file: path });
}

function optionalObject(directory: string, name: string): Record<string, unknown> {
  const path = join(directory, name);
  const value = existsSync(path) ? readJson(path) : {};
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new InputError(`${path} is not a JSON object`, { file: path });
}

/** The lines of a text file, as Python cuts them. */
function linesOf(path: string): string[] {
  const lines = readText(path).split(/\r\n|\n|\r/);
  return lines.at(-1) === "" ? lines.slice(0, -1) : lines;
}
