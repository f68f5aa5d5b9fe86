/**
 * The encoder of RoBERTa, BERT and their relatives, forward and backward, written once in tfjs operations.
 * The backward pass stops at the places where parameters enter ({@link Site}) instead of forming parameter gradients,
 * so that per-example gradients, kernels and training all start from the same two quantities: inputs and δs.
 */
import { runAtOnce } from "../steps";
import { affine, affineBackward } from "./affine";
import { architectureOf } from "./architecture";
import { dispose, tf, tidy, type Tensor } from "./backend";
import type { Batch } from "./batch";
import { masked, type Dropout } from "./dropout";
import {
  attention,
  attentionBackward,
  gelu,
  layerNorm,
  layerNormBackward,
  type AttentionTrace,
  type Backward,
  type NormTrace,
  type Site,
} from "./layers";
import { parameter, type Model } from "./model";

interface LayerTrace {
  /** The layer's input [B, T, H]. */
  input: Tensor;
  /** The rows that go on, [B, R, H]: all of them, except in the last layer, where only the read rows matter. */
  rowInput: Tensor;
  attention: AttentionTrace & { context: Tensor };
  attentionNorm: NormTrace & { output: Tensor };
  activation: { output: Tensor; slope: Tensor };
  outputNorm: NormTrace;
  /** Dropout of what the attention and the feed-forward part add to the residual stream, [B, R, H]. */
  masks: { attended?: Tensor; fed?: Tensor };
}

/** What a backward pass needs of a forward pass. */
export interface EncoderTrace {
  /** With the embeddings [B, T, E] where a linear layer widens them. */
  embeddingNorm: NormTrace & { mask?: Tensor; narrow?: Tensor };
  layers: LayerTrace[];
}

const partName = (model: Model, part: string): string => `${architectureOf(model.config).prefix}.${part}`;

const layerName = (model: Model, index: number): string => partName(model, `encoder.layer.${index}`);

/** Selects rows: [B, R, T] × [B, T, H] → [B, R, H]. */
const readRows = (batch: Batch, x: Tensor): Tensor => tf.matMul(batch.readRows, x);

/** The transpose of {@link readRows} for C outputs: [C, B, R, H] → [C, B, T, H], zero elsewhere. */
function scatterRows(batch: Batch, delta: Tensor): Tensor {
  const [c, b, r, h] = delta.shape;
  const select = c === 1 ? batch.readRows : tf.tile(batch.readRows, [c, 1, 1]);
  return tf.matMul(select, delta.reshape([c * b, r, h]), true, false).reshape([c, b, batch.length, h]);
}

function embed(model: Model, batch: Batch, dropout?: Dropout): EncoderTrace["embeddingNorm"] & { output: Tensor } {
  const p = (name: string): Tensor => parameter(model, partName(model, `embeddings.${name}`));
  const words = tf.gather(p("word_embeddings.weight"), batch.ids);
  const positions = tf.gather(p("position_embeddings.weight"), batch.positions);
  const { typeVocabSize, embeddingSize, layerNormEps, hiddenDropout } = model.config;
  const placed = tf.add(words, positions);
  const type = (): Tensor => tf.slice(p("token_type_embeddings.weight"), [0, 0], [1, words.shape[2]!]);
  const sum = typeVocabSize > 0 ? tf.add(placed, type()) : placed;
  const norm = layerNorm(sum, p("LayerNorm.weight"), p("LayerNorm.bias"), layerNormEps);
  const mask = dropout?.mask(norm.output.shape, hiddenDropout);
  const output = masked(norm.output, mask);
  if (embeddingSize === undefined) return { ...norm, mask, output };
  return { ...norm, mask, narrow: output, output: affine(model, partName(model, "embeddings.project"), output) };
}

function layerForward(
  model: Model,
  index: number,
  batch: Batch,
  input: Tensor,
  dropout?: Dropout,
): { output: Tensor; trace: () => LayerTrace } {
  const { heads, layers, layerNormEps, hiddenDropout, attentionDropout } = model.config;
  const name = layerName(model, index);
  const project = (part: string, x: Tensor): Tensor => affine(model, `${name}.${part}`, x);
  const norm = (part: string, x: Tensor): ReturnType<typeof layerNorm> =>
    layerNorm(x, parameter(model, `${name}.${part}.weight`), parameter(model, `${name}.${part}.bias`), layerNormEps);

  const [rowInput, bias] =
    index === layers - 1 ? [readRows(batch, input), batch.readBias] : [input, batch.attentionBias];
  const [query, key, value] = [
    project("attention.self.query", rowInput),
    project("attention.self.key", input),
    project("attention.self.value", input),
  ];
  const attended = attention(query, key, value, bias, heads, (shape) => dropout?.mask(shape, attentionDropout));
  const hiddenMask = (): Tensor | undefined => dropout?.mask(rowInput.shape, hiddenDropout);
  const { attendedDropout = true } = architectureOf(model.config);
  const masks = { attended: attendedDropout ? hiddenMask() : undefined, fed: hiddenMask() };
  const attentionNorm = norm(
    "attention.output.LayerNorm",
    tf.add(masked(project("attention.output.dense", attended.context), masks.attended), rowInput),
  );
  const { output: activated, slope } = gelu(project("intermediate.dense", attentionNorm.output), model.geluTail);
  const { output, ...outputNorm } = norm(
    "output.LayerNorm",
    tf.add(masked(project("output.dense", activated), masks.fed), attentionNorm.output),
  );
  const trace = (): LayerTrace => ({
    input,
    rowInput,
    attention: attended,
    attentionNorm,
    activation: { output: activated, slope: slope() },
    outputNorm,
    masks,
  });
  return { output, trace };
}

/** What a forward pass through the encoder gives. */
export interface EncoderForward {
  /** The last hidden state at the batch's read rows, [B, R, H]. */
  hidden: Tensor;
  /** For {@link encoderBackward}. */
  trace: EncoderTrace;
}

/**
 * The forward pass, layer by layer: pauses after each, so that long work can be watched and stopped.
 * If it is not run to its end, what it has made is freed.
 */
export function* encoderForwardSteps(
  model: Model,
  batch: Batch,
  dropout?: Dropout,
): Generator<undefined, EncoderForward> {
  const { output, ...embeddingNorm } = tidy(() => embed(model, batch, dropout));
  const trace: EncoderTrace = { embeddingNorm, layers: [] };
  let hidden = output;
  let finished = false;
  try {
    for (let index = 0; index < model.config.layers; index++) {
      yield;
      const step = tidy(() => {
        const { output, trace: traceOf } = layerForward(model, index, batch, hidden, dropout);
        return { output, trace: traceOf() };
      });
      trace.layers.push(step.trace);
      hidden = step.output;
    }
    finished = true;
    return { hidden, trace };
  } finally {
    if (!finished) disposeForward({ hidden, trace });
  }
}

/** The last hidden state at the batch's read rows, [B, R, H], without what a backward pass needs; pauses before each layer. */
export function* hiddenSteps(model: Model, batch: Batch): Generator<undefined, Tensor> {
  let hidden = tf.tidy(() => embed(model, batch).output);
  let finished = false;
  try {
    for (let index = 0; index < model.config.layers; index++) {
      yield;
      const below = hidden;
      hidden = tf.tidy(() => layerForward(model, index, batch, below).output);
      below.dispose();
    }
    finished = true;
    return hidden;
  } finally {
    if (!finished) hidden.dispose();
  }
}

/** The forward pass in one go; with dropout in training only. */
export function encoderForward(model: Model, batch: Batch, dropout?: Dropout): EncoderForward {
  return runAtOnce(encoderForwardSteps(model, batch, dropout));
}

/** Frees what a forward pass gave. */
export function disposeForward({ hidden, trace }: EncoderForward): void {
  dispose([hidden, trace.embeddingNorm, trace.layers]);
}

function layerBackward(model: Model, index: number, batch: Batch, trace: LayerTrace, delta: Tensor): Backward {
  const name = layerName(model, index);
  const sites: Site[] = [];
  const affineStep = (part: string, input: Tensor, siteDelta: Tensor): Tensor => {
    const step = affineBackward(model, `${name}.${part}`, input, siteDelta);
    sites.push(...step.sites);
    return step.delta;
  };
  const normStep = (part: string, norm: NormTrace, siteDelta: Tensor): Tensor => {
    sites.push({
      kind: "norm",
      weight: `${name}.${part}.weight`,
      bias: `${name}.${part}.bias`,
      input: norm.normalized,
      delta: siteDelta,
    });
    return layerNormBackward(siteDelta, parameter(model, `${name}.${part}.weight`), norm);
  };

  const dFed = normStep("output.LayerNorm", trace.outputNorm, delta);
  const dActivation = tf.mul(
    affineStep("output.dense", trace.activation.output, masked(dFed, trace.masks.fed)),
    trace.activation.slope,
  );
  const dAttended = tf.add(dFed, affineStep("intermediate.dense", trace.attentionNorm.output, dActivation));

  const dProjected = normStep("attention.output.LayerNorm", trace.attentionNorm, dAttended);
  const d = attentionBackward(
    affineStep("attention.output.dense", trace.attention.context, masked(dProjected, trace.masks.attended)),
    trace.attention,
  );
  const dRows = tf.add(dProjected, affineStep("attention.self.query", trace.rowInput, d.query));
  const dKeyValue = tf.add(
    affineStep("attention.self.key", trace.input, d.key),
    affineStep("attention.self.value", trace.input, d.value),
  );
  return { delta: tf.add(index === model.config.layers - 1 ? scatterRows(batch, dRows) : dRows, dKeyValue), sites };
}

function embeddingBackward(model: Model, batch: Batch, norm: EncoderTrace["embeddingNorm"], above: Tensor): Backward {
  const name = partName(model, "embeddings");
  const widened = norm.narrow && affineBackward(model, `${name}.project`, norm.narrow, above);
  const delta = masked(widened?.delta ?? above, norm.mask);
  const normName = `${name}.LayerNorm`;
  const dSum = layerNormBackward(delta, parameter(model, `${normName}.weight`), norm);
  const table = (part: string, rows: Tensor): Site => ({
    kind: "rows",
    table: `${name}.${part}.weight`,
    rows,
    delta: dSum,
  });
  const sites: Site[] = [
    ...(widened?.sites ?? []),
    { kind: "norm", weight: `${normName}.weight`, bias: `${normName}.bias`, input: norm.normalized, delta },
    table("word_embeddings", batch.ids),
    table("position_embeddings", batch.positions),
    ...(model.config.typeVocabSize > 0 ? [table("token_type_embeddings", tf.zerosLike(batch.ids))] : []),
  ];
  return { delta: dSum, sites };
}

/**
 * Runs the encoder backward for C outputs at once and gives its sites from the top down. A site's tensors live until
 * the next one is asked for. Frees δ and, layer by layer as it goes, the trace.
 *
 * @param delta derivative of each output with respect to the hidden state at the read rows, [C, B, R, H]
 * @param lowest the lowest layer whose sites are wanted (0 is the first); -1, the default, goes down to the embeddings
 */
export function* encoderBackward(
  model: Model,
  batch: Batch,
  trace: EncoderTrace,
  delta: Tensor,
  lowest = -1,
): Generator<Site> {
  let current = delta;
  try {
    for (let index = model.config.layers - 1; index >= lowest; index--) {
      const above = current;
      const step = tidy(() =>
        index < 0
          ? embeddingBackward(model, batch, trace.embeddingNorm, above)
          : layerBackward(model, index, batch, trace.layers[index], above),
      );
      try {
        yield* step.sites;
      } finally {
        disposeSites(step.sites, batch);
        dispose([current, index < 0 ? trace.embeddingNorm : trace.layers[index]]);
        current = step.delta;
      }
    }
  } finally {
    current.dispose();
  }
}

/** Frees sites' tensors, but not the ids and positions, which belong to the batch. */
function disposeSites(sites: Site[], { ids, positions }: Batch): void {
  for (const site of sites) {
    site.delta.dispose();
    if (site.kind !== "rows") site.input.dispose();
    else if (site.rows !== ids && site.rows !== positions) site.rows.dispose();
  }
}
