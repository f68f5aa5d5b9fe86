/** A thread of `gradient-threads`: computes the shards that it is sent. */
import { parentPort, workerData } from "node:worker_threads";
import { disposeFlatParameters, withFlatParameters } from "../../finetune/flat-parameters";
import { tf } from "../../model/backend";
import { modelFromCheckpoint } from "../../model/model";
import type { GradientThreadData, ShardTask } from "./gradient-threads";
import { maskedGradient, pretrainedLayout } from "./masked-gradient";

const { start: checkpoint, shape, parameters, gradients } = workerData as GradientThreadData;
const start = modelFromCheckpoint(checkpoint);
const layout = pretrainedLayout(start);

parentPort?.on("message", (tasks: ShardTask[]) => {
  const vector = tf.tensor1d(parameters);
  const model = withFlatParameters(start, layout, vector);
  const losses = tasks.map(({ shard, masked, count }) => {
    const { loss, gradient } = maskedGradient(model, layout, masked, shape, count);
    gradients[shard].set(gradient.dataSync() as Float32Array);
    gradient.dispose();
    return loss;
  });
  disposeFlatParameters(model, layout);
  vector.dispose();
  parentPort?.postMessage(losses);
});
