/** Writes a pretrained model as a folder in Hugging Face layout. */
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Weight } from "../../model/checkpoint";
import { parameterShapes, toRawConfig, type ModelConfig } from "../../model/model-config";
import { writeSafetensors, type StoredTensor } from "../../model/safetensors";
import { writeText } from "../text-file";
import type { BytePairVocabulary } from "./byte-pair-training";
import { legacyFiles, specialTokensMap, tokenizerConfig, tokenizerJson } from "./tokenizer-files";

/** The nearest IEEE half-precision number (ties to even), as its bits. */
export function toHalfBits(value: number): number {
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const magnitude = Math.abs(value);
  if (Number.isNaN(value)) return 0x7e00;
  if (magnitude >= 65520) return sign | 0x7c00;
  // Below 2^-14 the step is fixed at 2^-24; above, it is 2^-10 of the power of two.
  const exponent = magnitude < 2 ** -14 ? -14 : Math.floor(Math.log2(magnitude));
  const power = 2 ** exponent > magnitude && exponent > -14 ? exponent - 1 : exponent;
  const step = 2 ** (power - 10);
  const steps = roundToEven(magnitude / step);
  if (steps === 0) return sign;
  // Subnormals have no implicit bit; a carry into the next power of two falls out right.
  return sign | (power === -14 ? steps : ((power + 14) << 10) + steps);
}

function roundToEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

/**
 * Writes config, weights (float16, the tied decoder left out) and tokenizer files such that Python's
 * `RobertaForMaskedLM` and `AutoTokenizer` load them.
 */
export function writeModelFolder(
  directory: string,
  config: ModelConfig,
  weights: ReadonlyMap<string, Weight>,
  vocabulary: BytePairVocabulary,
): void {
  mkdirSync(directory, { recursive: true });
  const tensors = new Map<string, StoredTensor>();
  for (const [name, shape] of parameterShapes(config)) {
    if (name === "lm_head.decoder.weight") continue;
    const weight = weights.get(name);
    if (!weight) throw new Error(`cannot write the model to ${directory}: parameter ${name} is missing`);
    tensors.set(name, { dtype: "F16", shape, data: Uint16Array.from(weight.data, toHalfBits) });
  }
  writeSafetensors(join(directory, "model.safetensors"), tensors, { format: "pt" });
  writeText(join(directory, "config.json"), json(toRawConfig(config)));
  writeText(join(directory, "tokenizer.json"), json(tokenizerJson(vocabulary)));
  writeText(join(directory, "tokenizer_config.json"), json(tokenizerConfig(config.maxPositions - config.padTokenId - 1)));
  writeText(join(directory, "special_tokens_map.json"), json(specialTokensMap()));
  const legacy = legacyFiles(vocabulary);
  writeText(join(directory, "vocab.json"), legacy.vocab);
  writeText(join(directory, "merges.txt"), legacy.merges);
}

/** The vocabulary of a folder that {@link writeModelFolder} wrote. */
export function readVocabulary(directory: string): BytePairVocabulary {
  const { model } = JSON.parse(readFileSync(join(directory, "tokenizer.json"), "utf8")) as { model: { vocab: Record<string, number>; merges: string[] } };
  return { ids: new Map(Object.entries(model.vocab)), merges: model.merges.map((pair) => pair.split(" ") as [string, string]) };
}
