/**
 * The width experiment, record by record into a file: see docs/theory-lab.md.
 *
 *   node build/bench/width-lab.js FILE [--widths 64,128] [--seeds 1,2,3] [--optimizers sgd,signgd] [--exponents 0,0.5]
 *
 * Records that are already in FILE are not computed again, so that a stopped run goes on at its next start. FILE is a JSON
 * list of WidthRecord. The table of slopes is printed at the end; with no width at all (--widths none) only that.
 */
import { existsSync, readFileSync } from "node:fs";
import { Command } from "commander";
import { listOf, number, oneOf, seed } from "../src/cli/values";
import { writeFileAtomically } from "../src/files/atomic-write";
import { widthLab, widthSettingName, WIDTH_SETTINGS, type WidthRecord } from "../src/theory/width-lab";
import type { SimpleOptimizer } from "../src/theory/width-scaling";
import { widthSlopes, type WidthSlope } from "../src/theory/width-slopes";
import { markdownTable } from "./measured-run";

interface Options {
  widths: number[];
  seeds: number[];
  optimizers: SimpleOptimizer[];
  exponents: number[];
}

const readRecords = (file: string): WidthRecord[] =>
  existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as WidthRecord[]) : [];

/** One record a line: a file that people can compare. */
const writeRecords = (file: string, records: readonly WidthRecord[]): void => {
  const sorted = [...records].sort((a, b) => a.width - b.width || a.seed - b.seed);
  writeFileAtomically(file, `[\n${sorted.map((record) => JSON.stringify(record)).join(",\n")}\n]\n`);
};

async function run(file: string, { widths, seeds: wanted, optimizers, exponents }: Options): Promise<void> {
  const records = readRecords(file);
  const extra = exponents.filter((exponent) => !WIDTH_SETTINGS.some((setting) => setting.exponent === exponent));
  const settings = [
    ...WIDTH_SETTINGS.filter(({ exponent }) => exponents.includes(exponent)),
    ...extra.flatMap((exponent) =>
      (["sgd", "signgd"] as const).map((optimizer) => ({ start: "pretrained" as const, exponent, optimizer })),
    ),
  ].filter(({ optimizer }) => optimizers.includes(optimizer));
  for (const width of widths) {
    for (const seed of wanted) {
      const has = new Set(
        records.filter((record) => record.width === width && record.seed === seed).map(({ setting }) => setting),
      );
      const missing = settings.filter((setting) => !has.has(widthSettingName(setting)));
      if (missing.length === 0) continue;
      const [started, cpu] = [performance.now(), process.cpuUsage().user];
      await widthLab({
        widths: [width],
        seeds: [seed],
        settings: missing,
        onRecord: (record) => {
          records.push(record);
          writeRecords(file, records);
        },
      });
      console.error(
        `width ${width}, seed ${seed}: ${missing.length} records in ${((performance.now() - started) / 1000).toFixed(1)} s (${((process.cpuUsage().user - cpu) / 1e6).toFixed(1)} s of processor time)`,
      );
    }
  }
  console.log(slopeTable(widthSlopes(records)));
}

const signed = (value: number, digits: number): string => value.toFixed(digits).replace("-", "−");

function slopeTable(slopes: readonly WidthSlope[]): string {
  const settings = [...new Set(slopes.map(({ setting }) => setting))];
  const cell = (setting: string, measure: string): string => {
    const row = slopes.find((slope) => slope.setting === setting && slope.measure === measure)!;
    return `${signed(row.slope, 2)} ± ${row.standardError.toFixed(2)} (${signed(row.expected, 2)})`;
  };
  const rows = settings.map((setting) => [
    setting,
    cell(setting, "linearizationError"),
    cell(setting, "kernelDistance"),
    cell(setting, "gradientDistance"),
    String(slopes.find((slope) => slope.setting === setting)!.points),
  ]);
  return markdownTable(
    ["setting", "linearization error: slope (expected)", "kernel distance", "gradient distance", "points"],
    rows,
  );
}

const program = new Command("width-lab")
  .argument("<file>", "JSON file of records, made or gone on with")
  .option(
    "--widths <list>",
    "widths, or none",
    (text) => (text === "none" ? [] : listOf(number(1))(text)),
    [64, 128, 256, 512, 1024, 2048],
  )
  .option("--seeds <list>", "seeds", listOf(seed), [1, 2, 3])
  .option("--optimizers <list>", "sgd, signgd", listOf(oneOf<SimpleOptimizer>(["sgd", "signgd"])), ["sgd", "signgd"])
  .option(
    "--exponents <list>",
    "a of χ ∝ n^−a; others than 0 and 0.5 for the pretrained start only",
    listOf(number(0)),
    [0, 0.5],
  )
  .action(run);

program.parseAsync().catch((error: Error) => {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
});
