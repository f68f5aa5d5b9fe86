"""How fast notebook kernels for TypeScript answer: this project's, plain tslab, and Deno's, in one run.

    .venv/bin/python bench/notebook-kernel.py [--deno PATH_TO_DENO] [--rounds 5]

Deno comes, for instance, from the npm package `deno`. Kernels take turns; every round starts each of them anew. Times
are milliseconds, median and quartiles over the rounds; memory is the resident memory of all processes of a kernel.
"""
from __future__ import annotations

import argparse
import json
import os
import pathlib
import queue
import statistics
import sys
import tempfile
import time

import psutil
from jupyter_client import KernelManager
from jupyter_client.kernelspec import KernelSpecManager

ROOT = pathlib.Path(__file__).resolve().parent.parent


def specifications(folder: pathlib.Path, deno: str | None) -> list[str]:
    """Registers the other kernels in a folder of their own; returns the names of all."""
    tslab = ROOT / "node_modules" / "tslab" / "bin" / "tslab"
    kernels = {"tslab": ["node", str(tslab), "kernel", "--config-path={connection_file}"]}
    if deno:
        kernels["deno"] = [deno, "jupyter", "--kernel", "--conn", "{connection_file}"]
    for name, argv in kernels.items():
        (folder / "kernels" / name).mkdir(parents=True)
        (folder / "kernels" / name / "kernel.json").write_text(json.dumps({"argv": argv, "display_name": name, "language": "typescript"}))
    return ["kernel-view", *kernels]


class Kernel:
    def __init__(self, name: str, specs: KernelSpecManager):
        started = time.perf_counter()
        self.manager = KernelManager(kernel_name=name, kernel_spec_manager=specs)
        self.manager.start_kernel(cwd=str(ROOT), stderr=open(os.devnull, "w"))
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=120)
        self.ready = 1000 * (time.perf_counter() - started)

    def run(self, code: str, timeout: float = 30) -> tuple[float, str, bool]:
        """Milliseconds until the cell is idle, what it printed, and whether it ended at all."""
        started = time.perf_counter()
        request = self.client.execute(code)
        printed: list[str] = []
        while True:
            try:
                message = self.client.get_iopub_msg(timeout=timeout)
            except queue.Empty:
                return 1000 * (time.perf_counter() - started), "".join(printed), False
            if message["parent_header"].get("msg_id") != request:
                continue
            if message["msg_type"] == "stream":
                printed.append(message["content"]["text"])
            if message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
                return 1000 * (time.perf_counter() - started), "".join(printed), True

    def complete(self, code: str) -> float:
        started = time.perf_counter()
        request = self.client.complete(code)
        while self.client.get_shell_msg(timeout=60)["parent_header"].get("msg_id") != request:
            pass
        return 1000 * (time.perf_counter() - started)

    def memory(self) -> float:
        """MiB of the kernel's process and those it has started."""
        process = psutil.Process(self.manager.provisioner.pid)
        return sum(p.memory_info().rss for p in [process, *process.children(recursive=True)]) / 2**20

    def stop(self) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


def measure(kernel: Kernel, own: bool) -> dict[str, float]:
    figures = {"ready": kernel.ready, "first cell": kernel.run("1 + 1")[0]}
    cells = [kernel.run(f"const n{i} = {i} * 2; n{i}")[0] for i in range(30)]
    figures["a fresh small cell"] = statistics.median(cells[10:])
    figures["completion, cold"] = kernel.complete("cons")
    figures["completion, warm"] = statistics.median(kernel.complete(text) for text in ["consol", "[1].ma", "n1", "JSON.", "Mat"] * 2)
    figures["memory, MiB"] = kernel.memory()
    if own:
        figures["import of the package"] = kernel.run('import { computeKernel, showChart } from "kernel-view";')[0]
        figures["a small cell after it"] = statistics.median(kernel.run(f"const m{i} = computeKernel; typeof m{i}")[0] for i in range(10))
        figures["memory after it, MiB"] = kernel.memory()
    lines, printed, ended = kernel.run("for (let i = 0; i < 1000; i++) console.log(i)", timeout=5)
    figures["1,000 lines"] = lines if ended else float("nan")
    figures["lines lost of 1,000"] = 1000 - len(printed.split())
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--deno")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", nargs="*")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        names = specifications(pathlib.Path(folder), given.deno)
        specs = KernelSpecManager()
        specs.kernel_dirs = [*specs.kernel_dirs, str(pathlib.Path(folder) / "kernels")]
        found: dict[str, list[dict[str, float]]] = {name: [] for name in names if not given.only or name in given.only}
        for round_number in range(given.rounds):
            for name in found:
                print(f"round {round_number + 1} of {given.rounds}: {name}", file=sys.stderr)
                kernel = Kernel(name, specs)
                try:
                    found[name].append(measure(kernel, own=name == "kernel-view"))
                finally:
                    kernel.stop()
    print_table(found)


def print_table(found: dict[str, list[dict[str, float]]]) -> None:
    figures = list(dict.fromkeys(figure for rounds in found.values() for one in rounds for figure in one))
    print("| | " + " | ".join(found) + " |\n|---" * 1 + "|---" * len(found) + "|")
    for figure in figures:
        cells = []
        for rounds in found.values():
            values = [one[figure] for one in rounds if figure in one and one[figure] == one[figure]]
            if not values:
                cells.append("–" if not any(figure in one for one in rounds) else "never ended")
                continue
            low, middle, high = (statistics.quantiles(values, n=4) if len(values) > 1 else values * 3)
            cells.append(f"{middle:.0f} ({low:.0f}–{high:.0f})")
        print(f"| {figure} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
