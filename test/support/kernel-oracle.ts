import { logitOutputs, marginOutput, type Outputs } from "../../src/kernels/outputs";
import { loraNames } from "../../src/model/affine";
import { tf } from "../../src/model/backend";
import type { Sequence } from "../../src/model/batch";
import { labelWordHead } from "../../src/model/head";
import type { Model } from "../../src/model/model";
import { readSafetensors } from "../../src/files/safetensors";
import { fixturePath, readJson, tinyRoberta, tinyRobertaTied } from "./tiny-roberta";

/** One kernel of make_kernel_oracle.py. */
export interface OracleCase {
  tied: boolean;
  labelWordIds: number[];
  margin: boolean;
  lora: "queryValue" | "all" | null;
  /** Whether the inputs of GELU lie low, the last one's of a layer by {@link KernelOracle.lowest}. */
  low: boolean;
  /** This project's words for the parameters that count. */
  filter: string[];
  /** Those parameters' names, chosen by the authors' tests on names. */
  parameters: string[];
  breakdown: boolean;
}

interface KernelOracle {
  train: Sequence[];
  evaluate: Sequence[];
  lowest: number;
  loraScale: number;
  loraQueryValueTargets: string[];
  cases: Record<string, OracleCase>;
}

export const kernelOracle = readJson<KernelOracle>("kernel-oracle", "oracle.json");

const { tensors } = readSafetensors(fixturePath("kernel-oracle", "oracle.safetensors"));

/** The numbers of "CASE/WHAT". */
export function oracleNumbers(name: string): Float64Array {
  const tensor = tensors.get(name);
  if (!tensor) throw new Error(`the kernel oracle has no "${name}"`);
  return tensor.data as Float64Array;
}

/** The parameters of which the oracle has a share of a case's kernel. */
export const oracleShares = (name: string, formula: string): string[] =>
  [...tensors.keys()]
    .filter((tensor) => tensor.startsWith(`${name}/${formula}/`))
    .map((tensor) => tensor.split("/")[2]);

/** The signs of the margin's gradients, [training examples][parameters by name, flat]. */
export function oracleSigns(): Int8Array[] {
  const { data, shape } = tensors.get("signs")!;
  const codes = [0, 1, -1];
  return Array.from({ length: shape[0] }, (_, example) => {
    const bytes = (data as Uint8Array).subarray(example * shape[1], (example + 1) * shape[1]);
    return Int8Array.from({ length: 4 * bytes.length }, (_, p) => codes[(bytes[p >> 2] >> (2 * (p & 3))) & 3]);
  });
}

export function oracleOutputs({ tied, labelWordIds, margin }: OracleCase): Outputs {
  const head = labelWordHead(labelWordIds, { tied });
  return margin ? marginOutput(head) : logitOutputs(head, labelWordIds.length);
}

export function oracleModel({ tied, lora, low }: OracleCase): Model {
  const model = tied ? tinyRobertaTied() : tinyRoberta();
  if (low) return withLowActivations(model);
  return lora ? withOracleLora(model, lora) : model;
}

function withLowActivations(model: Model): Model {
  const { intermediateSize, layers } = model.config;
  const names = Array.from({ length: layers }, (_, layer) => `roberta.encoder.layer.${layer}.intermediate.dense.bias`);
  const lowered = names.map(
    (name) =>
      [name, tf.sub(model.parameters.get(name)!, tf.linspace(0, kernelOracle.lowest, intermediateSize))] as const,
  );
  return { ...model, parameters: new Map([...model.parameters, ...lowered]), hash: `${model.hash}+low` };
}

/** Adds the oracle's LoRA factors, in which B is not zero: to query and value, or to every linear layer, the head's too. */
export function withOracleLora(model: Model, targets: "queryValue" | "all"): Model {
  const { loraQueryValueTargets, loraScale } = kernelOracle;
  const factors = readSafetensors(fixturePath("kernel-oracle", "lora.safetensors")).tensors;
  const layers = [...factors.keys()]
    .filter((name) => name.endsWith(".lora_A.weight"))
    .map((name) => name.slice(0, -".lora_A.weight".length));
  const wanted = layers.filter(
    (layer) => targets === "all" || loraQueryValueTargets.some((end) => layer.endsWith(end)),
  );
  const parameters = new Map(model.parameters);
  for (const name of wanted.flatMap((layer) => Object.values(loraNames(layer)))) {
    const { data, shape } = factors.get(name)!;
    parameters.set(name, tf.keep(tf.tensor(data as Float32Array, shape)));
  }
  return { ...model, parameters, loraScale, hash: `${model.hash}+lora ${targets}` };
}
