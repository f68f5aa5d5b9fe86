/** What prompts need of a tokenizer. */
export interface TextEncoder {
  /** Token ids of a text as it stands, without special tokens around it. */
  encode(text: string): number[];
  /** The id of a token of the vocabulary, written as the vocabulary writes it (byte-level BPE: "Ġgreat"; WordPiece: "great"). */
  tokenToId(token: string): number | undefined;
  readonly clsId: number;
  readonly sepId: number;
  readonly maskId: number;
  readonly padId: number;
  /** What stands for a word that the vocabulary cannot write, where it has such a token (WordPiece: [UNK]). */
  readonly unkId?: number;
}
