/**
 * Kernel values with the axes of the authors' files:
 * [train examples, train logits, X examples, X logits], row-major.
 * With the binary margin as the one output, both logit axes have length 1.
 */
export interface KernelTensor {
  values: Float64Array;
  shape: [trainExamples: number, trainLogits: number, examples: number, logits: number];
}

/** A model's outputs f on a list of examples, [examples, logits], row-major; one column for the binary margin. */
export interface LogitsTensor {
  values: Float32Array;
  shape: [examples: number, logits: number];
}
