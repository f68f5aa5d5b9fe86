/** Hashes of everything that the language makes, so that every machine can see that it made the same. */
import { createHash } from "node:crypto";
import { taskByName, taskFolder } from "../tasks/task";
import { originalFiles } from "./analogues/data-files";
import type { DataSet } from "./analogues/data-set";
import { corpusBlock } from "./language/corpus";
import type { LanguageSettings } from "./language/settings";

export interface Manifest {
  languageSeed: number;
  settings: LanguageSettings;
  /** SHA-256 of the full data sets' files. */
  files: Record<string, string>;
  /** SHA-256 of the first documents of the pretraining text, one a line. */
  corpus: { documents: number; sha256: string };
  /** The same of the texts of the later stages of pretraining. */
  laterStages: { languageSeed: number; documents: number; sha256: string }[];
  /** SHA-256 of all of the above: names the version of the language. */
  version: string;
}

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

/** Documents one a line. */
export const corpusText = (documents: readonly (readonly string[])[]): string => documents.map((document) => `${document.join(" ")}\n`).join("");

/** A text that a stage of pretraining reads. */
export interface StageText {
  language: LanguageSettings;
  languageSeed: number;
}

export interface ManifestOptions {
  /** How many documents of each text are hashed. Default 2,000. */
  documents?: number;
  laterStages?: readonly StageText[];
}

/** Hashes of data sets and of the first documents of the texts that hold none of them. */
export function makeManifest(dataSets: readonly DataSet[], settings: LanguageSettings, languageSeed: number, heldOut: ReadonlySet<string>, { documents = 2000, laterStages = [] }: ManifestOptions = {}): Manifest {
  const files = Object.fromEntries(
    dataSets.flatMap((dataSet) => [...originalFiles(dataSet)].map(([name, text]) => [`${taskFolder(taskByName(dataSet.analogue.task))}/original/${name}`, sha256(text)])),
  );
  const hashOf = (language: LanguageSettings, seed: number): string => sha256(corpusText(corpusBlock(language, seed, 0, documents, heldOut)));
  const corpus = { documents, sha256: hashOf(settings, languageSeed) };
  const later = laterStages.map((stage) => ({ languageSeed: stage.languageSeed, documents, sha256: hashOf(stage.language, stage.languageSeed) }));
  const content = { languageSeed, settings, files, corpus, laterStages: later };
  return { ...content, version: sha256(JSON.stringify(content)) };
}
