/** AG News in the authors' columns: label 1 to 4, title, description. */
import { createHash } from "node:crypto";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CorruptFileError, InputError } from "../errors";
import { reason, type RequestOptions } from "../files/download";
import { valueAt } from "../files/fields";
import { huggingfaceHub } from "../packages";
import { runningSignal } from "../running-cell";
import { fetchVersion } from "./remote-file";

/**
 * A data set on the Hub with title and description apart, as JSON lines. (The Hub's own fancyzhx/ag_news joins them with
 * a space, which cannot be undone.)
 */
const DATASET = "sh0416/ag_news";
/** The files as published, where the Hub's data set is taken from too. */
const CSV_ADDRESS = "https://raw.githubusercontent.com/mhjabreel/CharCnn_Keras/master/data/ag_news_csv/";
/** SHA-256 of the published files, as the Hub's `dataset_infos.json` of ag_news had them. */
const PUBLISHED = {
  train: "76a0a2d2f92b286371fe4d4044640910a04a803fdd2538e0f3f29a5c6f6b672e",
  test: "521465c2428ed7f02f8d6db6ffdd4b5447c1c701962353eb2c40d548c3c85699",
};

export interface AgNewsOptions extends RequestOptions {
  /** Where unfinished downloads are kept. */
  cache: string;
  /** Address of a folder with train.csv and test.csv, in place of the Hub. Files other than the published ones are taken, with a note. */
  mirror?: string;
  /** Address of the Hub. Default: HF_ENDPOINT, or the public Hub. */
  hub?: string;
  /** Where the published files are, if the Hub fails. */
  csvAddress?: string;
  /** SHA-256 of the published files. */
  published?: typeof PUBLISHED;
  onProgress?: (file: string, done: number, total: number) => void;
  /** Receives notes for the user that are no errors. */
  note: (line: string) => void;
}

/**
 * Writes `train.csv` and `test.csv` into `folder`, with the bytes of the published files: rebuilt from the Hub's JSON
 * lines, or, if the Hub cannot be reached or gives other bytes, from the published files themselves.
 *
 * @returns the addresses they come from
 * @throws saying what went wrong at both places
 */
export async function fetchAgNews(folder: string, options: AgNewsOptions): Promise<string[]> {
  const { mirror, hub = process.env.HF_ENDPOINT || huggingfaceHub.HUB_URL, csvAddress = CSV_ADDRESS } = options;
  if (mirror !== undefined) return await fetchFrom(mirror, ".csv", folder, options);
  let problem: unknown;
  try {
    return await fetchFrom(`${hub.replace(/\/+$/, "")}/datasets/${DATASET}/resolve/main/`, ".jsonl", folder, options);
  } catch (error) {
    (options.signal ?? runningSignal())?.throwIfAborted();
    problem = error;
  }
  options.note(`AG News: ${reason(problem)}; taking the published files from ${csvAddress}`);
  try {
    return await fetchFrom(csvAddress, ".csv", folder, options);
  } catch (error) {
    (options.signal ?? runningSignal())?.throwIfAborted();
    throw new InputError(`AG News cannot be downloaded: ${reason(problem)}; ${reason(error)}`, {}, { cause: error });
  }
}

async function fetchFrom(
  address: string,
  ending: ".csv" | ".jsonl",
  folder: string,
  { cache, mirror, published = PUBLISHED, onProgress, note, ...requests }: AgNewsOptions,
): Promise<string[]> {
  const urls: string[] = [];
  for (const split of ["train", "test"] as const) {
    const url = `${address}${split}${ending}`;
    const missing = `${url} is not there (HTTP 404)`;
    const { path } = await fetchVersion(
      { name: url, file: `ag_news-${split}${ending}`, folder: cache, addresses: [url], missing },
      requests,
      (done, total) => onProgress?.(`${split}${ending}`, done, total),
    );
    const bytes = readFileSync(path);
    rmSync(path);
    const csv = ending === ".csv" ? bytes : agNewsCsv(bytes.toString(), url);
    const sha256 = createHash("sha256").update(csv).digest("hex");
    if (sha256 !== published[split] && mirror === undefined)
      throw new CorruptFileError(`${url} does not give the published ${split}.csv (SHA-256 ${sha256})`);
    if (sha256 !== published[split]) note(`${url} is not the published file`);
    writeFileSync(join(folder, `${split}.csv`), csv);
    urls.push(url);
  }
  return urls;
}

/** The published form of the rows: every cell in quotes, quotes doubled. */
export function agNewsCsv(jsonLines: string, name: string): string {
  const lines = jsonLines.split("\n");
  if (lines.at(-1) === "") lines.pop();
  const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;
  return lines
    .map((line, i) => {
      let row: unknown;
      try {
        row = JSON.parse(line);
      } catch {
        // The error is below.
      }
      const [label, title, description] = ["label", "title", "description"].map((key) => valueAt(row, [key]));
      if (![1, 2, 3, 4].includes(label as number) || typeof title !== "string" || typeof description !== "string") {
        throw new CorruptFileError(
          `${name}, line ${i + 1}: not a row with label (1 to 4), title and description: ${JSON.stringify(line.slice(0, 60))}`,
        );
      }
      return `${[String(label), title, description].map(quoted).join(",")}\n`;
    })
    .join("");
}
