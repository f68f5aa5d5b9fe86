/**
 * AdamW's update by TensorFlow's own operation, in one pass over parameters and moments where ours, operation by
 * operation, is thirteen: at roberta-base's size a third of the time. The operation works on variables, which tfjs
 * lacks, so it is part of a graph written here: parameters and moments go in, become the graph's variables, and come out.
 */
import { tf } from "../model/backend";
import type { Tensors } from "../model/compiled";
import type { AttributeValue, GraphNode } from "../model/graph-def";
import { loadGraph, runGraph } from "../model/graph-session";
import { nativeBackend, type Trace } from "../model/graph-trace";
import type { FlatLayout } from "./flat-parameters";
import { clipScale } from "./optimizer";
import { listed, numbered } from "./step-functions";
import type { TrainingConfig } from "./training-config";

export interface FusedAdam {
  /** `theta`, `moment` and `sum` (the gradient), `stepSize` → the new `theta` and `moment`, which the caller disposes of. */
  update(inputs: Tensors): Tensors;
  dispose(): void;
}

const DT_FLOAT = 1;
const FLOAT: AttributeValue = { kind: "type", value: DT_FLOAT };
const MOMENTS = ["m", "v"];

/** Tells the variables of several graphs apart. */
let graphs = 0;

/** @returns undefined where the update is another one: not AdamW's, with weight decay or several batches a step, or in plain JavaScript */
export function fusedAdam(
  layouts: readonly FlatLayout[],
  config: Pick<TrainingConfig, "optimizer" | "weightDecay" | "accumulate" | "clipNorm" | "beta1" | "beta2" | "epsilon">,
): FusedAdam | undefined {
  const backend = nativeBackend();
  if (!backend || config.optimizer !== "adamw" || config.weightDecay !== 0 || config.accumulate !== 1) return undefined;
  const graph = loadGraph(
    backend,
    adamGraph(
      layouts.map(({ sizes }) => sizes.reduce((a, b) => a + b, 0)),
      config,
      `adam-${graphs++}`,
    ),
  );
  return {
    update(given) {
      const gradients = listed("sum", given);
      const scale = config.clipNorm === null ? tf.scalar(1) : clipScale(gradients, config.clipNorm);
      const results = runGraph(backend, graph, [
        given.stepSize,
        scale,
        ...listed("theta", given),
        ...listed("moment", given),
        ...gradients,
      ]);
      scale.dispose();
      return {
        ...numbered("theta", results.slice(0, layouts.length)),
        ...numbered("moment", results.slice(layouts.length)),
      };
    },
    dispose: () => backend.binding.deleteSavedModel(graph.id),
  };
}

/** The graph for vectors of these sizes; inputs are the step size, the gradient's scale, parameters, first and second moments, gradients. */
function adamGraph(
  sizes: readonly number[],
  { beta1, beta2, epsilon }: Pick<TrainingConfig, "beta1" | "beta2" | "epsilon">,
  name: string,
): Trace {
  const nodes: GraphNode[] = [];
  const add = (node: string, op: string, from: string[], attributes: GraphNode["attributes"]): string => {
    nodes.push({ name: node, op, inputs: from, attributes });
    return node;
  };
  const constant = (node: string, value: number): string =>
    add(node, "Const", [], {
      dtype: FLOAT,
      value: { kind: "tensor", dtype: DT_FLOAT, shape: [], content: new Uint8Array(Float32Array.of(value).buffer) },
    });
  const placeholder = (node: string, shape: number[]): string =>
    add(node, "Placeholder", [], { dtype: FLOAT, shape: { kind: "shape", value: shape } });
  // The operation corrects its bias by powers of β; step sizes here have that correction already.
  const [none, first, second, small] = [
    constant("zero", 0),
    constant("beta1", beta1),
    constant("beta2", beta2),
    constant("epsilon", epsilon),
  ];
  const [stepSize, scale] = [placeholder("stepSize", []), placeholder("scale", [])];
  const variables = ["theta", ...MOMENTS].map((kind) =>
    sizes.map((size, i) => {
      const given = placeholder(`${kind}.${i}`, [size]);
      const shape: AttributeValue = { kind: "shape", value: [size] };
      const variable = add(`${kind}.${i}.variable`, "VarHandleOp", [], {
        dtype: FLOAT,
        shape,
        shared_name: { kind: "string", value: `${name}.${kind}.${i}` },
        container: { kind: "string", value: "" },
      });
      return {
        given,
        variable,
        assigned: add(`${kind}.${i}.assigned`, "AssignVariableOp", [variable, given], { dtype: FLOAT }),
      };
    }),
  );
  const gradients = sizes.map((size, i) => placeholder(`gradient.${i}`, [size]));
  const updates = sizes.map((_, i) => {
    const own = variables.map((kind) => kind[i]);
    const gradient = add(`scaled.${i}`, "Mul", [gradients[i], scale], { T: FLOAT });
    return add(
      `update.${i}`,
      "ResourceApplyAdam",
      [
        ...own.map(({ variable }) => variable),
        none,
        none,
        stepSize,
        first,
        second,
        small,
        gradient,
        ...own.map(({ assigned }) => `^${assigned}`),
      ],
      { T: FLOAT },
    );
  });
  const outputs = variables.flatMap((kind) =>
    kind.map(({ given, variable }, i) =>
      add(`${given}.new`, "ReadVariableOp", [variable, `^${updates[i]}`], { dtype: FLOAT }),
    ),
  );
  return {
    nodes,
    inputs: [stepSize, scale, ...variables.flatMap((kind) => kind.map(({ given }) => given)), ...gradients],
    outputs,
  };
}
