import { tf, type Tensor } from "../model/backend";

/** Which of the B · T places of a padded batch hold N real tokens. */
export interface Tokens {
  /** Flat places of the real tokens, int32 [N]; undefined when all are real. */
  places?: Tensor;
  /** 1 where the token belongs to the example, float32 [B, N]; undefined with one token an example. */
  owners?: Tensor;
}

/** The tokens of sequences of these lengths, padded to the longest; tensors that the caller frees. */
export function realTokens(lengths: number[], longest: number): Tokens {
  const total = lengths.reduce((sum, length) => sum + length, 0);
  const owners = new Float32Array(lengths.length * total);
  const places = new Int32Array(total);
  let token = 0;
  lengths.forEach((length, b) => {
    for (let t = 0; t < length; t++) {
      owners[b * total + token] = 1;
      places[token++] = b * longest + t;
    }
  });
  const padded = total < lengths.length * longest;
  return {
    owners: tf.tensor2d(owners, [lengths.length, total]),
    ...(padded ? { places: tf.tensor1d(places, "int32") } : {}),
  };
}
