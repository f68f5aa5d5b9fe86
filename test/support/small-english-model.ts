import { readFileSync } from "node:fs";
import path from "node:path";
import { saveModel } from "../../src/finetune/save-model";
import { disposeModel } from "../../src/model/model";
import { root, temporaryFolder } from "./checkout";
import { randomModel } from "./random-model";

/**
 * A BERT of two thin layers with random weights and the tokenizer of the English model, for tests of what notebooks do rather than of what
 * comes out. Its folder is gone after the test.
 */
export function smallEnglishModel(t: { after(clean: () => void): void }): string {
  const [folder, source] = [temporaryFolder(t), path.join(root, "data", "english", "model")];
  const {
    model: { vocab },
  } = JSON.parse(readFileSync(path.join(source, "tokenizer.json"), "utf8")) as {
    model: { vocab: Record<string, number> };
  };
  const model = randomModel(
    {
      modelType: "bert",
      layers: 2,
      headSize: 8,
      heads: 2,
      intermediate: 32,
      vocabulary: Object.keys(vocab).length,
      longest: 128,
      padId: vocab["[PAD]"],
    },
    1,
    0.3,
  );
  saveModel(folder, model, { source });
  disposeModel(model);
  return folder;
}
