import type { DisplaySink, MimeBundle } from "./sink";

/**
 * tslab's public display functions send one media type at a time, and a chart needs several in one bundle; this is
 * the one file that reaches for tslab's private function. It never loads tslab: a copy of its own would not be
 * connected to Jupyter. It looks for the copy that already runs in this process, and does without when its shape is
 * not the expected one.
 */
interface TslabJupyter {
  lastWriteDisplayData?: ((content: DisplayContent, update?: boolean) => void) | null;
}

interface DisplayContent {
  data: MimeBundle;
  metadata: Record<string, unknown>;
  transient: { display_id?: string };
}

/** The page of the notebook whose kernel this process is, or undefined outside a running kernel. */
export function tslabSink(): DisplaySink | undefined {
  const send = findSend();
  if (!send) return undefined;
  // Asked for anew each time: tslab replaces the function with every cell, so that output goes to the cell it is from.
  const sendNow = (bundle: MimeBundle, id: string | undefined, update: boolean) =>
    (findSend() ?? send)({ data: bundle, metadata: {}, transient: id === undefined ? {} : { display_id: id } }, update);
  return {
    rich: true,
    show: (bundle, id) => sendNow(bundle, id, false),
    update: (bundle, id) => sendNow(bundle, id, true),
  };
}

function findSend(): TslabJupyter["lastWriteDisplayData"] {
  for (const [file, loaded] of Object.entries(require.cache)) {
    if (!/[\\/]tslab[\\/]dist[\\/]jupyter\.js$/.test(file)) continue;
    const send = (loaded?.exports as TslabJupyter | undefined)?.lastWriteDisplayData;
    if (typeof send === "function") return send;
  }
  return undefined;
}
