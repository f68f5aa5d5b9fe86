/** The process of a fine-tuning run: see side-by-side.ts, which starts it. */
import { tf } from "../model/backend";
import { headFromDescription } from "../model/head";
import { disposeModel, type Model } from "../model/model";
import type { FromWorker, SentModel, ToWorker } from "./side-by-side";
import { singleRun } from "./single-run";

let model: Model | undefined;

const tell = (message: FromWorker): void => void process.send!(message);

function received({ parameters, ...rest }: SentModel): Model {
  return {
    ...rest,
    parameters: new Map(parameters.map(([name, shape, values]) => [name, tf.keep(tf.tensor(values, shape))])),
  };
}

async function answer(message: ToWorker): Promise<void> {
  if (message.type === "model") {
    if (model) disposeModel(model);
    model = received(message.model);
    return;
  }
  try {
    const run = await singleRun({
      ...message.options,
      model: model!,
      head: headFromDescription(message.head),
      onProgress: (progress) => tell({ type: "progress", ...progress }),
    });
    tell({ type: "done", run });
  } catch (error) {
    const { name, message: text } = error as Error;
    tell({ type: "failed", name, message: text });
  }
}

process.on("message", (message: ToWorker) => void answer(message));
// The process that asks has ended.
process.on("disconnect", () => process.exit());
