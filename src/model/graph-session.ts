/** TensorFlow sessions of graphs, which the native binding reads from a folder. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Tensor } from "./backend";
import { GRAPH_TAG, savedModel } from "./graph-def";
import type { NativeBackend, Trace } from "./graph-trace";

/** A session's number, and the names of what goes in and out, in their order. */
export interface LoadedGraph {
  id: number;
  inputs: string;
  outputs: string;
}

/** Opens a TensorFlow session for a graph, to be ended with `deleteSavedModel`; the first outputs of its nodes go in and out. */
export function loadGraph(backend: NativeBackend, { nodes, inputs, outputs }: Trace): LoadedGraph {
  const folder = mkdtempSync(join(tmpdir(), "kernel-view-graph-"));
  const ports = (names: readonly string[]): string => names.map((name) => `${name}:0`).join();
  try {
    writeFileSync(join(folder, "saved_model.pb"), savedModel(nodes));
    return { id: backend.binding.loadSavedModel(folder, GRAPH_TAG), inputs: ports(inputs), outputs: ports(outputs) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Runs it. */
export const runGraph = (backend: NativeBackend, { id, inputs, outputs }: LoadedGraph, given: Tensor[]): Tensor[] =>
  backend.binding
    .runSavedModel(id, backend.getInputTensorIds(given), inputs, outputs)
    .map((result) => backend.createOutputTensor(result));
