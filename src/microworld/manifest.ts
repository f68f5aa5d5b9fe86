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
  /** SHA-256 of all of the above: names the version of the language. */
  version: string;
}

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

/** Documents one a line. */
export const corpusText = (documents: readonly (readonly string[])[]): string => documents.map((document) => `${document.join(" ")}\n`).join("");

/** Hashes of data sets and of the first documents of the text that holds none of them. */
export function makeManifest(dataSets: readonly DataSet[], settings: LanguageSettings, languageSeed: number, heldOut: ReadonlySet<string>, documents = 2000): Manifest {
  const files = Object.fromEntries(
    dataSets.flatMap((dataSet) => [...originalFiles(dataSet)].map(([name, text]) => [`${taskFolder(taskByName(dataSet.analogue.task))}/original/${name}`, sha256(text)])),
  );
  const corpus = { documents, sha256: sha256(corpusText(corpusBlock(settings, languageSeed, 0, documents, heldOut))) };
  const content = { languageSeed, settings, files, corpus };
  return { ...content, version: sha256(JSON.stringify(content)) };
}
