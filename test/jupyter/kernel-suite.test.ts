import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import path from "node:path";
import { test } from "node:test";
import { root } from "../support/checkout";

/** What the protocol leaves to a kernel, and this one leaves out. */
const leftOut = {
  test_pager: "there is no pager: what a cell says stands in the notebook",
  test_clear_output: "what changes is updated in place; clear_output is sent only by code written for tslab",
};

test("the kernel passes Jupyter's own suite for kernels", () => {
  const python = path.join(root, ".venv", "bin", "python");
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const { stdout, stderr } = spawnSync(python, [path.join(root, "test", "jupyter", "kernel_test_suite.py")], {
    encoding: "utf8",
    env,
  });
  const { passed, skipped, failed } = JSON.parse(stdout || `{"failed": ${JSON.stringify(stderr)}}`) as {
    passed: string[];
    skipped: Record<string, string>;
    failed: Record<string, string>;
  };
  assert.deepEqual(failed, {});
  assert.deepEqual(Object.keys(skipped).sort(), Object.keys(leftOut).sort());
  assert.deepEqual(passed.sort(), [
    "test_completion",
    "test_display_data",
    "test_error",
    "test_execute_result",
    "test_execute_stderr",
    "test_execute_stdout",
    "test_history",
    "test_inspect",
    "test_is_complete",
    "test_kernel_info",
    "test_recv_iopub_welcome_msg",
  ]);
});
