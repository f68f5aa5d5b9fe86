/** What every chart is tested for: a figure as stored, drawn by the versions of Vega-Lite it has to work with, on any page. */
import { test } from "node:test";
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as vegaModule from "vega";
import { parse, View, type Spec } from "vega";
import { compile } from "vega-lite";
import { type ChartSpec, PALETTE } from "../../src/charts/figure";

/** Each figure is compared with a stored one; UPDATE_CHARTS=1 stores it anew, for eyes to check. */
const stored = join(__dirname, "../../../test/fixtures/charts");
const update = process.env.UPDATE_CHARTS === "1";

type Compile = (spec: never, options: { logger: Collector }) => { spec: Spec };
interface Collector {
  messages: string[];
  level(): Collector;
  error(...parts: unknown[]): Collector;
  warn(...parts: unknown[]): Collector;
  info(): Collector;
  debug(): Collector;
}

/** JupyterLab draws with Vega-Lite 5.6.1, the report with the installed version. */
export const versions: { name: string; compile: Compile }[] = [
  { name: "installed", compile: compile as unknown as Compile },
];
try {
  versions.push({ name: "5.6.1", compile: require("vega-lite-5.6.1").compile });
} catch {
  test("compile with Vega-Lite 5.6.1", { skip: "vega-lite-5.6.1 is not installed" }, () => {});
}

/** Not in its types. */
const { resetSVGDefIds } = vegaModule as unknown as { resetSVGDefIds: () => void };

export function collector(): Collector {
  const messages: string[] = [];
  const note = (...parts: unknown[]) => (messages.push(parts.join(" ")), logger);
  const logger: Collector = {
    messages,
    level: () => logger,
    error: note,
    warn: note,
    info: () => logger,
    debug: () => logger,
  };
  return logger;
}

export async function render(spec: ChartSpec, compileSpec: Compile): Promise<string> {
  const logger = collector();
  const { spec: vega } = compileSpec(spec as never, { logger });
  assert.deepEqual(logger.messages, [], "Vega-Lite should have nothing to complain of");
  const view = new View(parse(vega), { renderer: "none" });
  resetSVGDefIds(); // else a gradient's name tells how many figures were drawn before
  const svg = await view.toSVG();
  view.finalize();
  return svg;
}

/** Adds the tests of some figures, by the names under which they are stored. */
export function testFigures(figures: Record<string, () => ChartSpec>): void {
  for (const [name, figure] of Object.entries(figures)) {
    test(`${name} is as stored`, async () => {
      const files = {
        [`${name}.json`]: `${JSON.stringify(figure(), null, 1)}\n`,
        [`${name}.svg`]: await render(figure(), versions[0].compile),
      };
      for (const [file, content] of Object.entries(files)) {
        const path = join(stored, file);
        if (update) {
          mkdirSync(stored, { recursive: true });
          writeFileSync(path, content);
        }
        assert.ok(existsSync(path), `${path} is missing: look at the figure, then store it with UPDATE_CHARTS=1`);
        assert.equal(
          content,
          readFileSync(path, "utf8"),
          `${file} changed: look at it, then store it with UPDATE_CHARTS=1`,
        );
      }
    });

    for (const version of versions.slice(1)) {
      test(`${name} draws the same with Vega-Lite ${version.name}`, async () => {
        const svg = await render(figure(), version.compile);
        const marks = (text: string) => (text.match(/<path|<text/g) ?? []).length;
        assert.equal(marks(svg), marks(await render(figure(), versions[0].compile)));
      });
    }

    test(`${name} leaves background, text and axis colours to the page, and names its axes`, () => {
      const text = JSON.stringify(figure());
      assert.doesNotMatch(text, /"(config|background|titleColor|labelColor|gridColor|domainColor)"/);
      const colors = text.match(/#[0-9a-f]{3,8}/gi) ?? [];
      assert.deepEqual(
        colors.filter((color) => !(Object.values(PALETTE) as string[]).includes(color)),
        [],
      );
      assert.doesNotMatch(text, /NaN|Infinity|:null,"title"/);
    });
  }
}
