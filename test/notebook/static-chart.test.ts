import assert from "node:assert/strict";
import path from "node:path";
import { test } from "node:test";
import { Resvg } from "@resvg/resvg-js";
import { rasterize } from "../../src/notebook/static-chart";

test("a line with subscripts is drawn with one font without serifs, whatever fonts this machine has", () => {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="300" height="40"><text x="5" y="28" font-size="20" font-family="sans-serif">Gain of fₗᵢₙ over f₀, θₜ</text></svg>`;
  const file = path.join(path.dirname(require.resolve("dejavu-fonts-ttf/package.json")), "ttf", "DejaVuSans.ttf");
  const alone = new Resvg(svg, {
    fitTo: { mode: "zoom", value: 2 },
    font: { loadSystemFonts: false, fontFiles: [file], sansSerifFamily: "DejaVu Sans" },
  });
  assert.deepEqual(rasterize(svg, 2), alone.render().asPng());
});
