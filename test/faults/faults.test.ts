/**
 * Commands that are killed, that run out of disk, share a folder or find damaged files: afterwards the same command goes
 * on and gives the bytes of an undisturbed run. KERNEL_VIEW_FAULT_ROUNDS says how often each is disturbed. docs/reliability.md
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test, type TestContext } from "node:test";
import { isLiveClaim } from "../../src/store/claim";
import { makeZip } from "../support/make-zip";
import { fixturePath } from "../support/tiny-roberta";
import { chance } from "../fuzz/mutate";
import { downloadOperation, leftovers, operations } from "./operations";

const ROUNDS = Number(process.env.KERNEL_VIEW_FAULT_ROUNDS ?? 2);
const scratch = mkdtempSync(join(tmpdir(), "kernel-view-faults-"));
after(() => rmSync(scratch, { recursive: true, force: true }));
const all = operations(join(scratch, "shared"));
let folders = 0;
const newFolder = (): string => join(scratch, `run-${folders++}`);

/** An undisturbed run: its folder, the digest of its result, and how often it changes files. Run once for each command. */
const references = new Map<string, { folder: string; digest: string; changes: number }>();
async function reference(name: keyof typeof all): Promise<{ folder: string; digest: string; changes: number }> {
  const known = references.get(name);
  if (known) return known;
  const folder = newFolder();
  const count = join(scratch, `${name}.count`);
  const { code, stderr } = await all[name].run(folder, { FAULT: "count", FAULT_COUNT: count });
  assert.equal(code, 0, stderr);
  const made = { folder, digest: all[name].digest(folder), changes: Number(readFileSync(count, "utf8")) };
  assert.ok(made.changes > 20, `${made.changes} changes of files`);
  references.set(name, made);
  return made;
}

/** SHA-256 of the finished files that a run keeps, by path. */
function finished(folder: string): Map<string, string> {
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) =>
    /(store|runs)\/[0-9a-f]{32,64}\.(safetensors|json)$/.test(name),
  );
  return new Map(
    names.map((name) => [
      name,
      createHash("sha256")
        .update(readFileSync(join(folder, name)))
        .digest("hex"),
    ]),
  );
}

/** The same command once more: it must end well, lose nothing that was finished and give the undisturbed bytes. */
async function goesOn(name: keyof typeof all, folder: string, t: TestContext, what: string): Promise<void> {
  const before = finished(folder);
  const { code, stderr } = await all[name].run(folder);
  assert.equal(code, 0, `${what}: ${stderr}`);
  assert.equal(all[name].digest(folder), (await reference(name)).digest, what);
  const now = finished(folder);
  for (const [file, hash] of before) assert.equal(now.get(file), hash, `${what}: ${file} was made again`);
  const claims = leftovers(folder).filter((file) => file.endsWith(".claim"));
  assert.deepEqual(claims, [], what);
  t.diagnostic(`${what}: ${before.size} finished results kept`);
}

for (const [seed, name] of (["kernel", "sweep", "pretraining"] as const).entries()) {
  test(`${name}: killed in the middle of a change of a file`, async (t) => {
    const { changes } = await reference(name);
    const { below } = chance(seed + 1);
    for (let round = 0; round < ROUNDS; round++) {
      const [folder, at] = [newFolder(), 1 + below(changes)];
      const { signal } = await all[name].run(folder, { FAULT: "kill", FAULT_AT: String(at) });
      assert.equal(signal, "SIGKILL");
      await goesOn(name, folder, t, `killed at change ${at} of ${changes}`);
      rmSync(folder, { recursive: true });
    }
  });

  test(`${name}: the disk is full from some change of a file on`, async (t) => {
    const { changes } = await reference(name);
    const { below } = chance(seed + 11);
    for (let round = 0; round < ROUNDS; round++) {
      const [folder, at] = [newFolder(), 1 + below(changes)];
      const { code, stderr } = await all[name].run(folder, { FAULT: "ENOSPC", FAULT_AT: String(at) });
      // The last changes only remove what is no longer needed.
      if (code === 0) assert.equal(all[name].digest(folder), (await reference(name)).digest);
      else assert.match(stderr, /no space/i);
      assert.ok(!/\n\s+at /.test(stderr), `no stack: ${stderr}`);
      await goesOn(name, folder, t, `full from change ${at} of ${changes} on`);
      rmSync(folder, { recursive: true });
    }
  });
}

for (const [days, when] of [
  [3650, "ten years ahead"],
  [-3650, "ten years back"],
] as const)
  test(`sweep: killed, then the clock is ${when}`, async (t) => {
    const { changes } = await reference("sweep");
    const folder = newFolder();
    await all.sweep.run(folder, { FAULT: "kill", FAULT_AT: String(Math.ceil(changes / 3)), FAULT_DAYS: String(days) });
    await goesOn("sweep", folder, t, `killed with a clock ${when}`);
  });

test("a claim of a machine whose clock is wrong does not hold for ever", () => {
  const path = join(scratch, "foreign.claim");
  writeFileSync(path, JSON.stringify({ pid: 1, host: "another", token: "t" }));
  assert.equal(isLiveClaim(path), true);
  for (const seconds of [-3600, 3600, 10 * 365 * 86400]) {
    const time = new Date(Date.now() + 1000 * seconds);
    utimesSync(path, time, time);
    assert.equal(isLiveClaim(path), false, `${seconds} s`);
  }
});

for (const processes of [2, 5])
  test(`${processes} processes work on one folder`, async () => {
    for (const name of ["kernel", "sweep"] as const) {
      const folder = newFolder();
      const ended = await Promise.all(Array.from({ length: processes }, () => all[name].run(folder)));
      for (const { code, stderr } of ended) assert.equal(code, 0, stderr);
      // Each leaves out of its tables what others are at; one more run has all of it.
      assert.equal((await all[name].run(folder)).code, 0);
      assert.equal(all[name].digest(folder), (await reference(name)).digest);
      assert.deepEqual(leftovers(folder), []);
    }
  });

test("kept results with changed, missing or wrong bytes are computed again, or refused by name", async (t) => {
  const { below, pick } = chance(5);
  for (const name of ["kernel", "sweep"] as const) {
    const { folder: whole, digest } = await reference(name);
    for (let round = 0; round < ROUNDS; round++) {
      const folder = newFolder();
      cpSync(whole, folder, { recursive: true });
      rmSync(join(folder, "kernels"), { recursive: true, force: true });
      for (const file of finished(folder).keys()) {
        const bytes = readFileSync(join(folder, file));
        const at = below(bytes.length);
        const damage = pick(["flip", "cut", "zeros", "empty"]);
        if (damage === "flip") bytes[at] ^= 1 << below(7);
        if (damage === "zeros") bytes.fill(0, at);
        writeFileSync(join(folder, file), damage === "cut" ? bytes.subarray(0, at) : damage === "empty" ? "" : bytes);
      }
      const damaged = finished(folder).size;
      let ended = await all[name].run(folder);
      // A sweep names a damaged run, and leaves it to its owner to remove it.
      for (let named; (named = /(\/\S+\.json) is damaged .*: remove it/.exec(ended.stderr));) {
        rmSync(named[1]);
        ended = await all[name].run(folder);
      }
      assert.equal(ended.code, 0, ended.stderr);
      assert.equal(all[name].digest(folder), digest);
      t.diagnostic(`${name}: ${damaged} damaged results computed again`);
    }
  }
});

test("a damaged state of training is refused by name, and a new one gives the same bytes", async (t) => {
  const { changes } = await reference("pretraining");
  const { below } = chance(6);
  for (let round = 0; round < ROUNDS; round++) {
    const folder = newFolder();
    await all.pretraining.run(folder, { FAULT: "kill", FAULT_AT: String(Math.floor(changes * 0.7)) });
    const file = join(folder, "state", "training-state.safetensors");
    const bytes = readFileSync(file);
    // In the second half lie the tensors.
    const at = Math.floor(bytes.length / 2) + below(Math.floor(bytes.length / 2));
    bytes[at] ^= 1 << below(8);
    writeFileSync(file, round % 2 === 0 ? bytes : bytes.subarray(0, at));
    const { code, stderr } = await all.pretraining.run(folder);
    assert.equal(code, 1);
    assert.match(stderr, /training-state\.safetensors/);
    rmSync(file);
    await goesOn("pretraining", folder, t, `bit ${at} of the state changed, the state removed`);
  }
});

test("a download that is killed goes on where it was, to the same bytes", async (t) => {
  const content = Buffer.alloc(3 << 20);
  for (let i = 0; i < content.length; i += 4) content.writeInt32LE(Math.imul(i, 0x9e3779b1), i);
  const kernel = readFileSync(fixturePath("torch", "asymmetric", "train_kernels_mr.pt"));
  const archive = makeZip([
    { name: "mr/train_kernels_mr.pt", content: kernel },
    { name: "mr/more.bin", content },
  ]);
  const ranges: number[] = [];
  const server = createServer((request, response) => {
    const from = Number(/^bytes=(\d+)-/.exec(request.headers.range ?? "")?.[1] ?? 0);
    const to = /-(\d+)$/.exec(request.headers.range ?? "")?.[1];
    const body = archive.subarray(from, to === undefined ? undefined : Number(to) + 1);
    ranges.push(from);
    response.writeHead(request.headers.range ? 206 : 200, {
      "Content-Length": body.length,
      ETag: '"one"',
      "Accept-Ranges": "bytes",
      ...(request.headers.range
        ? { "Content-Range": `bytes ${from}-${from + body.length - 1}/${archive.length}` }
        : {}),
    });
    // A slow line: some 30 pieces over two seconds.
    const send = (at: number): void => {
      if (response.destroyed) return;
      if (at >= body.length) return void response.end();
      response.write(body.subarray(at, at + (100 << 10)));
      setTimeout(() => send(at + (100 << 10)), 60);
    };
    send(0);
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  t.after(() => server.close());
  const download = downloadOperation(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  const { below } = chance(7);
  for (let round = 0; round < ROUNDS; round++) {
    const folder = newFolder();
    const kills: number[] = [];
    for (let kill = 0; kill < 2; kill++) {
      kills.push(700 + below(1500));
      await download.run(folder, {}, kills.at(-1));
    }
    const { code, stderr } = await download.run(folder);
    assert.equal(code, 0, stderr);
    assert.deepEqual(readFileSync(join(folder, "kernels", "mr", "more.bin")), content);
    assert.deepEqual(leftovers(folder), []);
    t.diagnostic(`killed after ${kills.join(" and ")} ms; requests from bytes ${ranges.splice(0).join(", ")}`);
  }
});

test("a small disk that fills, and one that only reads", async (t) => {
  const disk = join(scratch, "disk");
  mkdirSync(disk);
  const mount = (...options: string[]): void => void execFileSync("mount", options, { stdio: "pipe" });
  try {
    mount("-t", "tmpfs", "-o", "size=16k", "tmpfs", disk);
  } catch {
    return t.diagnostic("not run: this account may not mount a disk");
  }
  try {
    const folder = join(disk, "run");
    const full = await all.kernel.run(folder);
    assert.equal(full.code, 1);
    assert.match(full.stderr, /no space/i);
    mount("-o", "remount,size=64m", disk);
    await goesOn("kernel", folder, t, "the disk was made larger");
    mount("-o", "remount,ro", disk);
    const readOnly = await all.kernel.run(folder);
    assert.equal(readOnly.code, 1);
    assert.match(readOnly.stderr, /read-only/i);
    assert.ok(!/\n\s+at /.test(readOnly.stderr), readOnly.stderr);
    assert.equal(all.kernel.digest(folder), (await reference("kernel")).digest);
  } finally {
    execFileSync("umount", ["-l", disk]);
  }
  assert.equal(statSync(disk).isDirectory(), true);
});
