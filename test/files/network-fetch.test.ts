import { afterEach, beforeEach, test } from "node:test";
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { connect, type AddressInfo } from "node:net";
import { join } from "node:path";
import { fetchVersion } from "../../src/archives/remote-file";
import { resolveModel } from "../../src/files/hub";
import { networkFetch } from "../../src/files/network-fetch";
import { temporaryFolder } from "../support/checkout";
import { fakeHub, type FakeHub } from "./fake-hub";

const tiny = join(__dirname, "../../../test/fixtures/tiny-roberta");
const ID = "some-org/tiny-roberta";
const COMMIT = "0123456789abcdef0123456789abcdef01234567";

let hub: FakeHub;
let proxy: Server;
/** What the proxy was asked to connect to, and with which credentials. */
let asked: string[] = [];
const address = (credentials = ""): string => `http://${credentials}127.0.0.1:${(proxy.address() as AddressInfo).port}`;
const environment = { ...process.env };

beforeEach(async () => {
  const names = ["config.json", "tokenizer.json", "model.safetensors"];
  hub = await fakeHub(ID, COMMIT, Object.fromEntries(names.map((name) => [name, readFileSync(join(tiny, name))])));
  for (const name of ["HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"])
    for (const spelled of [name, name.toLowerCase()]) delete process.env[spelled];
  asked = [];
  // Only the proxy knows the hub under the name hub.example; it lets nobody through to anything else.
  proxy = createServer((_, response) => response.writeHead(405).end());
  proxy.on("connect", (request, socket) => {
    asked.push([request.url, request.headers["proxy-authorization"]].filter(Boolean).join(" "));
    if (request.url !== "hub.example:80") return void socket.end("HTTP/1.1 403 Forbidden\r\n\r\n");
    const upstream = connect(Number(new URL(hub.endpoint).port), "127.0.0.1", () => {
      socket.write("HTTP/1.1 200 Connection Established\r\n\r\n");
      upstream.pipe(socket).pipe(upstream);
    });
    for (const end of [upstream, socket]) end.on("error", () => upstream.destroy());
  });
  await new Promise<void>((ready) => proxy.listen(0, "127.0.0.1", ready));
});
afterEach(async () => {
  for (const name of Object.keys(process.env)) if (!(name in environment)) delete process.env[name];
  Object.assign(process.env, environment);
  await hub.close();
  await new Promise((closed) => proxy.close(closed));
});

for (const name of ["HTTP_PROXY", "http_proxy"])
  test(`${name}: a model and an archive come through the proxy`, async (t) => {
    process.env[name] = address("user:secret@");
    const folder = await resolveModel(ID, { endpoint: "http://hub.example", cacheDir: temporaryFolder(t) });
    const weights = readFileSync(join(tiny, "model.safetensors"));
    assert.ok(readFileSync(join(folder, "model.safetensors")).equals(weights));
    const url = `http://hub.example/cdn/${COMMIT}/model.safetensors`;
    const { path } = await fetchVersion(
      { name: "weights", file: "weights.bin", folder: temporaryFolder(t), addresses: [url], missing: "missing" },
      {},
    );
    assert.ok(readFileSync(path).equals(weights));
    assert.ok(asked.length >= 1);
    const credentials = `Basic ${Buffer.from("user:secret").toString("base64")}`;
    assert.deepEqual(new Set(asked), new Set([`hub.example:80 ${credentials}`]));
  });

for (const name of ["HTTPS_PROXY", "https_proxy"])
  test(`${name} is for https alone; a refusal of the proxy is told`, async (t) => {
    process.env[name] = address();
    const refused = resolveModel(ID, { endpoint: "https://hub.example", cacheDir: temporaryFolder(t) });
    await assert.rejects(refused, /hub\.example cannot be reached \(fetch failed: Proxy response \(403\)/);
    assert.deepEqual(asked, ["hub.example:443"]);
    await (await networkFetch(`${hub.endpoint}/api/models/${ID}/revision/main`)).arrayBuffer();
    assert.equal(asked.length, 1);
  });

for (const name of ["NO_PROXY", "no_proxy"])
  test(`${name} names hosts to reach without the proxy`, async () => {
    process.env.HTTP_PROXY = address();
    const { host, hostname } = new URL(hub.endpoint);
    for (const value of [hostname, host, `other.example, ${hostname}`, "*"]) {
      process.env[name] = value;
      const response = await networkFetch(`${hub.endpoint}/api/models/${ID}/revision/main`);
      assert.equal(response.status, 200);
      await response.arrayBuffer();
    }
    assert.deepEqual(asked, []);
    process.env[name] = "other.example";
    await assert.rejects(networkFetch(hub.endpoint), /fetch failed/);
    assert.deepEqual(asked, [host]);
  });

test("what is no address of a proxy is named", async () => {
  for (const value of ["proxy:8080", "no such"]) {
    process.env.HTTPS_PROXY = value;
    await assert.rejects(
      networkFetch(hub.endpoint),
      /^InputError: HTTPS_PROXY or HTTP_PROXY is not the address of a proxy/,
    );
  }
});

test("without a proxy it is the global fetch", async (t) => {
  t.mock.method(globalThis, "fetch", () => Promise.resolve(new Response("global")));
  assert.equal(await (await networkFetch("http://hub.example")).text(), "global");
});
