/**
 * The RoBERTa encoder, forward and backward, written once in tfjs operations.
 * The backward pass stops at the places where parameters enter ({@link Site}) instead of forming parameter gradients,
 * so that per-example gradients, kernels and training all start from the same two quantities: inputs and δs.
 */
import { tf, type Tensor } from "./backend";
import type { Batch } from "./batch";
import {
  attention,
  attentionBackward,
  gelu,
  layerNorm,
  layerNormBackward,
  linear,
  linearBackward,
  type AttentionTrace,
  type NormTrace,
} from "./layers";
import { parameter, type Model } from "./model";
import type { SiteVisitor } from "./site";

interface LayerTrace {
  /** The layer's input [B, T, H]. */
  input: Tensor;
  /** The rows that go on, [B, R, H]: all of them, except in the last layer, where only the read rows matter. */
  rowInput: Tensor;
  attention: AttentionTrace & { context: Tensor };
  attentionNorm: NormTrace & { output: Tensor };
  activation: { output: Tensor; slope: Tensor };
  outputNorm: NormTrace;
}

/** What a backward pass needs of a forward pass. */
export interface EncoderTrace {
  embeddingNorm: NormTrace;
  layers: LayerTrace[];
}

const layerName = (index: number): string => `roberta.encoder.layer.${index}`;

/** Selects rows: [B, R, T] × [B, T, H] → [B, R, H]. */
const readRows = (batch: Batch, x: Tensor): Tensor => tf.matMul(batch.readRows, x);

/** The transpose of {@link readRows} for C outputs: [C, B, R, H] → [C, B, T, H], zero elsewhere. */
function scatterRows(batch: Batch, delta: Tensor): Tensor {
  const [c, b, r, h] = delta.shape;
  const select = c === 1 ? batch.readRows : tf.tile(batch.readRows, [c, 1, 1]);
  return tf.matMul(select, delta.reshape([c * b, r, h]), true, false).reshape([c, b, batch.length, h]);
}

function embed(model: Model, batch: Batch): NormTrace & { output: Tensor } {
  const p = (name: string): Tensor => parameter(model, `roberta.embeddings.${name}`);
  const words = tf.gather(p("word_embeddings.weight"), batch.ids as never);
  const positions = tf.gather(p("position_embeddings.weight"), batch.positions as never);
  const type = tf.slice(p("token_type_embeddings.weight"), [0, 0], [1, model.config.hiddenSize]);
  const sum = tf.add(tf.add(words, positions), type.reshape([model.config.hiddenSize]));
  return layerNorm(sum, p("LayerNorm.weight"), p("LayerNorm.bias"), model.config.layerNormEps);
}

function layerForward(model: Model, index: number, batch: Batch, input: Tensor): { output: Tensor; trace: LayerTrace } {
  const { heads, layers, layerNormEps } = model.config;
  const p = (name: string): Tensor => parameter(model, `${layerName(index)}.${name}`);
  const rowInput = index === layers - 1 ? readRows(batch, input) : input;
  const attended = attention(
    linear(rowInput, p("attention.self.query.weight"), p("attention.self.query.bias")),
    linear(input, p("attention.self.key.weight"), p("attention.self.key.bias")),
    linear(input, p("attention.self.value.weight"), p("attention.self.value.bias")),
    batch.attentionBias,
    heads,
  );
  const projected = linear(attended.context, p("attention.output.dense.weight"), p("attention.output.dense.bias"));
  const attentionNorm = layerNorm(
    tf.add(projected, rowInput),
    p("attention.output.LayerNorm.weight"),
    p("attention.output.LayerNorm.bias"),
    layerNormEps,
  );
  const activation = gelu(linear(attentionNorm.output, p("intermediate.dense.weight"), p("intermediate.dense.bias")));
  const fed = linear(activation.output, p("output.dense.weight"), p("output.dense.bias"));
  const { output, normalized, inverseDeviation } = layerNorm(
    tf.add(fed, attentionNorm.output),
    p("output.LayerNorm.weight"),
    p("output.LayerNorm.bias"),
    layerNormEps,
  );
  const outputNorm = { normalized, inverseDeviation };
  return { output, trace: { input, rowInput, attention: attended, attentionNorm, activation, outputNorm } };
}

/**
 * Runs the encoder.
 * @returns the last hidden state at the batch's read rows, [B, R, H], and the trace for {@link encoderBackward}.
 */
export function encoderForward(model: Model, batch: Batch): { hidden: Tensor; trace: EncoderTrace } {
  return tf.tidy(() => {
    const { output, ...embeddingNorm } = embed(model, batch);
    const layers: LayerTrace[] = [];
    let hidden = output;
    for (let index = 0; index < model.config.layers; index++) {
      const step = tf.tidy(() => layerForward(model, index, batch, hidden) as never) as ReturnType<typeof layerForward>;
      layers.push(step.trace);
      hidden = step.output;
    }
    return { hidden, trace: { embeddingNorm, layers } } as never;
  }) as { hidden: Tensor; trace: EncoderTrace };
}

function layerBackward(model: Model, index: number, batch: Batch, trace: LayerTrace, delta: Tensor, visit: SiteVisitor): Tensor {
  const name = layerName(index);
  const p = (part: string): Tensor => parameter(model, `${name}.${part}`);
  const linearSite = (part: string, input: Tensor, siteDelta: Tensor): void =>
    visit({ kind: "linear", weight: `${name}.${part}.weight`, bias: `${name}.${part}.bias`, input, delta: siteDelta });
  const normSite = (part: string, norm: NormTrace, siteDelta: Tensor): void =>
    visit({ kind: "norm", weight: `${name}.${part}.weight`, bias: `${name}.${part}.bias`, input: norm.normalized, delta: siteDelta });

  normSite("output.LayerNorm", trace.outputNorm, delta);
  const dFed = layerNormBackward(delta, p("output.LayerNorm.weight"), trace.outputNorm);
  linearSite("output.dense", trace.activation.output, dFed);
  const dActivation = tf.mul(linearBackward(dFed, p("output.dense.weight")), trace.activation.slope);
  linearSite("intermediate.dense", trace.attentionNorm.output, dActivation);
  const dAttended = tf.add(dFed, linearBackward(dActivation, p("intermediate.dense.weight")));

  normSite("attention.output.LayerNorm", trace.attentionNorm, dAttended);
  const dProjected = layerNormBackward(dAttended, p("attention.output.LayerNorm.weight"), trace.attentionNorm);
  linearSite("attention.output.dense", trace.attention.context, dProjected);
  const dContext = linearBackward(dProjected, p("attention.output.dense.weight"));
  const d = attentionBackward(dContext, trace.attention);
  linearSite("attention.self.query", trace.rowInput, d.query);
  linearSite("attention.self.key", trace.input, d.key);
  linearSite("attention.self.value", trace.input, d.value);

  const dRows = tf.add(dProjected, linearBackward(d.query, p("attention.self.query.weight")));
  const dKeyValue = tf.add(
    linearBackward(d.key, p("attention.self.key.weight")),
    linearBackward(d.value, p("attention.self.value.weight")),
  );
  return tf.add(index === model.config.layers - 1 ? scatterRows(batch, dRows) : dRows, dKeyValue);
}

/**
 * Runs the encoder backward for C outputs at once, visiting every site from the top down.
 * @param delta derivative of each output with respect to the hidden state at the read rows, [C, B, R, H].
 *   Neither it nor the trace is disposed of.
 */
export function encoderBackward(model: Model, batch: Batch, trace: EncoderTrace, delta: Tensor, visit: SiteVisitor): void {
  let current = delta;
  for (let index = model.config.layers - 1; index >= 0; index--) {
    const next = tf.tidy(() => layerBackward(model, index, batch, trace.layers[index], current, visit));
    if (current !== delta) current.dispose();
    current = next;
  }
  tf.tidy(() => embeddingBackward(model, batch, trace.embeddingNorm, current, visit));
  if (current !== delta) current.dispose();
}

function embeddingBackward(model: Model, batch: Batch, norm: NormTrace, delta: Tensor, visit: SiteVisitor): void {
  const name = "roberta.embeddings";
  const normName = `${name}.LayerNorm`;
  visit({ kind: "norm", weight: `${normName}.weight`, bias: `${normName}.bias`, input: norm.normalized, delta });
  const dSum = layerNormBackward(delta, parameter(model, `${normName}.weight`), norm);
  visit({ kind: "rows", table: `${name}.word_embeddings.weight`, rows: batch.ids, delta: dSum });
  visit({ kind: "rows", table: `${name}.position_embeddings.weight`, rows: batch.positions, delta: dSum });
  visit({ kind: "rows", table: `${name}.token_type_embeddings.weight`, rows: tf.zerosLike(batch.ids), delta: dSum });
}
