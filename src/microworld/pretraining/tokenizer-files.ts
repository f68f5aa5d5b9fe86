/** The tokenizer's files in Hugging Face layout, as roberta-base has them. */
import { specialTokens, type BytePairVocabulary } from "./byte-pair-training";

/** `tokenizer.json`: byte-level BPE without a prefix space; <mask> swallows the space before it. */
export function tokenizerJson({ ids, merges }: BytePairVocabulary): object {
  return {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: specialTokens.map((content, id) => ({
      id,
      content,
      single_word: false,
      lstrip: content === "<mask>",
      rstrip: false,
      normalized: false,
      special: true,
    })),
    normalizer: null,
    pre_tokenizer: { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true },
    post_processor: {
      type: "RobertaProcessing",
      sep: ["</s>", ids.get("</s>")],
      cls: ["<s>", ids.get("<s>")],
      trim_offsets: true,
      add_prefix_space: false,
    },
    decoder: { type: "ByteLevel", add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: {
      type: "BPE",
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: "",
      end_of_word_suffix: "",
      fuse_unk: false,
      byte_fallback: false,
      vocab: Object.fromEntries(ids),
      merges: merges.map((pair) => pair.join(" ")),
    },
  };
}

/** `special_tokens_map.json`. */
export function specialTokensMap(): object {
  return {
    bos_token: "<s>",
    cls_token: "<s>",
    eos_token: "</s>",
    sep_token: "</s>",
    pad_token: "<pad>",
    unk_token: "<unk>",
    mask_token: { content: "<mask>", single_word: false, lstrip: true, rstrip: false, normalized: false },
  };
}

/** `tokenizer_config.json`; `maxLength` in tokens. */
export function tokenizerConfig(maxLength: number): object {
  return {
    tokenizer_class: "RobertaTokenizer",
    add_prefix_space: false,
    trim_offsets: true,
    model_max_length: maxLength,
    clean_up_tokenization_spaces: false,
    ...specialTokensMap(),
  };
}

/** `vocab.json` and `merges.txt`, for tools that still want the pair of files. */
export function legacyFiles({ ids, merges }: BytePairVocabulary): { vocab: string; merges: string } {
  return {
    vocab: JSON.stringify(Object.fromEntries(ids)),
    merges: "#version: 0.2\n" + merges.map((pair) => `${pair.join(" ")}\n`).join(""),
  };
}
