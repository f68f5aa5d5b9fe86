import { displaySink, type MimeBundle } from "./display-sink";
import { drawStatic, pageConfig, type VegaLiteSpec } from "./static-chart";

/** The media type JupyterLab and VS Code draw with Vega-Lite 5. */
export const vegaLiteMimeType = "application/vnd.vegalite.v5+json";

/** Above this many characters (a large heatmap) the SVG is left out: the PNG alone is then the still form. */
const largestSvg = 300_000;

/**
 * Shows an interactive chart, with still forms for pages that cannot draw it. In a terminal it prints one line.
 * @param spec a Vega-Lite v5 specification (an object, without hard-coded text or background colours)
 * @throws Error when Vega-Lite does not accept the specification
 */
export async function showChart(spec: VegaLiteSpec): Promise<void> {
  const sink = displaySink();
  sink.show(sink.rich ? await chartBundle(spec) : { "text/plain": chartText(spec) });
}

/** The forms of a chart. Never text/html beside them: JupyterLab would prefer it to the chart. */
export async function chartBundle(spec: VegaLiteSpec): Promise<MimeBundle> {
  const { svg, png } = await drawStatic(spec);
  return {
    [vegaLiteMimeType]: onPage(spec),
    ...(svg.length <= largestSvg ? { "image/svg+xml": svg } : {}),
    "image/png": png.toString("base64"),
    "text/plain": chartText(spec),
  };
}

/**
 * The specification with what a page should know to embed it. The page's own text colour is taken for all texts, as SVG,
 * which follows when the page changes from light to dark; `theme: dark` alone would put the chart on a grey plate. JupyterLab
 * and VS Code find this under `usermeta`, where vega-embed has it for what a specification wishes; the report has a
 * configuration of its own, which counts there.
 */
function onPage(spec: VegaLiteSpec): VegaLiteSpec {
  const { embedOptions, ...others } = (spec.usermeta ?? {}) as { embedOptions?: object };
  return {
    ...spec,
    usermeta: { ...others, embedOptions: { renderer: "svg", config: pageConfig("currentColor"), ...embedOptions } },
  };
}

/** "Chart: title. description", from what the specification says of itself. */
function chartText(spec: VegaLiteSpec): string {
  const words = [titleText(spec.title), spec.description].filter(
    (part): part is string => typeof part === "string" && part !== "",
  );
  return words.length > 0 ? `Chart: ${words.join(". ")}` : "Chart";
}

function titleText(title: unknown): unknown {
  if (Array.isArray(title)) return title.join(" ");
  if (typeof title === "object" && title !== null) return titleText((title as { text?: unknown }).text);
  return title;
}
