// The README's picture: two charts of the executed start notebook side by side.
import { drawStatic, rasterize, type VegaLiteSpec } from "../../src/notebook/static-chart";
import { vegaLiteType, type NotebookFile } from "./notebook-file";
import { smallPng } from "./outputs/small-png";
import { NotebookError } from "./report/execute-notebook";

/** What the charts of the start notebook have. */
interface Chart extends VegaLiteSpec {
  title?: string | string[] | { text: string | string[] };
  description?: string;
  vconcat?: VegaLiteSpec[];
}

/** Which charts: by their titles, the last that fits. */
const kernelTitle = /without its row and column means/;
const accuracyTitle = /^Test accuracy/;

/** Widths in the picture, of the accuracies and of a sentence in the kernel: a README is narrower than a notebook. */
const widths = { accuracies: 260, column: 3.5, between: 30 };

/**
 * The kernel's chart beside the accuracies as a PNG.
 * @param notebook the executed start notebook
 * @throws NotebookError when it shows no chart with such a title
 */
export async function startPicture(notebook: NotebookFile): Promise<Buffer> {
  const specs = [
    heatmapOf(chartTitled(notebook, kernelTitle)),
    { ...chartTitled(notebook, accuracyTitle), width: widths.accuracies },
  ];
  const drawn = await Promise.all(specs.map((spec) => drawStatic(spec)));
  return smallPng(rasterize(sideBySide(drawn.map(({ svg }) => svg)), 2));
}

function chartTitled(notebook: NotebookFile, title: RegExp): Chart {
  const charts = notebook.cells
    .flatMap(({ outputs = [] }) => outputs)
    .flatMap(({ data }) => (data?.[vegaLiteType] ? [data[vegaLiteType] as Chart] : []));
  const fitting = charts.filter((spec) => title.test(titleOf(spec)));
  if (fitting.length === 0)
    throw new NotebookError(
      `The start notebook shows no chart whose title fits ${title}; its charts: ${charts.map(titleOf).join("; ")}.`,
    );
  return fitting.at(-1)!;
}

const titleOf = ({ title = "" }: Chart): string =>
  [typeof title === "object" && !Array.isArray(title) ? title.text : title].flat().join(" ");

/** The heatmap without the line above it, which shows the sentence under the mouse, and with a title that needs no context. */
function heatmapOf({ $schema, description = "", vconcat = [] }: Chart): VegaLiteSpec {
  const size = /(\d+) rows by (\d+) columns/.exec(description);
  if (!size) throw new NotebookError(`The kernel's chart does not tell its rows and columns: “${description}”.`);
  const [, rows, columns] = size;
  const text = [`Kernel of ${rows} training and ${columns} test sentences,`, "without row and column means"];
  return { $schema, ...vconcat.at(-1), title: { text, anchor: "start" }, width: { step: widths.column } };
}

/** Drawings beside each other, the lower ones in the middle of the height. */
function sideBySide(svgs: string[]): string {
  const sizes = svgs.map((svg) =>
    ["width", "height"].map((side) => Number(new RegExp(`<svg[^>]* ${side}="([\\d.]+)"`).exec(svg)![1])),
  );
  const height = Math.max(...sizes.map(([, own]) => own));
  let x = 0;
  const placed = svgs.map((svg, i) => {
    const [width, own] = sizes[i];
    const drawing = svg.replace("<svg", `<svg x="${x}" y="${(height - own) / 2}"`);
    x += width + widths.between;
    return drawing;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${x - widths.between}" height="${height}">${placed.join("")}</svg>`;
}
