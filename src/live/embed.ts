/** A scene as what a page carries: its model as int8 rows where these hold the weights exactly, all of it compressed. */
import { gzipSync } from "node:zlib";
import type { EmbeddedScene, EmbeddedWeight } from "../explore/scene";
import { architectureOf, wordEmbeddingsName } from "../model/architecture";
import { floats } from "../model/backend";
import { fromInt8Rows, toInt8Rows } from "../model/int8-rows";
import { parameter, stored, type Model } from "../model/model";
import { keyOf } from "../store/slot";
import { pack } from "./packed";

/** A model's weights, to the bit; a decoder equal to the word embeddings is left out. */
export function embeddedWeights(model: Model): Record<string, EmbeddedWeight> {
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

const text = (value: unknown): string => gzipSync(pack(value), { level: 9 }).toString("base64");

/** The texts of a scene in a page, and their names: scenes of one model share its text. */
export function sceneTexts({ model, ...rest }: EmbeddedScene): { model: [string, string]; rest: [string, string] } {
  return {
    model: [`live-model-${model.hash.slice(0, 16)}`, text(model)],
    rest: [`live-scene-${keyOf([model.hash, rest.task, rest.train, rest.test]).slice(0, 16)}`, text(rest)],
  };
}
