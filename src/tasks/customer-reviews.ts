import { InputError } from "../errors";
import { formatCsvRow } from "../files/delimited";
import { pythonStrip } from "./k-shot";

/** Test examples of each label: the authors' script changes LM-BFF's 1,000 to 250, so that 512-shot splits have enough to draw from. */
const TEST_PER_LABEL = 250;

/**
 * The train and test files of CR from `custrev.all`, with the bytes of LM-BFF's `cr/process.py` after the authors'
 * `download_dataset.sh` has changed it: lines "LABEL TEXT" are grouped by label in order of first appearance; the first
 * 250 of each group are for testing, the others for training.
 *
 * @throws naming the line if it does not begin with a label, or the label if it has too few lines
 */
export function customerReviewFiles(text: string, testPerLabel = TEST_PER_LABEL): { train: string; test: string } {
  const lines = text.split(/\r\n|\r|\n/);
  if (lines.at(-1) === "") lines.pop();
  const groups = new Map<string, string[]>();
  lines.forEach((whole, i) => {
    const line = pythonStrip(whole);
    const label = line.slice(0, 1);
    if (!/^\d$/.test(label))
      throw new InputError(`line ${i + 1} does not begin with a label: ${JSON.stringify(line.slice(0, 60))}`);
    const row = formatCsvRow([label, line.slice(2)]);
    const group = groups.get(label);
    if (group === undefined) groups.set(label, [row]);
    else group.push(row);
  });
  for (const [label, rows] of groups) {
    if (rows.length <= testPerLabel)
      throw new InputError(
        `label ${label} has ${rows.length} lines, none left for training after the first ${testPerLabel}`,
      );
  }
  const all = [...groups.values()];
  return {
    train: all.flatMap((rows) => rows.slice(testPerLabel)).join(""),
    test: all.flatMap((rows) => rows.slice(0, testPerLabel)).join(""),
  };
}
