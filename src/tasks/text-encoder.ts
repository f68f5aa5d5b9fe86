/** What prompts need of a tokenizer. */
export interface TextEncoder {
  /** Token ids of a text as it stands, without special tokens around it; "<mask>" and the like in it are special tokens. */
  encode(text: string): number[];
  /** {@link encode} for what users write: "<mask>" and the like in it are ordinary characters. */
  encodeText(text: string): number[];
  /** The id of a token of the vocabulary, written as the vocabulary writes it (byte-level BPE: "Ġgreat"; WordPiece: "great"). */
  tokenToId(token: string): number | undefined;
  readonly clsId: number;
  readonly sepId: number;
  readonly maskId: number;
  readonly padId: number;
  /** What stands for a word that the vocabulary cannot write, where it has such a token (WordPiece: [UNK]). */
  readonly unkId?: number;
}
