/** A scene as what a page carries: its model as int8 rows where these hold the weights exactly, all of it compressed. */
import { gzipSync } from "node:zlib";
import type { LanguageModel } from "../experiment/language-model";
import type { ExplorerSpec } from "../explore/answer";
import { makeScene } from "../explore/make-scene";
import type { EmbeddedScene, EmbeddedWeight, Scene } from "../explore/scene";
import { architectureOf, wordEmbeddingsName } from "../model/architecture";
import { floats } from "../model/backend";
import { fromInt8Rows, toInt8Rows } from "../model/int8-rows";
import { disposeModel, parameter, stored, type Model } from "../model/model";
import { tokenizerText } from "../model/tokenizer-files";
import { keyOf } from "../store/slot";
import { pack, textOfBytes } from "./packed";

/** A model's weights, to the bit; a decoder equal to the word embeddings is left out. */
function embeddedWeights(model: Model): Record<string, EmbeddedWeight> {
  const architecture = architectureOf(model.config);
  const { decoder } = architecture.head;
  const isTied = sameNumbers(
    floats(parameter(model, decoder)),
    floats(parameter(model, wordEmbeddingsName(architecture))),
  );
  return Object.fromEntries(
    [...model.parameters].flatMap(([name, tensor]) => {
      if (name === decoder && isTied) return [];
      const weight = stored(tensor);
      if (weight.shape.length !== 2) return [[name, { values: weight }]];
      const { values, scale } = toInt8Rows(weight);
      return [[name, sameNumbers(fromInt8Rows(values, scale), weight.data) ? { values, scale } : { values: weight }]];
    }),
  );
}

const sameNumbers = (a: Float32Array, b: Float32Array): boolean =>
  a.length === b.length && a.every((value, i) => value === b[i]);

/** A scene as data; the weights of its fine-tuned model are those that it does not share with the pretrained one. */
function embedded(scene: Scene, tokenizer: unknown): EmbeddedScene {
  const { name, model, task, train, test, kernels, tests, regularization, f0, tuned } = scene;
  const added = [...(tuned?.model.parameters ?? [])].filter(([name, tensor]) => model.parameters.get(name) !== tensor);
  return {
    model: { name, hash: model.hash, config: model.config.raw, tokenizer, weights: embeddedWeights(model) },
    task,
    train: train.examples,
    test: test.examples,
    kernels: Object.fromEntries(kernels),
    tests,
    regularization,
    ...(f0 === Infinity ? {} : { f0 }),
    ...(tuned
      ? {
          tuned: {
            method: tuned.method,
            weights: Object.fromEntries(added.map(([name, tensor]) => [name, { values: stored(tensor) }])),
            loraScale: tuned.model.loraScale,
          },
        }
      : {}),
  };
}

const compressed = (value: unknown): string => textOfBytes(gzipSync(pack(value), { level: 9 }));

/** Which texts of a page an explorer's scene is made of. */
export interface ScenePlace {
  scene: string;
  model: string;
}

/**
 * The scenes of explorers' specifications: a place for each, and the texts by name, equal ones once.
 * @param load loads a model by the name in a specification
 * @throws as loading, the kernels and the fine-tuning of a scene do
 */
export async function embedScenes(
  specs: readonly ExplorerSpec[],
  load: (model: string) => Promise<LanguageModel>,
  store?: string,
): Promise<{ places: ScenePlace[]; texts: Record<string, string> }> {
  const texts: Record<string, string> = {};
  const places: ScenePlace[] = [];
  const models = new Map<string, LanguageModel>();
  for (const spec of specs) {
    const { model: name, modelHash, task, draw, regularization, f0 } = spec;
    const place = {
      model: `live-model-${modelHash.slice(0, 12)}`,
      scene: `live-scene-${keyOf([modelHash, task, draw, regularization, f0]).slice(0, 12)}`,
    };
    places.push(place);
    if (place.scene in texts) continue;
    const lm = models.get(name) ?? (await load(name));
    models.set(name, lm);
    const scene = await makeScene(spec, lm, { formulas: ["sgd", "signgd", "asymmetric_signgd"], forPage: true, store });
    const { model, ...rest } = embedded(scene, JSON.parse(tokenizerText(lm.directory).text));
    texts[place.model] ??= compressed(model);
    texts[place.scene] = compressed(rest);
    scene.dispose();
  }
  models.forEach(({ model }) => disposeModel(model));
  return { places, texts };
}
