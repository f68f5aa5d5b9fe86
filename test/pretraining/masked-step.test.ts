import assert from "node:assert/strict";
import { it } from "node:test";
import { flatLayouts, flatten } from "../../src/finetune/flat-parameters";
import { parameterGradients, type Loss, type ParameterGradients } from "../../src/finetune/parameter-gradients";
import { tf } from "../../src/model/backend";
import { collate } from "../../src/model/batch";
import { vocabularyHead } from "../../src/model/head";
import { parameter, type Model } from "../../src/model/model";
import type { MaskedRows } from "../../src/pretraining/masked-rows";
import { maskedLossOf, maskedSteps } from "../../src/pretraining/masked-step";
import { DEFAULT_SETTINGS, type PretrainingSettings } from "../../src/pretraining/settings";
import { assertAllclose } from "../support/allclose";
import { onEveryBackend } from "../support/backends";
import { tinyBert } from "../support/tiny-bert";
import { tinyRoberta } from "../support/tiny-roberta";

const settings: PretrainingSettings = { ...DEFAULT_SETTINGS, rows: 3, length: 20, reads: 6, weightDecay: 0.1 };

/** Rows of one to three texts; of the second row nothing is predicted, and no row has as many places as it may. */
const batch: MaskedRows = {
  rows: [
    { ids: [2, 40, 4, 33, 3, 2, 4, 51, 3, 2, 60, 61, 62, 3], starts: [0, 5, 9] },
    { ids: [2, 30, 31, 3], starts: [0] },
    { ids: [2, 4, 4, 70, 44, 35, 3, 2, 90, 3], starts: [0, 7] },
  ],
  places: [[2, 6, 7, 11], [], [1, 2, 8]],
  targets: [[35, 50, 51, 99], [], [80, 81, 90]],
};
const PLACES = 7;

/** The mean loss of the batch and its gradients, each text a sequence of its own and the loss written out. */
function naive(model: Model): { loss: number; gradients: ParameterGradients } {
  const texts = batch.rows.flatMap(({ ids, starts }, r) =>
    starts.map((start, i) => {
      const end = starts[i + 1] ?? ids.length;
      const own = batch.places[r]
        .map((place, k) => ({ place, target: batch.targets[r][k] }))
        .filter(({ place }) => place >= start && place < end);
      return {
        sequence: { ids: ids.slice(start, end), maskPosition: 0 },
        places: own.map(({ place }) => place - start),
        targets: own.map(({ target }) => target),
      };
    }),
  );
  const most = Math.max(...texts.map(({ places }) => places.length));
  const padded = texts.map(({ places }) => [...places, ...Array<number>(most - places.length).fill(-1)]);
  const loss: Loss = (logits) => {
    const values = logits.arraySync() as number[][][];
    const delta = values.map((rows) => rows.map((row) => row.map(() => 0)));
    let sum = 0;
    texts.forEach(({ targets }, b) =>
      targets.forEach((target, r) => {
        const row = values[b][r];
        const total = row.reduce((partial, logit) => partial + Math.exp(logit), 0);
        sum -= Math.log(Math.exp(row[target]) / total) / PLACES;
        row.forEach((logit, v) => (delta[b][r][v] = (Math.exp(logit) / total - Number(v === target)) / PLACES));
      }),
    );
    return { loss: tf.scalar(sum), delta: tf.tensor3d(delta) };
  };
  return parameterGradients(
    model,
    vocabularyHead,
    collate(
      texts.map(({ sequence }) => sequence),
      model.config,
      padded,
    ),
    loss,
  );
}

/** AdamW's first step on one parameter, written out: Hugging Face's, with decay of what is no bias and no norm. */
function firstStep(
  name: string,
  before: ArrayLike<number>,
  gradient: ArrayLike<number>,
  rate: number,
): { after: number[]; first: number[]; second: number[] } {
  const first = Array.from(gradient, (g) => 0.1 * g);
  const second = Array.from(gradient, (g) => 0.02 * g * g);
  const step = (rate * Math.sqrt(1 - 0.98)) / (1 - 0.9);
  const decay = /bias|LayerNorm\.weight/.test(name) ? 0 : rate * 0.1;
  return {
    first,
    second,
    after: first.map((m, i) => (before[i] - (step * m) / (Math.sqrt(second[i]) + 1e-6)) * (1 - decay)),
  };
}

onEveryBackend("a pretraining step", () => {
  for (const [name, make] of Object.entries({ BERT: tinyBert, RoBERTa: tinyRoberta })) {
    it(`of ${name} is AdamW's on the gradient of the naive loss, clipped to a norm of 1`, () => {
      const model = make();
      const { loss, gradients } = naive(model);
      assert.ok(
        !gradients.has("cls.predictions.decoder.weight") && !gradients.has("lm_head.decoder.weight"),
        "the decoder is the word embeddings",
      );
      assertAllclose([maskedLossOf(model, [batch], settings)], [loss], { relative: 1e-5 });

      const layouts = flatLayouts(model, gradients.keys());
      const parameters = layouts.map((layout) => tf.keep(flatten(layout, (each) => parameter(model, each))));
      const before = tf.memory().numTensors - parameters.length;
      const moments = [0, 1].flatMap(() => parameters.map((vector) => tf.keep(tf.zerosLike(vector))));
      const steps = maskedSteps(model, layouts, settings);
      const { loss: found, state } = steps.take({ parameters, moments }, batch, 0, 0.01);
      assertAllclose([found], [loss], { relative: 1e-5 });

      const norm = Math.hypot(...[...gradients.values()].flatMap((gradient) => [...gradient.dataSync()]));
      assert.ok(norm > 1, `a norm of ${norm} is clipped`);
      layouts.forEach(({ names }, i) => {
        const expected = names.map((each) =>
          firstStep(
            each,
            parameter(model, each).dataSync(),
            Array.from(gradients.get(each)!.dataSync(), (g) => g / norm),
            0.01,
          ),
        );
        const [after, first, second] = [state.parameters[i], state.moments[i], state.moments[layouts.length + i]].map(
          (tensor) => tensor.dataSync(),
        );
        assertAllclose(
          first,
          expected.flatMap((each) => each.first),
          { relative: 2e-5 },
          `gradients of ${names[0]} …`,
        );
        assertAllclose(
          second,
          expected.flatMap((each) => each.second),
          { relative: 4e-5 },
          `squares of ${names[0]} …`,
        );
        // A gradient of 1e-7 and less is rounding, and AdamW's first step is its sign.
        const near = expected
          .flatMap((each) => each.after)
          .filter((value, k) => Math.abs(value - after[k]) < 1e-5).length;
        assert.ok(near >= 0.99 * after.length, `${near} of ${after.length} parameters of ${names[0]} …`);
      });
      tf.dispose([...state.parameters, ...state.moments]);
      steps.dispose();
      assert.equal(tf.memory().numTensors, before, "nothing is left");
    });
  }

  it("goes along the gradient: the loss falls by what it promises", () => {
    const model = tinyBert();
    const { loss, gradients } = naive(model);
    const move = 1e-3 / Math.hypot(...[...gradients.values()].flatMap((gradient) => [...gradient.dataSync()]));
    const at = (sign: number): number => {
      const moved = new Map(
        [...model.parameters].map(([name, tensor]) => [
          name,
          gradients.has(name) ? tf.add(tensor, tf.mul(gradients.get(name)!, sign * move)) : tensor,
        ]),
      );
      return maskedLossOf({ ...model, parameters: moved }, [batch], settings);
    };
    const promised = (2 * 1e-3 * 1e-3) / move;
    assert.ok(at(-1) < loss && loss < at(1));
    assertAllclose([at(1) - at(-1)], [promised], { relative: 0.01 });
  });
});
