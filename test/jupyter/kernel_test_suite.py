"""Jupyter's own test suite for kernels, with samples in TypeScript.

Usage: kernel_test_suite.py      prints the tests as JSON: {"passed": […], "skipped": {test: reason}, "failed": {test: traceback}}
"""
from __future__ import annotations

import json
import sys
import unittest

import jupyter_kernel_test as suite


class KernelViewTests(suite.KernelTests):
    kernel_name = "kernel-view"
    language_name = "typescript"
    file_extension = ".ts"

    code_hello_world = 'console.log("hello, world");'
    code_stderr = 'console.error("oops");'
    code_generate_error = 'throw new Error("made");'
    code_execute_result = [
        {"code": "6 * 7", "result": "42"},
        {"code": '"a" + "b"', "result": "'ab'"},
        {"code": "const list = [1, 2]; list", "result": "[ 1, 2 ]"},
        {"code": '({ [Symbol.for("Jupyter.display")]: () => ({ "text/html": "<b>!</b>" }) })', "mime": "text/html", "result": "<b>!</b>"},
    ]
    code_display_data = [
        {"code": 'import { displaySink } from "kernel-view"; displaySink().show({ "text/plain": "7", "text/html": "<b>7</b>" });', "mime": "text/html"},
        {"code": 'import { showTable } from "kernel-view"; showTable([{ a: 1 }]);', "mime": "text/html"},
    ]

    completion_samples = [
        {"text": "Math.hyp", "matches": ["hypot"]},
        {"text": "[1].toSort", "matches": ["toSorted"]},
        {"text": "const shown = 1; sho", "matches": ["shown"]},
        {"text": "nothingOfThisName", "matches": []},
    ]
    complete_code_samples = ["1", "const a = 1", "function f(): void {}", "await Promise.resolve(1);", ""]
    incomplete_code_samples = ["function f() {", "`abc", "f(1,", "const x =", "/* said", "if (x) {\n  y();"]
    invalid_code_samples = ["const = 1", "1 +* 2", "let let = ]"]
    code_inspect_sample = "Math.max"

    supported_history_operations = ("tail", "search", "range")
    code_history_pattern = "6 ?*7"


class KernelViewWelcome(suite.IopubWelcomeTests):
    kernel_name = "kernel-view"
    support_iopub_welcome = True


def main() -> None:
    names = unittest.defaultTestLoader
    tests = unittest.TestSuite(names.loadTestsFromTestCase(case) for case in (KernelViewTests, KernelViewWelcome))
    passed: list[str] = []

    class Result(unittest.TestResult):
        def addSuccess(self, test):
            passed.append(test._testMethodName)

    result = Result()
    tests.run(result)
    name = lambda test: getattr(test, "_testMethodName", None) or str(test)
    failed = {name(test): text for test, text in [*result.failures, *result.errors]}
    skipped = {name(test): reason for test, reason in result.skipped}
    json.dump({"passed": passed, "skipped": skipped, "failed": failed}, sys.stdout)


if __name__ == "__main__":
    main()
