import assert from "node:assert/strict";
import { test } from "node:test";
import { taskByName } from "../../src/tasks/task";
import { templateText } from "../../src/tasks/template";

test("a template reads like the prompt that it makes, without the tokens at its ends", () => {
  const expected = {
    "sst-2": "⟨sentence⟩ It was ⟨mask⟩.",
    trec: "⟨mask⟩: ⟨sentence⟩",
    mnli: "⟨sentence 1⟩? ⟨mask⟩, ⟨sentence 2⟩",
    topic: "⟨sentence⟩ It is about ⟨mask⟩.",
  };
  for (const [name, text] of Object.entries(expected))
    assert.equal(templateText(taskByName(name).template), text, name);
  assert.throws(() => templateText("*cls**sent_0**sep+*"), /has no \*mask\*/);
});
