import path from "node:path";
import { ARCHITECTURES } from "../../model/architecture";
import { parameterCount, type Model } from "../../model/model";
import type { Tokenizer } from "../../model/tokenizer";
import type { MimeBundle } from "../display-sink";
import { facts, isObject } from "./facts";

/** A model, a tokenizer, or both as `loadLanguageModel` gives them. */
export function modelBundle(value: Record<string, unknown>): MimeBundle | undefined {
  if (isModel(value)) return facts(modelFacts(value), "Model");
  if (isTokenizer(value)) return facts(tokenizerFacts(value), "Tokenizer");
  if (isModel(value.model) && isTokenizer(value.tokenizer) && typeof value.directory === "string") {
    const folder = nearby(value.directory);
    return facts({ folder, ...modelFacts(value.model), ...tokenizerFacts(value.tokenizer) }, "Language model");
  }
  return undefined;
}

function modelFacts(model: Model): Record<string, unknown> {
  const { modelType, layers, hiddenSize, heads, vocabSize, tieWordEmbeddings } = model.config;
  return {
    architecture: ARCHITECTURES[modelType].title,
    layers: `${layers}, with ${heads} attention heads each`,
    "hidden units": hiddenSize,
    vocabulary: `${grouped(vocabSize)} tokens${tieWordEmbeddings ? ", one embedding for reading and writing" : ""}`,
    parameters: `${grouped(parameterCount(model))} in ${model.parameters.size} tensors`,
    LoRA: model.loraScale === undefined ? undefined : `with factors, scaled by ${model.loraScale}`,
    hash: model.hash.slice(0, 16),
  };
}

function tokenizerFacts(tokenizer: Tokenizer): Record<string, unknown> {
  const special = { start: tokenizer.clsId, end: tokenizer.sepId, mask: tokenizer.maskId, padding: tokenizer.padId };
  const kind =
    tokenizer.tokenToId("[CLS]") === tokenizer.clsId
      ? "WordPiece"
      : tokenizer.tokenToId("▁") === undefined
        ? "byte-level BPE"
        : "SentencePiece";
  const example = tokenizer.encode("A fine film.").map((id) => tokenizer.idToToken(id) ?? String(id));
  return {
    tokens: `${grouped(tokenizer.vocabSize)}, ${kind}`,
    "special tokens": Object.entries(special)
      .map(([what, id]) => `${what} ${tokenizer.idToToken(id)} (${id})`)
      .join(", "),
    "“A fine film.”": example.join(" "),
  };
}

/** "123,456". */
const grouped = (count: number): string => count.toLocaleString("en-US");

/** A folder as it is seen from here, or its name where it is elsewhere. */
function nearby(directory: string): string {
  const relative = path.relative(process.cwd(), directory);
  return relative.startsWith("..") || path.isAbsolute(relative) ? path.basename(directory) : relative || ".";
}

const isModel = (value: unknown): value is Model =>
  isObject(value) &&
  isObject(value.config) &&
  value.parameters instanceof Map &&
  typeof value.hash === "string" &&
  Object.hasOwn(ARCHITECTURES, String(value.config.modelType));

const isTokenizer = (value: unknown): value is Tokenizer =>
  isObject(value) &&
  ["encode", "decode", "tokenToId", "idToToken"].every((key) => typeof value[key] === "function") &&
  ["vocabSize", "clsId", "sepId", "maskId", "padId"].every((key) => typeof value[key] === "number");
