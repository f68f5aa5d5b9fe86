import os from "node:os";
import { backendIsLoaded, backendVersions } from "../model/backend";
import { packageVersion } from "../package-version";
import { entriesOf, recordOf } from "../records";
import { displaySink } from "./display-sink";
import { facts } from "./values/facts";

/** What a result depends on, as plain JSON. */
export interface Provenance extends Omit<ProvenanceOptions, "model"> {
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
  const known = entriesOf(TITLES).map(([key, title]): [string, unknown] => [title, valueText(record[key])]);
  displaySink().show({ ...facts(recordOf(known)), [provenanceMimeType]: record });
}

const TITLES: Record<keyof Provenance, string> = {
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

function valueText(value: Provenance[keyof Provenance]): string | undefined {
  if (Array.isArray(value)) return value.join(", ");
  if (typeof value !== "object") return value;
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
