import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { KEPT } from "./kept";
import { fuzzer } from "./run";

/** Enough for some seconds; npm run fuzz takes as many as one likes. */
const INPUTS = 4000;

let fuzz: Awaited<ReturnType<typeof fuzzer>>;
before(async () => {
  fuzz = await fuzzer();
});
after(() => fuzz.close());

for (const { target, did, content } of KEPT)
  test(`${target}: an input is refused that once ${/^(did|ran)/.test(did) ? did : `gave ${did}`}`, async () => {
    const { refused } = fuzz.tallyOf(target);
    assert.equal((await fuzz.kept(target, Buffer.from(content as Uint8Array)))?.what, undefined);
    assert.equal(fuzz.tallyOf(target).refused, refused + 1, "it is refused");
  });

test("mutated files of every kind are read, or refused by name: no crash, no hang, no huge allocation", async (t) => {
  for (const { name, input } of fuzz.inputs(INPUTS)) {
    const fault = await fuzz.one(name, input);
    assert.equal(fault, undefined, `npm run fuzz -- --target "${name}" --show ${input}: ${fault?.what}`);
  }
  // The changes reach all of a reader: some files are still good.
  for (const name of fuzz.names) {
    const { read, refused } = fuzz.tallyOf(name);
    assert.ok(refused > 0 && read > 0, `${name}: ${read} read, ${refused} refused`);
  }
  const slowest = Math.max(...fuzz.names.map((name) => fuzz.tallyOf(name).slowest));
  t.diagnostic(`slowest input: ${slowest.toFixed(0)} ms`);
});
