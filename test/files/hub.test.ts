import { afterEach, beforeEach, test } from "node:test";
import assert from "node:assert/strict";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { loadCheckpoint, readCheckpoint } from "../../src/model/checkpoint";
import { resolveModel, type DownloadProgress, type HubOptions } from "../../src/files/hub";
import { writeTorchFile } from "../../src/files/torch-file-writer";
import { loadTokenizer } from "../../src/model/tokenizer";
import { temporaryFolder } from "../support/checkout";
import { fakeHub, type FakeHub } from "./fake-hub";

const tiny = join(__dirname, "../../../test/fixtures/tiny-roberta");
const COMMIT = "0123456789abcdef0123456789abcdef01234567";
const ID = "some-org/tiny-roberta";
const content = (name: string): Buffer => readFileSync(join(tiny, name));
const files = (): Record<string, Uint8Array> => ({
  "README.md": Buffer.from("# a model"),
  "config.json": content("config.json"),
  "tokenizer.json": content("tokenizer.json"),
  "model.safetensors": content("model.safetensors"),
  "pytorch_model.bin": Buffer.alloc(5000),
});
const weightBytes = files()["model.safetensors"].length;

let cacheDir = "";
let hub: FakeHub;
const opened: FakeHub[] = [];
const environment = { ...process.env };

beforeEach(async () => {
  cacheDir = mkdtempSync(join(tmpdir(), "hub-"));
  for (const name of [
    "HF_HOME",
    "HF_HUB_CACHE",
    "HUGGINGFACE_HUB_CACHE",
    "HF_ENDPOINT",
    "HF_HUB_OFFLINE",
    "HF_TOKEN",
    "HUGGING_FACE_HUB_TOKEN",
    "HF_TOKEN_PATH",
    "TRANSFORMERS_OFFLINE",
  ])
    delete process.env[name];
  hub = await serve(files());
});
afterEach(async () => {
  // In place: the system's home folder is read from the process's own environment.
  for (const name of Object.keys(process.env)) if (!(name in environment)) delete process.env[name];
  Object.assign(process.env, environment);
  rmSync(cacheDir, { recursive: true, force: true });
  for (const server of opened.splice(0)) await server.close();
});

async function serve(served: Record<string, Uint8Array>): Promise<FakeHub> {
  const server = await fakeHub(ID, COMMIT, served);
  opened.push(server);
  return server;
}

const from = (server: FakeHub, more: HubOptions = {}): HubOptions => ({
  endpoint: server.endpoint,
  cacheDir,
  retryDelay: 1,
  ...more,
});
const storage = () => join(cacheDir, "models--some-org--tiny-roberta");
const contentRequests = (name: string) =>
  hub.requests.filter((request) => request.includes("/cdn/") && request.includes(name));
const leftovers = () => readdirSync(join(storage(), "blobs")).filter((name) => name.includes("incomplete"));

test("a folder is itself; what cannot be an id is named", async () => {
  assert.equal(await resolveModel(tiny), tiny);
  for (const path of ["./no/such/folder", "./x", "../x", "/no/such", "a/b/c", "no\\such"])
    await assert.rejects(resolveModel(path), {
      message: `there is no folder ${path}${path[0] === "/" ? "" : ` in ${process.cwd()}`}`,
    });
  await assert.rejects(resolveModel("~/model"), /^InputError: there is no folder ~\/model \(write ~ out: \/.*\)$/);
  // The tests run in the checkout.
  await assert.rejects(
    resolveModel("notebooks/roberta"),
    /^InputError: there is no folder notebooks\/roberta: \/.*notebooks is there, but not roberta in it/,
  );
  await assert.rejects(resolveModel("what is this"), /there is no folder what is this, and it is not the id/);
  await assert.rejects(resolveModel(join(tiny, "config.json")), /config\.json is a file: give the folder/);
  await assert.rejects(resolveModel(ID, { revision: "../../x" }), /is not the name of a revision/);
  assert.deepEqual(hub.requests, []);
});

test("downloads config, tokenizer and safetensors into the standard cache, nothing else", async () => {
  const folder = await resolveModel(ID, from(hub));
  assert.equal(folder, join(storage(), "snapshots", COMMIT));
  assert.deepEqual(readdirSync(folder).sort(), ["config.json", "model.safetensors", "tokenizer.json"]);
  assert.equal(readFileSync(join(storage(), "refs", "main"), "utf8"), COMMIT);
  // Snapshots point at blobs named by checksum: git's sha1 for small files, sha256 for large ones.
  const pointer = join(folder, "config.json");
  assert.ok(lstatSync(pointer).isSymbolicLink());
  assert.match(readlinkSync(pointer), /^\.\.\/\.\.\/blobs\/[0-9a-f]{40}$/);
  assert.match(readlinkSync(join(folder, "model.safetensors")), /^\.\.\/\.\.\/blobs\/[0-9a-f]{64}$/);
  assert.ok(readFileSync(join(folder, "model.safetensors")).equals(content("model.safetensors")));
  assert.deepEqual(leftovers(), []);
  assert.equal((await loadCheckpoint(ID, from(hub))).hash, readCheckpoint(tiny).hash);
  assert.equal(loadTokenizer(folder).maskId, 119);
});

test("what is cached is not downloaded again; a commit needs no request at all", async () => {
  await resolveModel(ID, from(hub));
  hub.requests.length = 0;
  await resolveModel(ID, from(hub));
  assert.deepEqual(hub.requests, [`GET /api/models/${ID}/revision/main`]);
  hub.requests.length = 0;
  assert.equal(await resolveModel(ID, from(hub, { revision: COMMIT })), join(storage(), "snapshots", COMMIT));
  assert.deepEqual(hub.requests, []);
});

test("a tag, a pull request's branch and a commit as revision", async () => {
  await resolveModel(ID, from(hub, { revision: "v1" }));
  await resolveModel(ID, from(hub, { revision: "refs/pr/1" }));
  assert.deepEqual(readdirSync(join(storage(), "refs")).sort(), ["refs", "v1"]);
  assert.equal(readFileSync(join(storage(), "refs", "refs/pr/1"), "utf8"), COMMIT);
  rmSync(storage(), { recursive: true });
  await resolveModel(ID, from(hub, { revision: COMMIT }));
  assert.ok(!existsSync(join(storage(), "refs")));
});

test("HF_ENDPOINT, HF_HOME, HF_HUB_CACHE and HF_TOKEN are heeded", async () => {
  process.env.HF_ENDPOINT = `${hub.endpoint}/`;
  process.env.HF_HOME = join(cacheDir, "home");
  process.env.HF_TOKEN = "hf_secret";
  const folder = await resolveModel(ID);
  assert.equal(folder, join(cacheDir, "home", "hub", "models--some-org--tiny-roberta", "snapshots", COMMIT));
  assert.deepEqual(new Set(hub.authorizations), new Set(["Bearer hf_secret"]));
  process.env.HF_HUB_CACHE = join(cacheDir, "other");
  assert.ok((await resolveModel(ID)).startsWith(join(cacheDir, "other")));
});

test("cache and token lie under the home folder unless said otherwise", async (t) => {
  hub.behaviour.requireToken = "hf_right";
  process.env.HOME = temporaryFolder(t);
  process.env.HF_ENDPOINT = hub.endpoint;
  const place = async (): Promise<string> =>
    relative(process.env.HOME!, (await resolveModel(ID)).split("/models--")[0]);
  const login = (folder: string): void => {
    mkdirSync(join(process.env.HOME!, folder), { recursive: true });
    writeFileSync(join(process.env.HOME!, folder, "token"), "hf_right\n");
  };
  delete process.env.XDG_CACHE_HOME;
  login(".cache/huggingface");
  assert.equal(await place(), ".cache/huggingface/hub");
  process.env.XDG_CACHE_HOME = join(process.env.HOME, "xdg");
  login("xdg/huggingface");
  assert.equal(await place(), "xdg/huggingface/hub");
  process.env.HF_HOME = "~/hf";
  login("hf");
  assert.equal(await place(), "hf/hub");
  process.env.HUGGINGFACE_HUB_CACHE = "~/older";
  assert.equal(await place(), "older");
  process.env.HF_HUB_CACHE = "~/newer";
  assert.equal(await place(), "newer");
});

test("progress grows to the total over all files", async () => {
  hub.behaviour.slow = 20;
  const seen: DownloadProgress[] = [];
  await resolveModel(ID, from(hub, { onProgress: (progress) => seen.push(progress) }));
  const total = weightBytes + content("config.json").length + content("tokenizer.json").length;
  assert.ok(seen.length >= 3, `${seen.length} reports`);
  assert.ok(seen.length < 12, `${seen.length} reports are too many for half a second`);
  for (let i = 1; i < seen.length; i++) assert.ok(seen[i].done >= seen[i - 1].done);
  assert.ok(seen.every((progress) => progress.total === total));
  const last = seen[seen.length - 1];
  assert.equal(last.done, total);
  assert.ok(last.bytesPerSecond > 1000, String(last.bytesPerSecond));
});

for (const quietly of [false, true]) {
  test(`a connection cut ${quietly ? "quietly" : "hard"} goes on where it stopped`, async () => {
    // Small files come whole; then three pieces of the large one.
    hub.behaviour.cutAfter = [undefined, undefined, 30000, 20000];
    hub.behaviour.quietly = quietly;
    const served = files();
    served["tokenizer.json"] = Buffer.from("{}");
    const server = await serve(served);
    server.behaviour = hub.behaviour;
    hub = server;
    const folder = await resolveModel(ID, from(hub));
    assert.ok(readFileSync(join(folder, "model.safetensors")).equals(content("model.safetensors")));
    const path = `GET /cdn/${COMMIT}/model.safetensors`;
    assert.deepEqual(contentRequests("model"), [path, `${path} bytes=30000-`, `${path} bytes=50000-`]);
    assert.deepEqual(leftovers(), []);
  });
}

/** Serves with a one-request tokenizer, so that `cutAfter` counts: config, tokenizer, then weights. */
async function serveSmallTokenizer(): Promise<void> {
  hub = await serve({ ...files(), "tokenizer.json": Buffer.from("{}") });
}

test("a later run goes on with what an earlier one left", async () => {
  await serveSmallTokenizer();
  hub.behaviour.cutAfter = [undefined, undefined, 40000, 0];
  await assert.rejects(
    resolveModel(ID, from(hub, { retries: 1 })),
    new RegExp(
      `the download of ${ID}/model\\.safetensors broke off \\(.+\\); 40000 of ${weightBytes} bytes are kept; run again`,
    ),
  );
  assert.equal(leftovers().length, 1);
  assert.ok(!existsSync(join(storage(), "refs")));
  hub.requests.length = 0;
  const folder = await resolveModel(ID, from(hub));
  assert.deepEqual(contentRequests("model"), [`GET /cdn/${COMMIT}/model.safetensors bytes=40000-`]);
  assert.ok(readFileSync(join(folder, "model.safetensors")).equals(content("model.safetensors")));
  assert.deepEqual(leftovers(), []);
});

test("what a killed process left is taken over, what a living one writes is not touched", async () => {
  await serveSmallTokenizer();
  hub.behaviour.cutAfter = [undefined, undefined, 40000];
  await assert.rejects(resolveModel(ID, from(hub, { retries: 0 })));
  const [left] = leftovers();
  const blobs = join(storage(), "blobs");
  const base = left.replace(/\.incomplete$/, "");
  // No process has an id this large.
  renameSync(join(blobs, left), join(blobs, `${base}.999999999-abcdef.incomplete`));
  const living = join(blobs, `${base}.${process.pid}-abcdef.incomplete`);
  writeFileSync(living, "another's");
  hub.requests.length = 0;
  await resolveModel(ID, from(hub));
  assert.deepEqual(contentRequests("model"), [`GET /cdn/${COMMIT}/model.safetensors bytes=40000-`]);
  assert.equal(readFileSync(living, "utf8"), "another's");
});

test("a server without ranges is asked from the start", async () => {
  await serveSmallTokenizer();
  hub.behaviour.cutAfter = [undefined, undefined, 40000];
  hub.behaviour.ignoreRanges = true;
  const folder = await resolveModel(ID, from(hub));
  assert.ok(readFileSync(join(folder, "model.safetensors")).equals(content("model.safetensors")));
  assert.equal(contentRequests("model").length, 2);
});

test("a server that answers another range than asked for is asked from the start", async () => {
  await serveSmallTokenizer();
  hub.behaviour.cutAfter = [undefined, undefined, 40000];
  hub.behaviour.rangeShift = 7;
  const folder = await resolveModel(ID, from(hub));
  assert.ok(readFileSync(join(folder, "model.safetensors")).equals(content("model.safetensors")));
});

test("busy and failing servers are asked again, other refusals are not", async () => {
  await serveSmallTokenizer();
  hub.behaviour.contentStatus = [503, 429, 500];
  await resolveModel(ID, from(hub));
  rmSync(storage(), { recursive: true });
  hub.behaviour.contentStatus = [418];
  hub.requests.length = 0;
  await assert.rejects(resolveModel(ID, from(hub)), /config\.json: HTTP 418 from/);
  assert.equal(hub.requests.filter((request) => request.includes("resolve")).length, 1);
});

test("damaged content is refused and removed, by sha256 and by git's sha1", async () => {
  for (const [name, algorithm] of [
    ["model.safetensors", "sha256"],
    ["config.json", "git-sha1"],
  ]) {
    hub.behaviour.corrupt = name;
    await assert.rejects(
      resolveModel(ID, from(hub)),
      new RegExp(`${name} arrived damaged: its ${algorithm} is [0-9a-f]+, not [0-9a-f]+; it was removed`),
    );
    assert.deepEqual(leftovers(), []);
    rmSync(storage(), { recursive: true });
  }
  hub.behaviour.corrupt = undefined;
  await resolveModel(ID, from(hub));
});

test("a wrong announced size is an error either way", async () => {
  hub.behaviour.sizeLie = 5;
  await assert.rejects(
    resolveModel(ID, from(hub)),
    /config\.json: the server sends more than the \d+ bytes it announced/,
  );
  hub.behaviour.sizeLie = -5;
  await assert.rejects(resolveModel(ID, from(hub, { retries: 1 })), /config\.json broke off/);
});

test("an unknown model, an unknown revision, no access: each says what to do", async () => {
  await assert.rejects(
    resolveModel("no/such-model", from(hub)),
    /has no model no\/such-model with revision main \(HTTP 404\)/,
  );
  await assert.rejects(resolveModel(ID, from(hub, { revision: "v9" })), /with revision v9 \(HTTP 404\)/);
  hub.behaviour.requireToken = "hf_right";
  await assert.rejects(
    resolveModel(ID, from(hub)),
    /\(HTTP 401\): check the name; if the model is private or gated, set HF_TOKEN/,
  );
  await assert.rejects(
    resolveModel(ID, from(hub, { accessToken: "hf_wrong" })),
    /\(HTTP 401\).*check that the access token \(HF_TOKEN, or that of `hf auth login`\) has access/,
  );
  await resolveModel(ID, from(hub, { accessToken: "hf_right" }));
});

test("the access token is looked for where Python's huggingface_hub looks", async (t) => {
  hub.behaviour.requireToken = "hf_right";
  const home = temporaryFolder(t);
  const found = (): Promise<string> => resolveModel(ID, from(hub, { cacheDir: temporaryFolder(t) }));
  process.env.HF_HOME = home;
  await assert.rejects(found, /set HF_TOKEN to an access token \(or run `hf auth login`\)/);
  writeFileSync(join(home, "token"), "hf_right\n");
  await found();
  process.env.HUGGING_FACE_HUB_TOKEN = "hf_wrong";
  await assert.rejects(found, /check that the access token/, "the environment comes before the file");
  process.env.HF_TOKEN = "hf_right";
  await found();
  for (const name of ["HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"]) delete process.env[name];
  process.env.HF_TOKEN_PATH = join(home, "elsewhere");
  await assert.rejects(found, /set HF_TOKEN/);
  writeFileSync(join(home, "elsewhere"), "hf_right");
  await found();
  delete process.env.HF_TOKEN_PATH;
  process.env.HUGGING_FACE_HUB_TOKEN = " hf_right\n";
  await found();
});

test("models without what is needed, and with older weights only", async (t) => {
  const { "model.safetensors": _weights, ...onlyBin } = files();
  const { "pytorch_model.bin": bin, ...small } = onlyBin;
  await assert.rejects(
    resolveModel(ID, from(await serve({ ...small, "pytorch_model.bin.index.json": Buffer.from("{}") }))),
    /pytorch_model\.bin\.index\.json has no weight_map/,
  );
  const folder = await resolveModel(ID, from(await serve(onlyBin)));
  assert.deepEqual(readFileSync(join(folder, "pytorch_model.bin")), bin);
  const both = await resolveModel(ID, from(await serve(files()), { cacheDir: temporaryFolder(t) }));
  assert.ok(!existsSync(join(both, "pytorch_model.bin")), "safetensors weights are preferred");
  await assert.rejects(
    resolveModel(ID, from(await serve(small))),
    /has no weights \(none of model\.safetensors, .*pytorch_model\.bin\.index\.json\)/,
  );
  await assert.rejects(
    resolveModel(ID, from(await serve({ "model.safetensors": content("model.safetensors") }))),
    /has no config\.json/,
  );
});

test("what a model lacks, or its configuration, is refused before its weights are downloaded", async () => {
  const weightRequests = () => hub.requests.filter((request) => /resolve.*(safetensors|bin)$/.test(request));
  const { "tokenizer.json": _tokenizer, ...without } = files();
  hub = await serve({ ...without, "sentencepiece.bpe.model": Buffer.from("x"), "merges.txt": Buffer.from("") });
  await assert.rejects(
    resolveModel(ID, from(hub)),
    /has no tokenizer \(none of tokenizer\.json, vocab\.json with merges\.txt, vocab\.txt\)\. Convert it with Python: .*save_pretrained\("FOLDER"\)/,
  );
  assert.deepEqual(weightRequests(), []);
  hub = await serve({ ...files(), "config.json": Buffer.from(JSON.stringify({ model_type: "gpt2" })) });
  await assert.rejects(loadCheckpoint(ID, from(hub)), /config\.json: .*gpt2/);
  assert.deepEqual(weightRequests(), []);
});

test("a tokenizer's older files are downloaded where there is no tokenizer.json", async (t) => {
  const { "tokenizer.json": _tokenizer, ...without } = files();
  const older = { "vocab.txt": Buffer.from("[PAD]"), "added_tokens.json": Buffer.from("{}") };
  hub = await serve({ ...without, ...older });
  const folder = await resolveModel(ID, from(hub));
  assert.ok(Object.keys(older).every((name) => existsSync(join(folder, name))));
  assert.equal(await resolveModel(ID, from(hub, { offline: true })), folder);
  hub = await serve({ ...files(), ...older });
  const newer = await resolveModel(ID, from(hub, { cacheDir: temporaryFolder(t) }));
  assert.deepEqual(
    readdirSync(newer).filter((name) => name.startsWith("vocab")),
    [],
  );
});

test("a cached snapshot without its tokenizer is completed", async () => {
  const folder = await resolveModel(ID, from(hub));
  rmSync(join(folder, "tokenizer.json"));
  await assert.rejects(resolveModel(ID, from(hub, { offline: true })), /\(tokenizer\.json is missing or cut off\)/);
  for (const revision of ["main", COMMIT]) {
    rmSync(join(folder, "tokenizer.json"), { force: true });
    hub.requests.length = 0;
    assert.equal(await resolveModel(ID, from(hub, { revision })), folder);
    assert.equal(loadTokenizer(folder).maskId, 119);
    assert.deepEqual(contentRequests("model"), []);
  }
});

for (const name of ["config.json", "tokenizer.json", "model.safetensors", "pytorch_model.bin"])
  test(`${name} cut off in the cache is downloaded again, and refused offline`, async (t) => {
    const served = files();
    if (name === "pytorch_model.bin") {
      delete (served as Record<string, unknown>)["model.safetensors"];
      const saved = join(temporaryFolder(t), name);
      writeTorchFile(saved, [{ dtype: "F32", shape: [2], data: Float32Array.of(1, 2) }]);
      served[name] = readFileSync(saved);
    }
    hub = await serve(served);
    const folder = await resolveModel(ID, from(hub));
    const path = join(folder, name);
    for (const revision of ["main", COMMIT]) {
      truncateSync(path, served[name].length - 20);
      await assert.rejects(
        resolveModel(ID, from(hub, { revision, offline: true })),
        new RegExp(`\\(${name.replace(".", "\\.")} is missing or cut off\\)`),
      );
      hub.requests.length = 0;
      await resolveModel(ID, from(hub, { revision }));
      assert.ok(readFileSync(path).equals(served[name]));
      assert.equal(hub.requests.filter((request) => request.includes("/resolve/")).length, 1);
      assert.deepEqual(leftovers(), []);
    }
  });

test("a blob of the right length with other content is downloaded again for a new snapshot", async () => {
  const folder = await resolveModel(ID, from(hub));
  const bytes = readFileSync(join(folder, "model.safetensors"));
  bytes[bytes.length - 1] ^= 1;
  writeFileSync(join(folder, "model.safetensors"), bytes);
  rmSync(join(storage(), "snapshots"), { recursive: true });
  await resolveModel(ID, from(hub));
  assert.ok(readFileSync(join(folder, "model.safetensors")).equals(content("model.safetensors")));
});

test("shards are downloaded by their index, which cannot point elsewhere", async () => {
  const index = (file: string) =>
    Buffer.from(JSON.stringify({ weight_map: { a: "model-00001-of-00002.safetensors", b: file } }));
  const sharded = (file: string) => ({
    "config.json": content("config.json"),
    "tokenizer.json": content("tokenizer.json"),
    "model.safetensors.index.json": index(file),
    "model-00001-of-00002.safetensors": content("model.safetensors"),
    "model-00002-of-00002.safetensors": Buffer.from(
      content("model.safetensors").map((byte, i, all) => (i === all.length - 1 ? byte ^ 1 : byte)),
    ),
  });
  hub = await serve(sharded("model-00002-of-00002.safetensors"));
  const folder = await resolveModel(ID, from(hub));
  const second = join(folder, "model-00002-of-00002.safetensors");
  assert.ok(readFileSync(second).equals(sharded("")["model-00002-of-00002.safetensors"]));
  assert.equal(await resolveModel(ID, from(hub, { offline: true })), folder);
  rmSync(second);
  await assert.rejects(
    resolveModel(ID, from(hub, { offline: true })),
    /is not complete in the cache .* \(model-00002-of-00002\.safetensors is missing or cut off\)/,
  );
  rmSync(storage(), { recursive: true });
  await assert.rejects(
    resolveModel(ID, from(await serve(sharded("../../../x.safetensors")))),
    /not the name of a \.safetensors file/,
  );
  rmSync(storage(), { recursive: true });
  await assert.rejects(
    resolveModel(ID, from(await serve(sharded("model-00003-of-00002.safetensors")))),
    /has no file model-00003-of-00002\.safetensors/,
  );
});

test("offline: the cache or a clear error, and no request", async () => {
  await assert.rejects(
    resolveModel(ID, from(hub, { offline: true })),
    /is not complete in the cache .*models--some-org--tiny-roberta \(config\.json is missing or cut off\), and downloads are switched off/,
  );
  await resolveModel(ID, from(hub));
  hub.requests.length = 0;
  process.env.HF_HUB_OFFLINE = "1";
  assert.equal(await resolveModel(ID, from(hub)), join(storage(), "snapshots", COMMIT));
  await assert.rejects(resolveModel(ID, from(hub, { revision: "v1" })), /\(revision v1\) is not complete/);
  process.env.HF_HUB_OFFLINE = "0";
  process.env.TRANSFORMERS_OFFLINE = "yes";
  await assert.rejects(resolveModel(ID, from(hub, { revision: "v1" })), /\(revision v1\) is not complete/);
  process.env.TRANSFORMERS_OFFLINE = "";
  await resolveModel(ID, from(hub, { revision: "v1" }));
  assert.equal(hub.requests.length, 1);
});

test("when the Hub cannot be reached the cache is used with a warning, or the error says so", async () => {
  await hub.close();
  await assert.rejects(
    resolveModel(ID, from(hub)),
    /cannot be reached \(fetch failed: ECONNREFUSED\): check the network/,
  );
  hub = await serve(files());
  await resolveModel(ID, from(hub));
  hub.behaviour.apiStatus = 503;
  const warnings: string[] = [];
  const folder = await resolveModel(ID, from(hub, { warn: (message) => warnings.push(message) }));
  assert.equal(folder, join(storage(), "snapshots", COMMIT));
  assert.match(warnings.join(), /HTTP 503 .*using the cached some-org\/tiny-roberta/);
});

test("an abort stops at once, keeps what has come, and is not taken for a broken network", async () => {
  await serveSmallTokenizer();
  hub.behaviour.slow = 15;
  const controller = new AbortController();
  let started = Infinity;
  const work = resolveModel(ID, from(hub, { signal: controller.signal }));
  const blobs = join(storage(), "blobs");
  const timer = setInterval(() => {
    // Of the weights; the other files are smaller.
    if (!existsSync(blobs) || !readdirSync(blobs).some((name) => statSync(join(blobs, name)).size > 4000)) return;
    clearInterval(timer);
    started = performance.now();
    controller.abort(new Error("enough"));
  }, 10);
  await assert.rejects(work, /^Error: enough$/);
  assert.ok(performance.now() - started < 1000);
  assert.equal(leftovers().length, 1);
  hub.behaviour.slow = 0;
  hub.requests.length = 0;
  await resolveModel(ID, from(hub));
  assert.match(contentRequests("model").join(), /bytes=[1-9]\d*-$/);
});

test("a disk without room is named before anything is downloaded", async () => {
  const size = 9e17;
  const lying: typeof fetch = async (url, init) => {
    const response = await fetch(url, init);
    if (!String(url).includes("paths-info")) return response;
    const infos = (await response.json()) as { lfs?: { size: number } }[];
    for (const info of infos) if (info.lfs !== undefined) info.lfs.size = size;
    return new Response(JSON.stringify(infos), { headers: { "Content-Type": "application/json" } });
  };
  await assert.rejects(
    resolveModel(ID, from(hub, { fetch: lying })),
    /takes \d+\.\d\d GB, but .*blobs has .* GB left: make room, or set HF_HOME/,
  );
  assert.equal(hub.requests.filter((request) => request.includes("resolve")).length, 0);
});

test("an old snapshot stays in use until the new one is complete", async () => {
  const old = "f".repeat(40);
  const folder = join(storage(), "snapshots", old);
  mkdirSync(join(storage(), "refs"), { recursive: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(storage(), "refs", "main"), old);
  for (const name of ["config.json", "tokenizer.json", "model.safetensors"])
    writeFileSync(join(folder, name), content(name));
  await serveSmallTokenizer();
  hub.behaviour.cutAfter = [undefined, undefined, 40000];
  await assert.rejects(resolveModel(ID, from(hub, { retries: 0 })), /broke off/);
  assert.equal(await resolveModel(ID, from(hub, { offline: true })), folder);
  assert.equal(await resolveModel(ID, from(hub)), join(storage(), "snapshots", COMMIT));
});
