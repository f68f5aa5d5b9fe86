import { afterEach, beforeEach, test } from "node:test";
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { downloadKernels, KERNEL_ADDRESSES, type KernelDownloadOptions } from "../../src/archives/download-kernels";
import { readKernels } from "../../src/archives/kernel-files";
import { fileServer, type FileServer } from "../support/file-server";
import { makeZip, type MadeEntry } from "../support/make-zip";
import { fixturePath } from "../support/tiny-roberta";

const NAME = "prompt-sgd-16-shot";
const content = (folder: string): MadeEntry[] =>
  readdirSync(fixturePath("torch", folder)).map((file) => ({
    name: `${NAME}/${folder}/13/${file}`,
    content: readFileSync(fixturePath("torch", folder, file)),
    deflate: !file.includes("logits"),
  }));
const entries: MadeEntry[] = [
  { name: `${NAME}/`, content: Buffer.alloc(0) },
  ...content("sgd"),
  ...content("margin"),
  { name: "__MACOSX/._x", content: Buffer.from("clutter") },
  { name: `${NAME}/.DS_Store`, content: Buffer.from("clutter") },
];
const archive = makeZip(entries);

let folder = "";
let server: FileServer;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "download-kernels-"));
  server = await fileServer({ [`/kernels/${NAME}.zip`]: archive });
});
afterEach(async () => {
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});
const out = () => join(folder, "kernels", NAME);
const download = (more: Partial<KernelDownloadOptions> = {}) =>
  downloadKernels(NAME, { out: out(), from: `${server.address}kernels/`, retryDelay: 1, ...more });
/** Nothing is installed, and at most the archive is kept. */
const leftovers = (): string[] => (existsSync(join(folder, "kernels")) ? readdirSync(join(folder, "kernels")) : []);
const files = (): string[] =>
  readdirSync(out(), { recursive: true, withFileTypes: true })
    .filter((file) => file.isFile())
    .map(({ name }) => name)
    .sort();

test("downloads, unpacks, says where the kernels are and where they come from", async () => {
  const { folders, source, reused } = await download();
  assert.deepEqual(folders, [join(out(), NAME, "margin", "13"), join(out(), NAME, "sgd", "13")]);
  assert.equal(reused, false);
  for (const [i, name] of ["margin", "sgd"].entries()) {
    const [{ metadata: _, ...read }, { metadata: __, ...expected }] = [
      readKernels(folders[i], "test"),
      readKernels(fixturePath("torch", name), "test"),
    ];
    assert.deepEqual(read, expected);
  }
  assert.deepEqual(
    files().filter((name) => !name.endsWith(".pt")),
    ["source.json"],
  );
  assert.deepEqual(JSON.parse(readFileSync(join(out(), "source.json"), "utf8")), source);
  assert.deepEqual(
    [source.name, source.url, source.bytes],
    [NAME, `${server.address}kernels/${NAME}.zip`, archive.length],
  );
  assert.equal(source.sha256, createHash("sha256").update(archive).digest("hex"));
  assert.equal(source.lastModified, "Mon, 04 Sep 2023 12:00:00 GMT");
  assert.deepEqual(leftovers(), [NAME], "neither the archive nor a temporary folder is left");
});

test("what is there is used without a request; another archive does not overwrite it", async () => {
  const first = await download();
  server.requests.length = 0;
  assert.deepEqual(await download(), { ...first, reused: true });
  assert.deepEqual(server.requests, []);
  await assert.rejects(
    downloadKernels("sgd", { out: out(), from: `${server.address}kernels/` }),
    /prompt-sgd-16-shot exists and holds something else than sgd: give another folder, or remove it/,
  );
  const own = join(folder, "own");
  mkdirSync(own);
  await download({ out: own });
  rmSync(own, { recursive: true });
  mkdirSync(own);
  writeFileSync(join(own, "thesis.txt"), "do not lose me");
  await assert.rejects(download({ out: own }), /own exists and holds something else/);
  await assert.rejects(download({ out: join(own, "thesis.txt") }), /thesis\.txt is a file: give a folder/);
  assert.equal(readFileSync(join(own, "thesis.txt"), "utf8"), "do not lose me");
});

test("the addresses of the authors' README, in turn, when none is given", async () => {
  const asked: string[] = [];
  const fetcher = async (input: unknown): Promise<Response> => {
    asked.push(String(input));
    return new Response("<html>", { status: 404 });
  };
  await assert.rejects(download({ from: undefined, fetch: fetcher as typeof fetch }), (error: Error) => {
    assert.match(
      error.message,
      /^there is no archive prompt-sgd-16-shot \(https:\/\/nlp\.cs\.princeton\.edu\/.* and https:.*: not found\): see https:\/\/github\.com\/princeton-nlp\/LM-Kernel-FT.* --from$/,
    );
    return true;
  });
  assert.deepEqual(
    asked,
    KERNEL_ADDRESSES.map((address) => `${address}${NAME}.zip`),
  );
});

test("redirects are followed, but not from https to http", async () => {
  server.redirects[`/kernels/${NAME}.zip`] = "/moved/archive.zip";
  server.files["/moved/archive.zip"] = archive;
  assert.equal((await download()).folders.length, 2);
  rmSync(out(), { recursive: true });
  const leaving = (async () =>
    Object.defineProperty(new Response("x"), "url", { value: "http://other.example/x.zip" })) as typeof fetch;
  await assert.rejects(
    download({ from: "https://one.example/", fetch: leaving }),
    /https:\/\/one\.example\/prompt-sgd-16-shot\.zip leads to http:\/\/other\.example\/x\.zip, which is not https: refused/,
  );
});

test("an address of its own, with or without the file's name", async () => {
  server.files["/x"] = archive;
  assert.equal((await download({ from: `${server.address}x` })).source.url, `${server.address}x`);
  await assert.rejects(download({ out: join(folder, "2"), from: "sgd.zip" }), /"sgd\.zip" is not an address/);
  await assert.rejects(download({ out: join(folder, "2"), from: "file:///etc/passwd" }), /is not an address/);
});

test("a cut connection goes on where it stopped, in the same run and in a later one", async () => {
  server.cutAfter = [5000, 3000];
  await download();
  const path = `/kernels/${NAME}.zip`;
  assert.deepEqual(server.requests, [`${path} bytes=0-0`, path, `${path} bytes=5000-`, `${path} bytes=8000-`]);
  rmSync(out(), { recursive: true });
  server.requests.length = 0;
  server.cutAfter = [7000, 0];
  await assert.rejects(
    download({ retries: 0 }),
    new RegExp(
      `the download of ${NAME} broke off \\(.+\\); 7000 of ${archive.length} bytes are kept; run again to go on`,
    ),
  );
  assert.deepEqual(
    leftovers().map((name) => name.replace(/-[0-9a-f]{12}/, "-VERSION")),
    [`.${NAME}-VERSION.zip.incomplete`],
  );
  server.cutAfter = [];
  await download();
  assert.equal(server.requests.at(-1), `${path} bytes=7000-`);
  assert.deepEqual(leftovers(), [NAME]);
});

test("a new version of the archive does not go on with the bytes of the old", async () => {
  server.cutAfter = [7000, 0];
  await assert.rejects(download({ retries: 0 }));
  server.cutAfter = [];
  server.files[`/kernels/${NAME}.zip`] = makeZip(entries, { comment: "version 2" });
  const { source } = await download();
  assert.equal(source.sha256, createHash("sha256").update(server.files[`/kernels/${NAME}.zip`]).digest("hex"));
});

test("a server without ranges, and one that is busy at first", async () => {
  server.ignoreRanges = true;
  server.statuses = [503, 429];
  server.cutAfter = [undefined, 5000];
  assert.equal((await download()).folders.length, 2);
});

const misses: [string, (own: FileServer) => void, RegExp][] = [
  [
    "a missing archive",
    (own) => delete own.files[`/kernels/${NAME}.zip`],
    /^there is no archive prompt-sgd-16-shot \(http:.*: not found\): see https:\/\/github\.com.*--from/,
  ],
  ["access that is refused", (own) => own.statuses.push(403), /^prompt-sgd-16-shot: HTTP 403 from http:/],
  [
    "a server that stays broken",
    (own) => own.statuses.push(500, 500, 500),
    /cannot be reached \(HTTP 500\): check the network/,
  ],
  [
    "a web page in place of the archive",
    (own) => (
      (own.redirects[`/kernels/${NAME}.zip`] = "/sorry.html"),
      (own.files["/sorry.html"] = Buffer.from("<html>gone</html>"))
    ),
    /is a web page, not an archive/,
  ],
  [
    "an answer without a length",
    (own) => ((own.hideLength = true), (own.ignoreRanges = true)),
    /does not say how large it is/,
  ],
];
for (const [what, change, message] of misses) {
  test(`${what} is one clear error, and nothing is left`, async () => {
    change(server);
    await assert.rejects(
      download({ retries: 2 }),
      (error: Error) => message.test(error.message) || assert.fail(error.message),
    );
    assert.deepEqual(leftovers(), []);
  });
}

test("no network at all", async () => {
  await server.close();
  await assert.rejects(
    download({ retries: 1 }),
    /cannot be reached \(.*ECONNREFUSED.*\): check the network, or give another address with --from/,
  );
});

const kernel = entries[1];
const refused: [string, MadeEntry[], RegExp][] = [
  [
    "a path that leads out",
    [...entries, { name: "../../escaped.pt", content: Buffer.from("x") }],
    /prompt-sgd-16-shot from http:\S+: the path "\.\.\/\.\.\/escaped\.pt" does not stay in the folder; nothing was unpacked/,
  ],
  [
    "a path that leads out from within",
    [...entries, { name: "a/../../escaped.pt", content: Buffer.from("x") }],
    /does not stay in the folder/,
  ],
  [
    "an absolute path",
    [...entries, { name: "/escaped.pt", content: Buffer.from("x") }],
    /the path "\/escaped\.pt" does not stay/,
  ],
  ["a Windows path", [...entries, { name: "..\\escaped.pt", content: Buffer.from("x") }], /does not stay/],
  ["a drive", [...entries, { name: "C:escaped.pt", content: Buffer.from("x") }], /does not stay/],
  [
    "a symbolic link",
    [
      ...entries,
      { name: "link", content: Buffer.from("../../.."), mode: 0o120777 },
      { name: "link2/x", content: Buffer.from("x") },
    ],
    /"link" is a link or a device, not a file; nothing was unpacked/,
  ],
  ["a device", [...entries, { name: "null", content: Buffer.from(""), mode: 0o020666 }], /is a link or a device/],
  [
    "damaged content",
    [{ ...kernel, lies: { crc32: 7 } }, ...entries.slice(2)],
    /entry "\S+" has CRC-32 [0-9a-f]{8}, not 00000007 .*damaged/,
  ],
  [
    "content longer than it says",
    [{ ...kernel, lies: { size: 100 } }, ...entries.slice(2)],
    /unpacks to more than the 100 bytes/,
  ],
  [
    "content shorter than it says",
    [{ ...kernel, lies: { size: 1e6 } }, ...entries.slice(2)],
    /unpacks to \d+ bytes; the directory states 1000000/,
  ],
  [
    "an unknown compression",
    [{ ...kernel, lies: { method: 14 } }, ...entries.slice(2)],
    /is compressed with method 14; only stored and deflated/,
  ],
  ["broken compression", [{ ...kernel, deflate: false, lies: { method: 8 } }, ...entries.slice(2)], /is damaged \(/],
  [
    "no kernels",
    [{ name: "readme.txt", content: Buffer.from("moved") }],
    /has no file train_kernels_TASK\.pt: it does not hold the authors' kernels, or their layout has changed/,
  ],
];
for (const [what, made, message] of refused) {
  test(`an archive with ${what} is refused and nothing is left`, async () => {
    server.files[`/kernels/${NAME}.zip`] = makeZip(made);
    await assert.rejects(download(), (error: Error) => message.test(error.message) || assert.fail(error.message));
    assert.deepEqual(leftovers(), []);
    assert.ok(!existsSync(join(folder, "escaped.pt")) && !existsSync(join(folder, "..", "escaped.pt")));
  });
}

test("a truncated archive, whole as the server sees it", async () => {
  server.files[`/kernels/${NAME}.zip`] = archive.subarray(0, archive.length - 1000);
  await assert.rejects(
    download(),
    /prompt-sgd-16-shot from http:\S+ is not a valid zip archive: its end is missing \(truncated.*the download was removed/,
  );
  assert.deepEqual(leftovers(), []);
});

test("a SHA-256 that is asked for must be right", async () => {
  const good = createHash("sha256").update(archive).digest("hex");
  await assert.rejects(
    download({ sha256: "0".repeat(64) }),
    new RegExp(`${NAME} arrived damaged: its sha256 is ${good}, not 0000.*it was removed`),
  );
  assert.deepEqual(leftovers(), []);
  assert.equal((await download({ sha256: good.toUpperCase() })).reused, false);
  assert.equal((await download({ sha256: good })).reused, true);
  await assert.rejects(download({ sha256: "abc" }), /"abc" is not a SHA-256/);
});

test("names that are not names", async () => {
  for (const name of ["", "../x", "a/b", ".hidden", "a b"])
    await assert.rejects(downloadKernels(name, { out: out() }), /is not the name of an archive/);
});

test("what a killed run had unpacked is removed, a running one's is not", async () => {
  const { pid } = spawnSync(process.execPath, ["--version"]);
  const [dead, alive] = [pid, process.pid].map((id) => `${out()}.${id}-012345.incomplete`);
  for (const path of [dead, alive]) mkdirSync(path, { recursive: true });
  await download();
  assert.deepEqual([existsSync(dead), existsSync(alive)], [false, true]);
});

test("progress of download and unpacking, and abort in between", async () => {
  // Two answers, so at least two reports, however the pieces arrive.
  server.cutAfter = [5000];
  const seen: { step: string; done: number; total: number }[] = [];
  await download({ onProgress: (progress) => seen.push(progress) });
  const steps = seen.map(({ step }) => step);
  assert.deepEqual([...new Set(steps)], ["download", "unpack"]);
  assert.ok(steps.filter((step) => step === "download").length >= 2);
  for (const step of ["download", "unpack"]) {
    const own = seen.filter((one) => one.step === step);
    own.reduce((before, { done }) => (assert.ok(done >= before), done), 0);
    assert.equal(own.at(-1)?.done, own.at(-1)?.total);
  }
  rmSync(out(), { recursive: true });
  const stop = new AbortController();
  await assert.rejects(download({ signal: stop.signal, onProgress: () => stop.abort() }), { name: "AbortError" });
  assert.ok(!existsSync(out()));
  const later = new AbortController();
  await assert.rejects(
    download({ signal: later.signal, onProgress: ({ step }) => step === "unpack" && later.abort() }),
    { name: "AbortError" },
  );
  assert.deepEqual(
    leftovers().map((name) => name.replace(/-[0-9a-f]{12}/, "-VERSION")),
    [`.${NAME}-VERSION.zip`],
    "the archive is whole and is kept",
  );
  // What was downloaded before is held to the checksum of the next run too.
  await assert.rejects(download({ sha256: "1".repeat(64) }), /sha-?256/i);
  assert.deepEqual(leftovers(), []);
  assert.equal((await download()).folders.length, 2);
  assert.deepEqual(leftovers(), [NAME]);
});
