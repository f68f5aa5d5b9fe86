/** What prompts need of a tokenizer. */
export interface TextEncoder {
  /** Token ids of a text as it stands, without special tokens around it. */
  encode(text: string): number[];
  /** The id of a token of the vocabulary, written as the vocabulary writes it (byte-level BPE: "Ġgreat"). */
  tokenToId(token: string): number | undefined;
  readonly clsId: number;
  readonly sepId: number;
  readonly maskId: number;
  readonly padId: number;
}
