/** The text of a pretraining run: one document a line, encoded once. */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { InputError } from "../errors";
import { readText } from "../files/file-bytes";
import { readSafetensors, writeSafetensors, type StoredTensor } from "../files/safetensors";
import type { Tokenizer } from "../model/tokenizer";

/** Documents as token ids without special tokens, one behind the other. */
export interface EncodedDocuments {
  ids: Int32Array;
  /** Where each document begins, and the end of the last. */
  starts: Int32Array;
  /** Identifies text and tokenizer. */
  hash: string;
  sources: TextSource[];
}

/** What a file added. */
export interface TextSource {
  name: string;
  documents: number;
  tokens: number;
}

/** The number of documents. */
export const documentCount = ({ starts }: Pick<EncodedDocuments, "starts">): number => starts.length - 1;

/** The token ids of a document. */
export const documentIds = ({ ids, starts }: EncodedDocuments, index: number): Int32Array =>
  ids.subarray(starts[index], starts[index + 1]);

/**
 * Reads the `.txt` files of folders, or files themselves, and encodes each line.
 * @param cache a folder that keeps the ids, so that the same text is encoded once
 * @throws naming a path without text
 */
export function encodeDocuments(paths: readonly string[], tokenizer: Tokenizer, cache?: string): EncodedDocuments {
  const files = paths.flatMap(textFiles);
  const texts = files.map(readText);
  const hash = createHash("sha256")
    .update(
      JSON.stringify([
        Array.from({ length: tokenizer.vocabSize }, (_, id) => tokenizer.idToToken(id) ?? null),
        tokenizer.encode("A tokenizer's fingerprint: ÉTÉ, antidisestablishmentarianism!"),
        texts.map((text) => createHash("sha256").update(text).digest("hex")),
      ]),
    )
    .digest("hex");
  const kept = cache === undefined ? undefined : join(cache, `tokens-${hash.slice(0, 16)}.safetensors`);
  return (kept !== undefined && readKept(kept, hash)) || encodeAll(files, texts, tokenizer, hash, kept);
}

function textFiles(path: string): string[] {
  if (!existsSync(path))
    throw new InputError(
      `there is no file or folder ${path}: give .txt files, or folders of them, with one document a line`,
    );
  const files = statSync(path).isDirectory()
    ? readdirSync(path)
        .filter((name) => name.endsWith(".txt"))
        .sort()
        .map((name) => join(path, name))
    : [path];
  if (files.length === 0) throw new InputError(`${path} has no .txt file: give a folder of text, one document a line`);
  return files;
}

function readKept(path: string, hash: string): EncodedDocuments | undefined {
  try {
    const { tensors, metadata } = readSafetensors(path);
    const [ids, starts] = [tensors.get("ids"), tensors.get("starts")];
    if (ids?.dtype !== "I32" || starts?.dtype !== "I32") return undefined;
    return {
      ids: ids.data,
      starts: starts.data,
      hash,
      sources: JSON.parse(metadata.sources) as TextSource[],
    };
  } catch {
    return undefined;
  }
}

function encodeAll(
  files: readonly string[],
  texts: readonly string[],
  tokenizer: Tokenizer,
  hash: string,
  kept: string | undefined,
): EncodedDocuments {
  const ids: number[] = [];
  const starts = [0];
  const sources = files.map((file, i) => {
    const before = { documents: starts.length, tokens: ids.length };
    for (const line of texts[i].split(/\r?\n/)) {
      const own = line === "" ? [] : tokenizer.encodeText(line);
      if (own.length === 0) continue;
      for (const id of own) ids.push(id);
      starts.push(ids.length);
    }
    return {
      name: basename(file, ".txt"),
      documents: starts.length - before.documents,
      tokens: ids.length - before.tokens,
    };
  });
  if (ids.length === 0)
    throw new InputError(`${files.join(", ")}: there is no text to train on; give one document a line`);
  const encoded = { ids: Int32Array.from(ids), starts: Int32Array.from(starts), hash, sources };
  if (kept !== undefined) {
    mkdirSync(join(kept, ".."), { recursive: true });
    const stored = (data: Int32Array): StoredTensor<"I32"> => ({
      dtype: "I32",
      shape: [data.length],
      data,
    });
    writeSafetensors(
      kept,
      { ids: stored(encoded.ids), starts: stored(encoded.starts) },
      { sources: JSON.stringify(sources) },
    );
  }
  return encoded;
}
