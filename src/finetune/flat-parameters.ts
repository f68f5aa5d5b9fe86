import { tf, type Tensor } from "../model/backend";
import { parameter, type Model } from "../model/model";

/** Which parameters are trained, in a fixed order, and how they lie in one flat vector. */
export interface FlatLayout {
  names: string[];
  shapes: number[][];
  sizes: number[];
}

/** The layout of the named parameters. One flat vector makes an optimizer step a few operations, whatever the model. */
export function flatLayout(model: Model, names: Iterable<string>): FlatLayout {
  const sorted = [...names].sort();
  const shapes = sorted.map((name) => parameter(model, name).shape);
  return { names: sorted, shapes, sizes: shapes.map((shape) => shape.reduce((a, b) => a * b, 1)) };
}

/** Parameters with more numbers than this get their own vector: joining and splitting them costs more than a few extra operations. */
const LARGE = 100_000;

/** Layouts whose vectors together hold the named parameters: one for each large parameter, and one for all others. */
export function flatLayouts(model: Model, names: Iterable<string>): FlatLayout[] {
  const [large, small]: [string[], string[]] = [[], []];
  for (const name of [...names].sort()) (parameter(model, name).size > LARGE ? large : small).push(name);
  return [...(small.length > 0 ? [small] : []), ...large.map((name) => [name])].map((part) => flatLayout(model, part));
}

/** Joins tensors, looked up by name, into one vector [P]. */
export const flatten = (layout: FlatLayout, lookup: (name: string) => Tensor): Tensor =>
  tf.tidy(() => tf.concat(layout.names.map((name) => lookup(name).reshape([-1]))));

/** The model with the vector's values in the layout's parameters; the others are shared with the given model. */
export function withFlatParameters(model: Model, layout: FlatLayout, vector: Tensor): Model {
  const pieces = tf.tidy(() => piecesOf(layout, vector).map((piece, i) => tf.keep(piece.reshape(layout.shapes[i]))));
  const parameters = new Map(model.parameters);
  layout.names.forEach((name, i) => parameters.set(name, pieces[i]));
  return { ...model, parameters };
}

const piecesOf = ({ sizes }: FlatLayout, vector: Tensor): Tensor[] =>
  sizes.length === 1 ? [vector] : tf.split(vector, sizes);

/** Releases the parameters that {@link withFlatParameters} made. */
export const disposeFlatParameters = (model: Model, layout: FlatLayout): void =>
  layout.names.forEach((name) => parameter(model, name).dispose());
