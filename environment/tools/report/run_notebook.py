"""Executes a notebook in the kernel "TypeScript (Kernel View)" and writes the executed copy.

Usage: run_notebook.py NOTEBOOK EXECUTED WORKING_FOLDER [KERNEL]

Every code cell has to be answered with "ok": nbclient alone takes a cell that the kernel skipped for a success.

Events are written to standard output, one JSON object a line:
    {"event": "cell", "cell": 3, "of": 12, "index": 5, "title": "first line of the cell"}
    {"event": "note", "text": "Kernel: 12/32 blocks"}          progress shown inside the cell
    {"event": "done", "seconds": 12.3}
    {"event": "failed", "cell": 3, "of": 12, "title": "…", "reason": "…"}
"""
from __future__ import annotations

import asyncio
import json
import os
import pathlib
import re
import sys
import tempfile
import time

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellTimeoutError, DeadKernelError

class CellFailed(Exception):
    """A cell that did not run to its end, and why."""

    def __init__(self, index: int, reason: str):
        super().__init__(reason)
        self.index = index
        self.reason = reason


def tell(**event) -> None:
    print(json.dumps(event), flush=True)


class StrictClient(NotebookClient):
    """nbclient that passes on the progress displays of a running cell and keeps the kernel's answer."""

    answer: dict | None = None

    def process_message(self, msg, cell, cell_index):
        content = msg.get("content", {})
        data = content.get("data", {}) if isinstance(content, dict) else {}
        if msg["msg_type"] in ("display_data", "update_display_data") and "<progress" in str(data.get("text/html", "")):
            tell(event="note", text=str(data.get("text/plain", "")))
        return super().process_message(msg, cell, cell_index)


async def execute(notebook, folder: str, kernel: str, kernel_errors) -> None:
    client = StrictClient(
        notebook,
        kernel_name=kernel,
        resources={"metadata": {"path": folder}},
        timeout=None,
        startup_timeout=120,
        allow_errors=True,  # judged below, from the kernel's own answer
        coalesce_streams=True,
        skip_cells_with_tag="",
    )

    def keep_answer(cell, cell_index, execute_reply):
        client.answer = execute_reply

    client.on_cell_executed = keep_answer
    code = [index for index, cell in enumerate(notebook.cells) if cell.cell_type == "code" and cell.source.strip()]
    client.reset_execution_trackers()
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = []
            cell.execution_count = None
    async with client.async_setup_kernel(stderr=kernel_errors, stdout=kernel_errors):
        reply = await client.kc.kernel_info(reply=True, timeout=120)
        notebook.metadata["language_info"] = reply["content"]["language_info"]
        for number, index in enumerate(code, start=1):
            cell = notebook.cells[index]
            tell(event="cell", cell=number, of=len(code), index=index, title=title(cell))
            client.answer = None
            try:
                await client.async_execute_cell(cell, index)
            except DeadKernelError:
                raise CellFailed(index, "the kernel died" + last_words(kernel_errors)) from None
            except CellTimeoutError as error:
                raise CellFailed(index, str(error)) from None
            answer = (client.answer or {}).get("content", {})
            cell.execution_count = answer.get("execution_count")
            status = answer.get("status", "no answer")
            if status != "ok":
                raise CellFailed(index, error_text(cell) or f"the kernel answered {status!r}")


def last_words(kernel_errors) -> str:
    kernel_errors.seek(0)
    lines = [line for line in kernel_errors.read().decode("utf-8", "replace").splitlines() if line.strip()]
    return (":\n" + "\n".join(lines[-15:])) if lines else ""


def error_text(cell) -> str:
    texts = ["\n".join(output.traceback) or output.evalue for output in cell.outputs if output.output_type == "error"]
    return re.sub(r"\x1b\[[0-9;]*m", "", "\n".join(texts)).strip()


def title(cell) -> str:
    lines = [line.strip() for line in cell.source.splitlines() if line.strip()]
    named = [line.lstrip("/ ") for line in lines if line.startswith("//")]
    return (named or lines)[0][:80]


def main(source: str, target: str, folder: str, kernel: str = "kernel-view") -> int:
    notebook = nbformat.read(source, as_version=4)
    started = time.monotonic()
    code = [index for index, cell in enumerate(notebook.cells) if cell.cell_type == "code" and cell.source.strip()]
    with tempfile.TemporaryFile() as kernel_errors:
        try:
            asyncio.run(execute(notebook, folder, kernel, kernel_errors))
        except CellFailed as failure:
            cell = notebook.cells[failure.index]
            tell(event="failed", cell=code.index(failure.index) + 1, of=len(code), title=title(cell), reason=failure.reason)
            return 1
        except Exception as error:  # the kernel does not start, or the like
            tell(event="failed", cell=0, of=len(code), title="", reason=f"{type(error).__name__}: {error}{last_words(kernel_errors)}")
            return 1
    part = pathlib.Path(f"{target}.part-{os.getpid()}")
    nbformat.validate(notebook)
    # Not nbformat.write, which sorts keys: the columns of a chart's data stay in their order.
    part.write_text(json.dumps(notebook, ensure_ascii=False, indent=1), "utf-8")
    part.replace(target)
    tell(event="done", seconds=time.monotonic() - started)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:5]))
