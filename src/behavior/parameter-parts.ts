/** Where in the model a parameter is, and what it does there: the two ways of dividing a kernel into parts. */

/** "embeddings", "layer 1" and so on, or "head". */
export function layerOfParameter(name: string): string {
  const layer = /\.encoder\.layer\.(\d+)\./.exec(name);
  if (layer) return `layer ${Number(layer[1]) + 1}`;
  return name.includes(".embeddings.") ? "embeddings" : "head";
}

const KINDS: readonly (readonly [test: RegExp, kind: string])[] = [
  [/\.lora_A\.weight$/, "LoRA A"],
  [/\.lora_B\.weight$/, "LoRA B"],
  [/\.?bias$/, "biases"],
  [/(LayerNorm|layer_norm)\.weight$/, "norm scales"],
  [/\.embeddings\./, "embeddings"],
  [/\.attention\.self\.query\./, "query"],
  [/\.attention\.self\.key\./, "key"],
  [/\.attention\.self\.value\./, "value"],
  [/\.attention\.output\.dense\./, "attention output"],
  [/\.intermediate\.dense\./, "feed-forward in"],
  [/\.encoder\.layer\.\d+\.output\.dense\./, "feed-forward out"],
];

/** All kinds, in the order in which a figure shows them: along the forward pass, then what every layer has. */
export const PARAMETER_KINDS = [
  "embeddings",
  "query",
  "key",
  "value",
  "attention output",
  "feed-forward in",
  "feed-forward out",
  "head",
  "norm scales",
  "biases",
  "LoRA A",
  "LoRA B",
] as const;

/** One of {@link PARAMETER_KINDS}; "head" are the head's weights. */
export const kindOfParameter = (name: string): string => KINDS.find(([test]) => test.test(name))?.[1] ?? "head";
