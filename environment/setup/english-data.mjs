import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync } from "node:fs";
import path from "node:path";
import { run } from "./command.mjs";
import { fingerprint, readIfThere } from "./files.mjs";
import { build, cache, nodeModules, root, venvPython } from "./places.mjs";
import { quietPip } from "./python-environment.mjs";
import { SetupError } from "./setup-error.mjs";

/** The source archive carries rated sentences, which the wheel leaves out. */
const VADER = {
  requirement: "vaderSentiment==3.3.2",
  file: "vaderSentiment-3.3.2.tar.gz",
  sha256: "5d7c06e027fc8b99238edb0d53d970cf97066ef97654009890b83703849632f9",
};
const archive = path.join(cache, VADER.file);
const folder = path.join(root, "data", "english", "tasks");
const pairs = path.join(root, "data", "english", "inference.tsv");
const program = path.join(build, "src", "english", "data-cli.js");

/** Changes with the program that makes the data, and with what it is made from. */
const wanted = () =>
  fingerprint(
    ...["data-cli", "data-files", "data-sets", "sources"].map((name) =>
      readFileSync(path.join(root, "src", "english", `${name}.ts`)),
    ),
    readFileSync(pairs),
    Buffer.from(VADER.sha256),
  );

/** Step: the archive with the rated sentences of vaderSentiment. */
export const ratedSentences = {
  name: "Rated sentences",
  detail: `downloading ${VADER.requirement} (2.5 MB)`,
  gigabytes: 0.1,
  isDone: () => existsSync(archive) || englishData.isDone(),
  run: fetchArchive,
};

/** Step: the data of the English tasks, from sentences that two packages carry and pairs that were written for it. */
export const englishData = {
  name: "English tasks",
  detail: "labelled sentences out of the packages sentiment and vaderSentiment, and pairs of sentences",
  gigabytes: 0.1,
  isDone: () => {
    const stamp = readIfThere(path.join(folder, "stamp.json"));
    return stamp !== undefined && JSON.parse(stamp).version === wanted();
  },
  async run() {
    await run(
      process.execPath,
      [
        program,
        "--sentiment",
        path.join(nodeModules, "sentiment"),
        "--vader",
        archive,
        "--pairs",
        pairs,
        "--out",
        folder,
        "--stamp",
        wanted(),
      ],
      { what: "making the English tasks", log: "english-tasks" },
    );
    return undefined;
  },
};

async function fetchArchive() {
  const scratch = path.join(cache, "vader-part");
  rmSync(scratch, { recursive: true, force: true });
  mkdirSync(scratch, { recursive: true });
  await run(
    venvPython,
    [
      "-m",
      "pip",
      "download",
      ...quietPip,
      "--no-cache-dir",
      "--no-deps",
      "--no-binary",
      ":all:",
      "--dest",
      scratch,
      VADER.requirement,
    ],
    {
      what: "downloading the rated sentences",
      source: "the Python package index (`pip config list` shows which)",
      log: "english-download",
    },
  );
  const [file] = readdirSync(scratch);
  const found = createHash("sha256")
    .update(readFileSync(path.join(scratch, file)))
    .digest("hex");
  if (found !== VADER.sha256)
    throw new SetupError(
      `${VADER.requirement}: the archive's SHA-256 is ${found}, not ${VADER.sha256}. It is not the file that the English tasks are made from; try again later, or with another package index.`,
    );
  renameSync(path.join(scratch, file), archive);
  rmSync(scratch, { recursive: true, force: true });
}
