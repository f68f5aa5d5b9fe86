import { test } from "node:test";
import assert from "node:assert/strict";
import { customerReviewFiles } from "../../src/tasks/customer-reviews";

// Expected: what the loop of LM-BFF's cr/process.py, with 1 in place of its 1000, gives in Python 3; rows written by Python's csv.writer, as pandas does.
test("grouped by label in order of appearance, cells quoted as pandas does", () => {
  const text =
    '1 works , "mostly" \n0 broke\r\n1  two spaces\n0 it \'s bad ; really\u00a0\n1 last one, without a line end';
  assert.deepEqual(customerReviewFiles(text, 1), {
    test: '1,"works , ""mostly"""\n0,broke\n',
    train: '1, two spaces\n1,"last one, without a line end"\n0,it \'s bad ; really\n',
  });
});

test("lines that are none, and labels with too few", () => {
  assert.throws(() => customerReviewFiles("1 a\n\n0 b\n", 0), /line 2 does not begin with a label: ""/);
  assert.throws(() => customerReviewFiles("good b\n"), /line 1 does not begin with a label: "good b"/);
  assert.throws(
    () => customerReviewFiles("1 a\n1 b\n0 c\n", 1),
    /label 0 has 1 lines, none left for training after the first 1/,
  );
});
