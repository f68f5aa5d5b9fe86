"""Two executed copies of one notebook as one notebook: text and code once, outputs in pairs where they differ."""
from __future__ import annotations

import copy
import difflib
import html
import re

CHART = "application/vnd.vegalite.v5+json"
PROVENANCE = "application/vnd.kernel-view.provenance+json"


def side_by_side(first, second):
    """
    The first notebook with the outputs of both. A code cell keeps outputs that are the same on both sides
    (metadata "sides": "same"); of others it keeps its source only, and two cells without source follow, with
    the outputs of either side (metadata "side": 0 and 1) and what differs in them marked.

    Raises ValueError when the notebooks' cells are not the same.
    """
    cells = [[cell for cell in notebook.cells if "injected-parameters" not in cell.metadata.get("tags", [])] for notebook in (first, second)]
    if [cell.source for cell in cells[0]] != [cell.source for cell in cells[1]]:
        raise ValueError("The two runs are not runs of the same notebook: their cells differ.")
    merged = copy.copy(first)
    merged.cells = [part for pair in zip(*cells) for part in side_by_side_cell(*pair)]
    return merged


def side_by_side_cell(first, second) -> list:
    outputs = [first.get("outputs", []), second.get("outputs", [])]
    if is_provenance(outputs[0]) or not any(outputs):
        return [first]
    if [essence(output) for output in outputs[0]] == [essence(output) for output in outputs[1]]:
        return [marked(first, sides="same")]
    outputs = marked_outputs(*outputs)
    source = copy.copy(first)
    source.outputs = []
    return [source] + [marked(first, side=side, source="", outputs=outputs[side]) for side in (0, 1)]


def marked(cell, source=None, outputs=None, **metadata):
    changed = copy.copy(cell)
    changed.metadata = {**cell.metadata, **metadata}
    changed.source = cell.source if source is None else source
    changed.outputs = cell.outputs if outputs is None else outputs
    return changed


def is_provenance(outputs) -> bool:
    return any(PROVENANCE in output.get("data", {}) for output in outputs)


def essence(output) -> tuple:
    """What an output says: a chart's still forms follow from its specification."""
    data = output.get("data", {})
    return output.output_type, output.get("text"), data[CHART] if CHART in data else dict(data)


def marked_outputs(first: list, second: list) -> tuple[list, list]:
    """Both lists, with differing words of printed text and differing cells of tables in <mark>."""
    pairs = ([copy.deepcopy(output) for output in first], [copy.deepcopy(output) for output in second])
    for matches, mark in ((is_printed, mark_printed), (is_table, mark_table)):
        chosen = [[output for output in outputs if matches(output)] for outputs in pairs]
        if len(chosen[0]) == len(chosen[1]):
            for one, other in zip(*chosen):
                mark(one, other)
    return pairs


def is_printed(output) -> bool:
    return output.output_type == "stream" and output.name == "stdout"


def is_table(output) -> bool:
    data = output.get("data", {})
    return CHART not in data and "<td" in data.get("text/html", "")


# A space, a number, a word, or any other character: "0.5." is a number and a full stop.
WORD = re.compile(r"\s+|\d+(?:\.\d+)*(?:e[-+]?\d+)?|\w+|[^\w\s]")


def mark_printed(first, second) -> None:
    words = [WORD.findall(re.sub(r"\x1b\[[0-9;]*m", "", output.text)) for output in (first, second)]
    matching = difflib.SequenceMatcher(None, *words, autojunk=False).get_opcodes()
    for side, output in enumerate((first, second)):
        text = ""
        for kind, *ends in matching:
            start, end = ends[2 * side: 2 * side + 2]
            text += "".join(html.escape(word) if kind == "equal" or word.isspace() else f"<mark>{html.escape(word)}</mark>" for word in words[side][start:end])
        become_html(output, f'<pre class="printed">{text}</pre>')


def become_html(output, text: str) -> None:
    output.clear()
    output.update(output_type="display_data", metadata={}, data={"text/html": text})


def mark_table(first, second) -> None:
    tables = [re.split(r"(<td\b[^>]*>)(.*?)(</td>)", output.data["text/html"], flags=re.S) for output in (first, second)]
    if len(tables[0]) != len(tables[1]):
        return
    for at in range(2, len(tables[0]), 4):  # text, <td>, content, </td>, text, …
        contents = [table[at] for table in tables]
        if contents[0] != contents[1]:
            for table in tables:
                table[at] = f"<mark>{table[at]}</mark>" if table[at] else ""
    for output, table in zip((first, second), tables):
        output.data["text/html"] = "".join(table)
