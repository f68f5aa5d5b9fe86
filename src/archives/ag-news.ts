/** AG News in the authors' columns: label 1 to 4, title, description. */
import { createHash } from "node:crypto";
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CorruptFileError, InputError } from "../errors";
import { downloadFile, hashOf, reason } from "../files/download";
import { contentOf } from "../files/hub-requests";
import { huggingfaceHub } from "../packages";
import { runningSignal } from "../running-cell";
import { fetchVersion, requestsOf, type RemoteOptions } from "./remote-file";

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
} as const;

const SPLITS = ["train", "test"] as const;

export interface AgNewsOptions extends RemoteOptions {
  /** Where unfinished downloads are kept. */
  cache: string;
  /** Address of a folder with train.csv and test.csv, in place of the Hub. Files other than the published ones are taken, with a note. */
  mirror?: string;
  /** Address of the Hub. Default: HF_ENDPOINT, or the public Hub. */
  hub?: string;
  /** Where the published files are, if the Hub fails. */
  csvAddress?: string;
  /** SHA-256 of the published files. */
  published?: Record<(typeof SPLITS)[number], string>;
  onProgress?: (file: string, done: number, total: number) => void;
  /** Receives notes for the user that are no errors. */
  note?: (line: string) => void;
}

/**
 * Writes `train.csv` and `test.csv` into `folder`, with the bytes of the published files: rebuilt from the Hub's JSON
 * lines, or, if the Hub cannot be reached or gives other bytes, from the published files themselves.
 *
 * @returns the addresses they come from
 * @throws saying what went wrong at both places
 */
export async function fetchAgNews(
  folder: string,
  { signal = runningSignal(), ...given }: AgNewsOptions,
): Promise<string[]> {
  const options: AgNewsOptions = { ...given, signal };
  const { mirror, csvAddress = CSV_ADDRESS, note = () => undefined } = options;
  if (mirror !== undefined) return await fromCsv(folder, mirror, false, options);
  let problem: unknown;
  try {
    return await fromHub(folder, options);
  } catch (error) {
    signal?.throwIfAborted();
    problem = error;
  }
  note(`AG News: ${reason(problem)}; taking the published files from ${csvAddress}`);
  try {
    return await fromCsv(folder, csvAddress, true, options);
  } catch (error) {
    signal?.throwIfAborted();
    throw new InputError(`AG News cannot be downloaded: ${reason(problem)}; ${reason(error)}`, {}, { cause: error });
  }
}

async function fromHub(folder: string, options: AgNewsOptions): Promise<string[]> {
  const { cache, published = PUBLISHED } = options;
  const requests = requestsOf(options);
  const endpoint = (options.hub ?? (process.env.HF_ENDPOINT || huggingfaceHub.HUB_URL)).replace(/\/+$/, "");
  // The library's functions take no signal: it goes in with fetch.
  const fetcher: typeof fetch = (url, init) => requests.fetch(url, { signal: requests.signal, ...init });
  const hub = { hubUrl: endpoint, fetch: fetcher };
  const { sha: commit } = await huggingfaceHub.datasetInfo({
    ...hub,
    name: DATASET,
    revision: "main",
    additionalFields: ["sha"],
  });
  const files = await huggingfaceHub.pathsInfo({
    ...hub,
    repo: { type: "dataset", name: DATASET },
    revision: commit,
    paths: SPLITS.map((split) => `${split}.jsonl`),
  });
  const urls: string[] = [];
  for (const split of SPLITS) {
    const name = `${split}.jsonl`;
    const file = files.find(({ path }) => path === name);
    if (file === undefined) throw new InputError(`the Hub's data set ${DATASET} has no file ${name}`);
    const content = contentOf(file, `data set ${DATASET}`);
    const path = join(cache, `.ag_news-${split}-${content.checksum.hex.slice(0, 12)}.jsonl`);
    const url = `${endpoint}/datasets/${DATASET}/resolve/${commit}/${name}`;
    if (!existsSync(path)) {
      const onBytes = (done: number): void => options.onProgress?.(name, done, content.size);
      await downloadFile({ url, headers: {}, path, ...content, name: `${DATASET}/${name}` }, { ...requests, onBytes });
    }
    const csv = agNewsCsv(readFileSync(path, "utf8"), `${DATASET}/${name}`);
    rmSync(path);
    const found = createHash("sha256").update(csv).digest("hex");
    if (found !== published[split])
      throw new CorruptFileError(`${url} does not give the published ${split}.csv (SHA-256 ${found})`);
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
      let row: { label?: unknown; title?: unknown; description?: unknown } = {};
      try {
        row = (JSON.parse(line) ?? {}) as typeof row;
      } catch {
        // The error is below.
      }
      const { label, title, description } = row;
      if (![1, 2, 3, 4].includes(label as number) || typeof title !== "string" || typeof description !== "string") {
        throw new CorruptFileError(
          `${name}, line ${i + 1}: not a row with label (1 to 4), title and description: ${JSON.stringify(line.slice(0, 60))}`,
        );
      }
      return `${[String(label), title, description].map(quoted).join(",")}\n`;
    })
    .join("");
}

async function fromCsv(folder: string, address: string, strict: boolean, options: AgNewsOptions): Promise<string[]> {
  const { published = PUBLISHED, note = () => undefined } = options;
  const urls: string[] = [];
  for (const split of SPLITS) {
    const name = `${split}.csv`;
    const url = `${address}${name}`;
    const { path } = await fetchVersion(
      {
        name: url,
        file: `ag_news-${name}`,
        folder: options.cache,
        addresses: [url],
        missing: `${url} is not there (HTTP 404)`,
        sha256: strict ? published[split] : undefined,
      },
      { ...options, onBytes: (done, total) => options.onProgress?.(name, done, total) },
    );
    if (!strict && (await hashOf(path)) !== published[split]) note(`${url} is not the published file`);
    renameSync(path, join(folder, name));
    urls.push(url);
  }
  return urls;
}
