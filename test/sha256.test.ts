import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { it } from "node:test";
import { sha256Hex } from "../src/sha256";

it("SHA-256 is that of node:crypto, at every length of the last block", () => {
  for (let length = 0; length < 200; length++) {
    const text = "é∑x".repeat(70).slice(0, length);
    assert.equal(sha256Hex(text), createHash("sha256").update(text).digest("hex"));
  }
});
