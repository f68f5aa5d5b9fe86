import { tf, type Tensor } from "../model/backend";
import { collate, disposeBatch, type Sequence } from "../model/batch";
import type { Model } from "../model/model";
import { encoderBackward, encoderForward } from "../model/roberta";
import type { Site } from "../model/site";
import { combineLogits, outputDerivative, type Outputs } from "./outputs";

/** The gradients of C outputs for B examples, factored by the places where parameters enter. */
export interface GradientSites {
  /** Number of examples B and outputs C. */
  size: number;
  outputs: number;
  /** Every parameter enters through exactly one site. */
  sites: Site[];
  /** The C outputs f_c themselves, [B, C] row-major. */
  values: Float32Array;
}

/**
 * One forward pass and one backward pass for all C outputs of all examples (Section 3 of the design: "taps").
 * Release the result with {@link disposeSites}.
 */
export function gradientSites(model: Model, outputs: Outputs, sequences: Sequence[]): GradientSites {
  const batch = collate(sequences, model.config.padTokenId);
  const kept = tf.tidy(() => {
    const { hidden, trace } = encoderForward(model, batch);
    const head = outputs.head.forward(model, hidden);
    const sites: Site[] = [];
    const keep = (site: Site): void => void sites.push(keepSite(site));
    const delta = outputs.head.backward(model, head.trace, outputDerivative(outputs, batch.size), keep);
    encoderBackward(model, batch, trace, delta, keep);
    return { values: combineLogits(outputs, head.logits.dataSync() as Float32Array), sites: mergeTables(sites) };
  }) as unknown as Pick<GradientSites, "sites" | "values">;
  disposeBatch(batch);
  return { size: sequences.length, outputs: outputs.combine.length, ...kept };
}

const siteTensors = (site: Site): Tensor[] => [site.kind === "rows" ? site.rows : site.input, site.delta];

/** Site inputs are shared between sites (query, key and value read the same rows), so a kept site holds clones. */
function keepSite(site: Site): Site {
  const keep = (x: Tensor): Tensor => tf.keep(tf.clone(x));
  return site.kind === "rows"
    ? { ...site, rows: keep(site.rows), delta: keep(site.delta) }
    : { ...site, input: keep(site.input), delta: keep(site.delta) };
}

/** Joins the sites of one table (a tied decoder's and the word embeddings') along the token axis. */
function mergeTables(sites: Site[]): Site[] {
  const merged: Site[] = [];
  for (const site of sites) {
    const twin = merged.find((other) => other.kind === "rows" && site.kind === "rows" && other.table === site.table);
    if (twin?.kind === "rows" && site.kind === "rows") {
      const old = siteTensors(twin);
      twin.rows = tf.keep(tf.concat([twin.rows, site.rows], 1));
      twin.delta = tf.keep(tf.concat([twin.delta, site.delta], 2));
      tf.dispose([...old, ...siteTensors(site)]);
    } else merged.push(site);
  }
  return merged;
}

export function disposeSites({ sites }: GradientSites): void {
  for (const site of sites) tf.dispose(siteTensors(site));
}
