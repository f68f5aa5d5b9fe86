/** What turns the hidden state at the read rows into logits: forward, and backward with its sites. */
import { InputError } from "../errors";
import type { CombineWords } from "../tasks/task";
import { affine, affineBackward } from "./affine";
import { architectureOf, wordEmbeddingsName, type Architecture } from "./architecture";
import { tf, type Tensor } from "./backend";
import { masked, type Dropout } from "./dropout";
import {
  gelu,
  layerNorm,
  layerNormBackward,
  linear,
  linearBackward,
  type Backward,
  type NormTrace,
  type Site,
} from "./layers";
import { parameter, type Model } from "./model";

/** What turns the hidden states [B, R, H] of a batch into logits, and back: label words, or a classifier. */
export interface Head {
  /** Describes the head completely: part of every cache key. */
  description: string;
  /** Hidden state [B, R, H] → logits, and what the backward pass needs. Dropout is for training, and for heads that have it. */
  forward(model: Model, hidden: Tensor, dropout?: Dropout): { logits: Tensor; trace: Tensor[] };
  /** δ of the logits for C outputs, [C, ...logits.shape] → δ of the hidden state [C, B, R, H], and the head's sites. */
  backward(model: Model, trace: Tensor[], delta: Tensor): Backward;
  /** The linear layer that makes the logits; its input is the last tensor of the trace. */
  finalLayer?(model: Model): FinalLayer;
  /** The tokens whose rows of the vocabulary's tables the head reads. A head without this reads all of them. */
  words?: readonly number[];
  /** The same head where tokens have other numbers: see `VocabularyPart`. */
  renumbered?(numberOf: (id: number) => number): Head;
}

/** A linear layer by its parameters' names; of its outputs, only `rows` are read where there are such. */
export interface FinalLayer {
  weight: string;
  bias: string;
  rows?: number[];
}

const namesOf = (model: Model): Architecture["head"] => architectureOf(model.config).head;

const wordEmbeddings = (model: Model): string => wordEmbeddingsName(architectureOf(model.config));

/**
 * The name of the decoder's weight. Untied, the decoder is a separate parameter that starts equal to the
 * word embeddings (the authors' behaviour); tied, both are one parameter whose gradient has both contributions.
 */
const decoderName = (model: Model, tied: boolean): string => (tied ? wordEmbeddings(model) : namesOf(model).decoder);

/** The masked-LM head up to its decoder: dense, GELU, layer norm. */
function transform(model: Model, hidden: Tensor): { output: Tensor; trace: Tensor[] } {
  const { dense, norm } = namesOf(model);
  const { output: activated, slope } = gelu(affine(model, dense, hidden), model.geluTail);
  const { output, normalized, inverseDeviation } = layerNorm(
    activated,
    parameter(model, `${norm}.weight`),
    parameter(model, `${norm}.bias`),
    model.config.layerNormEps,
  );
  return { output, trace: [hidden, slope(), normalized, inverseDeviation, output] };
}

function transformBackward(model: Model, trace: Tensor[], delta: Tensor): Backward {
  const [hidden, slope, normalized, inverseDeviation] = trace;
  const { dense: denseName, norm: normName } = namesOf(model);
  const norm: NormTrace = { normalized, inverseDeviation };
  const normSite: Site = {
    kind: "norm",
    weight: `${normName}.weight`,
    bias: `${normName}.bias`,
    input: normalized,
    delta,
  };
  const dDense = tf.mul(layerNormBackward(delta, parameter(model, `${normName}.weight`), norm), slope);
  const dense = affineBackward(model, denseName, hidden, dDense);
  return { delta: dense.delta, sites: [normSite, ...dense.sites] };
}

/** A backward step after one whose sites come first. */
const after = (sites: Site[], step: Backward): Backward => ({ delta: step.delta, sites: [...sites, ...step.sites] });

/**
 * The prompt's head: the masked-LM head, read at one row, for the label words only. Logits [B, C], of each class its
 * word's, or of several words' logits z their mean (Σ z)/n or the log of their summed probabilities, log Σ exp z.
 * @param labelWordIds the label words' token ids, in the order of the task's labels: one, or a list, for each class
 */
export function labelWordHead(
  labelWordIds: readonly (number | readonly number[])[],
  { tied = false, combine = "mean" }: { tied?: boolean; combine?: CombineWords } = {},
): Head {
  const groups = labelWordIds.map((ids) => (typeof ids === "number" ? [ids] : ids));
  const words = groups.flat();
  const [classes, width] = [groups.length, words.length];
  const several = width > classes ? combine : undefined;
  const classOf = groups.flatMap((ids, c) => ids.map(() => c));
  const labelRows = (model: Model, name: string): Tensor =>
    tf.gather(parameter(model, name), tf.tensor1d(words, "int32"));
  const eachClass = (wordLogits: Tensor, combined: (own: Tensor) => Tensor): Tensor =>
    tf.concat(
      tf
        .split(
          wordLogits,
          groups.map(({ length }) => length),
          1,
        )
        .map(combined),
      1,
    );
  return {
    description: `label words ${groups.map((ids) => ids.join("+")).join(",")} ${several ? `${several} ` : ""}${tied ? "tied" : "untied"}`,
    forward(model, hidden) {
      const { output, trace } = transform(model, hidden);
      const linearLogits = linear(
        output,
        labelRows(model, decoderName(model, tied)),
        labelRows(model, namesOf(model).bias),
      );
      const wordLogits = linearLogits.reshape([-1, width]);
      if (several === undefined) return { logits: wordLogits, trace };
      if (several === "mean") return { logits: eachClass(wordLogits, (own) => tf.mean(own, 1, true)), trace };
      const logits = eachClass(wordLogits, (own) => tf.logSumExp(own, 1, true));
      return { logits, trace: [...trace, eachClass(wordLogits, (own) => tf.softmax(own))] };
    },
    backward(model, trace, classDelta) {
      const [c, b] = classDelta.shape;
      const delta =
        several === undefined
          ? classDelta
          : tf.mul(
              tf.gather(classDelta, tf.tensor1d(classOf, "int32"), 2),
              several === "sum" ? trace[5] : tf.tensor1d(classOf.map((own) => 1 / groups[own].length)),
            );
      const decoder = decoderName(model, tied);
      const transformed = trace[4]; // [B, 1, H]
      const rows = tf.tile(tf.tensor2d([words], [1, width], "int32"), [b, 1]);
      const perWord = delta.reshape([c, b, width, 1]);
      const sites: Site[] = [
        { kind: "rows", table: decoder, rows, delta: tf.mul(perWord, transformed) },
        { kind: "rows", table: namesOf(model).bias, rows, delta: perWord },
      ];
      const dTransformed = linearBackward(delta.reshape([c, b, 1, width]), labelRows(model, decoder));
      return after(sites, transformBackward(model, trace, dTransformed));
    },
    ...(several === undefined
      ? {
          finalLayer: (model: Model) => ({ weight: decoderName(model, tied), bias: namesOf(model).bias, rows: words }),
        }
      : {}),
    words,
    renumbered: (numberOf) =>
      labelWordHead(
        groups.map((ids) => ids.map(numberOf)),
        { tied, combine },
      ),
  };
}

/** The masked-LM head over the whole vocabulary, decoder tied to the word embeddings. Logits [B, R, V]. */
export const vocabularyHead: Head = {
  description: "vocabulary tied",
  forward(model, hidden) {
    const { output, trace } = transform(model, hidden);
    return {
      logits: linear(output, parameter(model, wordEmbeddings(model)), parameter(model, namesOf(model).bias)),
      trace,
    };
  },
  backward(model, trace, delta) {
    const site: Site = {
      kind: "linear",
      weight: wordEmbeddings(model),
      bias: namesOf(model).bias,
      input: trace[4],
      delta,
    };
    return after(
      [site],
      transformBackward(model, trace, linearBackward(delta, parameter(model, wordEmbeddings(model)))),
    );
  },
};

const CLASSIFIER = { weight: "classifier.weight", bias: "classifier.bias" };

/** A new linear head on the read row (`<s>` without a prompt): its parameters come with {@link withClassifier}. Logits [B, W]. */
export const classifierHead: Head = {
  description: "linear classifier",
  forward(model, hidden) {
    const weight = parameter(model, CLASSIFIER.weight);
    return {
      logits: linear(hidden, weight, parameter(model, CLASSIFIER.bias)).reshape([-1, weight.shape[0]]),
      trace: [hidden],
    };
  },
  backward(model, [hidden], delta) {
    const [c, b, width] = delta.shape;
    const rowDelta = delta.reshape([c, b, 1, width]);
    const site: Site = { kind: "linear", ...CLASSIFIER, input: hidden, delta: rowDelta };
    return { delta: linearBackward(rowDelta, parameter(model, CLASSIFIER.weight)), sites: [site] };
  },
  finalLayer: () => CLASSIFIER,
  words: [],
  renumbered: () => classifierHead,
};

const TANH_HEAD = { dense: "classifier.dense", output: "classifier.out_proj" };

/**
 * The new head of Hugging Face's RobertaForSequenceClassification on the read row, `<s>`: dense, tanh, linear, with
 * dropout before both layers. Its parameters come with {@link withTanhClassifier}. Logits [B, W].
 */
export const tanhClassifierHead: Head = {
  description: "tanh classifier",
  forward(model, hidden, dropout) {
    const [inputMask, outputMask] = [0, 1].map(() => dropout?.mask(hidden.shape, model.config.hiddenDropout));
    const input = masked(hidden, inputMask);
    const activated = tf.tanh(affine(model, TANH_HEAD.dense, input));
    const features = masked(activated, outputMask);
    const logits = affine(model, TANH_HEAD.output, features);
    const masks = inputMask && outputMask ? [inputMask, outputMask] : [];
    return { logits: logits.reshape([-1, logits.shape[2]!]), trace: [input, activated, ...masks, features] };
  },
  backward(model, trace, delta) {
    const [c, b, width] = delta.shape;
    const [input, activated] = trace;
    const [inputMask, outputMask] = trace.slice(2, -1) as (Tensor | undefined)[];
    const output = affineBackward(model, TANH_HEAD.output, trace.at(-1)!, delta.reshape([c, b, 1, width]));
    const dActivated = tf.mul(masked(output.delta, outputMask), tf.sub(1, tf.square(activated)));
    const dense = affineBackward(model, TANH_HEAD.dense, input, dActivated);
    return after(output.sites, { delta: masked(dense.delta, inputMask), sites: dense.sites });
  },
  finalLayer: () => ({ weight: `${TANH_HEAD.output}.weight`, bias: `${TANH_HEAD.output}.bias` }),
  words: [],
  renumbered: () => tanhClassifierHead,
};

const LABEL_WORDS = /^label words ([\d,+]+) (?:(mean|sum) )?(tied|untied)$/;

/**
 * The head that a description describes, as in another process.
 * @throws if there is none
 */
export function headFromDescription(description: string): Head {
  const [, ids, combine, decoder] = LABEL_WORDS.exec(description) ?? [];
  if (ids)
    return labelWordHead(
      ids.split(",").map((own) => own.split("+").map(Number)),
      { tied: decoder === "tied", combine: combine as CombineWords | undefined },
    );
  const found = [vocabularyHead, classifierHead, tanhClassifierHead].find((head) => head.description === description);
  if (!found) throw new InputError(`no head is described by "${description}"`);
  return found;
}

/** Adds the parameters of {@link tanhClassifierHead}: Gaussian weights (standard deviation 0.02) and zero biases. */
export function withTanhClassifier(model: Model, classes: number, seed: number): Model {
  const { hiddenSize } = model.config;
  const parameters = new Map(model.parameters);
  for (const [place, [name, outputs]] of (
    [
      [TANH_HEAD.dense, hiddenSize],
      [TANH_HEAD.output, classes],
    ] as const
  ).entries()) {
    parameters.set(`${name}.weight`, tf.keep(tf.randomNormal([outputs, hiddenSize], 0, 0.02, "float32", seed + place)));
    parameters.set(`${name}.bias`, tf.keep(tf.zeros([outputs])));
  }
  return { ...model, parameters, hash: `${model.hash}+tanh classifier(${classes},${seed})` };
}

/** Adds a linear classifier with Gaussian weights (standard deviation 0.02, as Hugging Face initializes) and zero bias. */
export function withClassifier(model: Model, classes: number, seed: number): Model {
  const weight = tf.keep(tf.randomNormal([classes, model.config.hiddenSize], 0, 0.02, "float32", seed));
  const bias = tf.keep(tf.zeros([classes]));
  const parameters = new Map([...model.parameters, [CLASSIFIER.weight, weight], [CLASSIFIER.bias, bias]]);
  return { ...model, parameters, hash: `${model.hash}+classifier(${classes},${seed})` };
}
