import path from "node:path";
import type { TopLevelSpec } from "vega-lite";
import { resvg, vega, vegaLite } from "../packages";

/** A Vega-Lite v5 specification as a plain object. */
export type VegaLiteSpec = Record<string, unknown>;

/** The still forms of a chart, for pages that cannot draw Vega-Lite (a repository's web view, a printed page). */
export interface StaticChart {
  svg: string;
  png: Buffer;
}

/** A grey with a contrast of at least 4.2 to a white and to a nearly black page: a still picture cannot know which. */
const neutral = "#7a7a7a";

/** A Vega-Lite configuration without a background, with all texts in one colour and lines that show on light and on dark pages. */
export function pageConfig(text: string): Record<string, unknown> {
  return {
    background: "transparent",
    axis: { domainColor: "#888", tickColor: "#888", gridColor: "#8884", labelColor: text, titleColor: text },
    legend: { labelColor: text, titleColor: text },
    header: { labelColor: text, titleColor: text },
    title: { color: text, subtitleColor: text },
    text: { color: text },
    style: { "guide-label": { fill: text }, "guide-title": { fill: text }, cell: { stroke: "#8886" } },
  };
}

/**
 * Draws a specification without a browser, at its first state (sliders and selections as they start).
 * @param scale pixels of the PNG per unit of the SVG
 * @throws Error when Vega-Lite does not accept the specification
 */
export async function drawStatic(spec: VegaLiteSpec, { scale = 2 } = {}): Promise<StaticChart> {
  const compiled = vegaLite.compile(spec as unknown as TopLevelSpec, {
    config: pageConfig(neutral) as never,
    logger: silentLogger(),
  }).spec;
  const view = new vega.View(vega.parse(compiled), { renderer: "none", logLevel: vega.Error });
  try {
    const svg = await view.toSVG();
    return { svg, png: rasterize(svg, scale) };
  } finally {
    view.finalize();
  }
}

/** A picture of an SVG. Its letters are DejaVu Sans, which has the subscripts (f₀, fₗᵢₙ); this machine's fonts have what it lacks. */
export function rasterize(svg: string, scale: number): Buffer {
  const fonts = path.join(path.dirname(require.resolve("dejavu-fonts-ttf/package.json")), "ttf");
  const image = new resvg.Resvg(svg, {
    fitTo: { mode: "zoom", value: scale },
    font: {
      loadSystemFonts: true,
      fontFiles: ["DejaVuSans.ttf", "DejaVuSans-Bold.ttf"].map((name) => path.join(fonts, name)),
      defaultFontFamily: "DejaVu Sans",
      sansSerifFamily: "DejaVu Sans",
    },
  });
  return image.render().asPng();
}

/** Vega-Lite warns on the console about harmless things (a scale without a domain); a cell should not show that. */
function silentLogger() {
  const quiet = {
    level: () => quiet,
    warn: () => quiet,
    info: () => quiet,
    debug: () => quiet,
    error: (...parts: unknown[]): never => {
      throw new Error(parts.join(" "));
    },
  };
  return quiet as never;
}
