/** A prompted example as token ids, unpadded. */
export interface EncodedPrompt {
  ids: number[];
  /** Index of the mask token in `ids`. */
  maskPosition: number;
}
