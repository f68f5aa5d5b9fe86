import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { loadLanguageModel } from "../../src/experiment/language-model";
import { loadLoraAdapter, saveLoraAdapter } from "../../src/finetune/lora-adapter";
import { tf } from "../../src/model/backend";
import { labelWordHead } from "../../src/model/head";
import { withLora } from "../../src/model/lora";
import { predictLogits } from "../../src/model/predict";
import { assertAllclose } from "../support/allclose";
import { temporaryFolder } from "../support/checkout";
import { bertOracle, tinyBert } from "../support/tiny-bert";
import { fixturePath } from "../support/tiny-roberta";

test("a folder with an adapter is its base model with the factors added to the weights", async (t) => {
  const folder = temporaryFolder(t);
  const adapted = withLora(tinyBert(), { rank: 2, alpha: 3, targets: ["query", "output.dense"], seed: 1 });
  const filled = new Map(
    [...adapted.parameters].map(([name, tensor]) => [
      name,
      name.includes("lora_B") ? tf.keep(tf.randomNormal(tensor.shape, 0, 0.1, "float32", 5)) : tensor,
    ]),
  );
  const base = fixturePath("tiny-bert");
  saveLoraAdapter(folder, { ...adapted, parameters: filled }, { baseModel: path.relative(folder, base) });
  const { model, tokenizer, directory } = await loadLanguageModel(folder);
  assert.deepEqual([...model.parameters.keys()].sort(), [...tinyBert().parameters.keys()].sort());
  assert.deepEqual([path.resolve(directory), model.loraScale, tokenizer.maskId], [base, undefined, 4]);

  const head = labelWordHead(bertOracle.labelWordIds);
  const expected = predictLogits(loadLoraAdapter(folder, tinyBert()).model, head, bertOracle.sequences);
  assertAllclose(predictLogits(model, head, bertOracle.sequences), expected, { absolute: 1e-5 });
  assert.notDeepEqual(predictLogits(tinyBert(), head, bertOracle.sequences), expected);
  // Other factors are another model.
  saveLoraAdapter(folder, adapted, { baseModel: base });
  assert.notEqual((await loadLanguageModel(folder)).model.hash, model.hash);

  const config = path.join(folder, "adapter_config.json");
  writeFileSync(
    config,
    JSON.stringify({ ...(JSON.parse(readFileSync(config, "utf8")) as object), base_model_name_or_path: "" }),
  );
  await assert.rejects(loadLanguageModel(folder), /adapter_config\.json: base_model_name_or_path: expected the model/);
});
