import os from "node:os";
import { backendIsLoaded, backendVersions } from "../model/backend";
import { packageVersion } from "../package-version";
import { displaySink } from "./display-sink";
import { tableBundle } from "./show-table";

/** What a result depends on, as plain JSON. */
export interface Provenance {
  package: string;
  node: string;
  /** The tensor library and the native TensorFlow below it. */
  tensorflow: string;
  cpu: string;
  system: string;
  /** UTC, ISO 8601. */
  time: string;
  /** Hash of the model's configuration and weights. */
  modelHash?: string;
  seeds?: readonly number[];
  parameters?: Record<string, unknown>;
}

export interface ProvenanceOptions {
  /** A loaded checkpoint or model, for its hash. */
  model?: { hash: string };
  seeds?: readonly number[];
  parameters?: Record<string, unknown>;
}

/** The media type under which a notebook carries its provenance, for the report to put at its end. */
export const provenanceMimeType = "application/vnd.kernel-view.provenance+json";

/** Collects what the results of this process depend on. */
export function provenance({ model, seeds, parameters }: ProvenanceOptions = {}): Provenance {
  return {
    package: packageVersion(),
    node: process.version,
    tensorflow: tensorflowVersion(),
    cpu: cpuText(),
    system: `${os.type()} ${os.arch()}`,
    time: new Date().toISOString(),
    ...(model ? { modelHash: model.hash } : {}),
    ...(seeds ? { seeds } : {}),
    ...(parameters ? { parameters } : {}),
  };
}

/** Shows the provenance as a table and leaves it in the notebook for the report. */
export function showProvenance(options: ProvenanceOptions = {}): void {
  const record = provenance(options);
  displaySink().show({ ...tableBundle(provenanceRows(record)), [provenanceMimeType]: record });
}

const titles: Record<keyof Provenance, string> = {
  package: "Package",
  node: "Node",
  tensorflow: "TensorFlow",
  cpu: "CPU",
  system: "System",
  time: "Time (UTC)",
  modelHash: "Model hash",
  seeds: "Seeds",
  parameters: "Parameters",
};

function provenanceRows(record: Provenance): { what: string; value: string }[] {
  return (Object.keys(titles) as (keyof Provenance)[])
    .filter((key) => record[key] !== undefined)
    .map((key) => ({ what: titles[key], value: valueText(record[key]) }));
}

function valueText(value: unknown): string {
  if (Array.isArray(value)) return value.join(", ");
  if (typeof value !== "object" || value === null) return String(value);
  return Object.entries(value)
    .map(([name, entry]) => `${name} = ${JSON.stringify(entry)}`)
    .join(", ");
}

/** What the tensor library says of itself, if something was computed with it (provenance never loads it). */
function tensorflowVersion(): string {
  if (!backendIsLoaded()) return "not loaded";
  const { backend, tfjs, tensorflow, device } = backendVersions();
  return tensorflow
    ? `${tensorflow} (tfjs ${tfjs})${device ? ` on ${device}` : ""}`
    : `none (tfjs ${tfjs}, backend ${backend})`;
}

function cpuText(): string {
  const cpus = os.cpus();
  return `${cpus[0]?.model.trim() ?? "unknown"}, ${os.availableParallelism()} threads`;
}
