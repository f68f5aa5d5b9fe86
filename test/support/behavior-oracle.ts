import { tf } from "../../src/model/backend";
import type { Model } from "../../src/model/model";
import { readJson } from "./tiny-roberta";

/** What make_behavior_oracle.py computed in float64. */
interface BehaviorOracle {
  moves: Move[];
  linearizations: Record<string, LinearizationCase>;
  labels: number[];
  features: FeaturesCase[];
  order: number[];
  trajectories: {
    optimizer: "sgd" | "signgd" | "adamw";
    learningRate: number;
    steps: { chi: number; change: number[]; predicted: Record<OracleFormula, number[]> }[];
  }[];
  labelWordIds: number[];
  descents: {
    loss: "cross-entropy" | "l2";
    clipNorm: number | null;
    batches: number[][];
    rates: number[];
    labels: number[];
    losses: number[];
    train: number[][];
    evaluate: number[][];
  }[];
}

export interface LinearizationCase {
  tied: boolean;
  margin: boolean;
  lora: boolean;
  labelWordIds: number[];
  filter: string[];
  start: number[][];
  /** ⟨∇f(x; θ_0), θ_t − θ_0⟩ and f(x; θ_t) for each move. */
  changes: number[][][];
  tuned: number[][][];
}

type OracleFormula = "sgd" | "signgd" | "asymmetric_signgd";

/** Training × evaluation prompts, before and after a move; parts are layers and kinds of parameters, "" is all. */
interface FeaturesCase {
  margin: boolean;
  move: number;
  kernels: Record<OracleFormula, { before: number[]; after: number[] }>;
  distances: Record<OracleFormula, Record<string, number>>;
  gradientDistances: Record<string, number[]>;
  alignment: { plain: number; centred: number };
}

export interface Move {
  scale: number;
  phase: number;
}

export const behaviorOracle = readJson<BehaviorOracle>("behavior", "oracle.json");

/**
 * θ_t of the oracle: entry i of all parameters by name, flat, moves by scale · sin(1.3 i + phase).
 * Parameters for which `takes` is false stay where they are, but have a tensor of their own.
 */
export function movedModel(model: Model, { scale, phase }: Move, takes: (name: string) => boolean = () => true): Model {
  const parameters = new Map(model.parameters);
  let at = 0;
  for (const name of [...model.parameters.keys()].sort()) {
    const tensor = model.parameters.get(name)!;
    const values = Float32Array.from(tensor.dataSync(), (value, i) =>
      takes(name) ? value + scale * Math.sin(1.3 * (at + i) + phase) : value,
    );
    at += values.length;
    parameters.set(name, tf.keep(tf.tensor(values, tensor.shape)));
  }
  return { ...model, parameters };
}
