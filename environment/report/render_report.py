"""Turns an executed notebook into one self-contained HTML page, with formulas left as <x-tex> for KaTeX.

Usage: render_report.py EXECUTED_NOTEBOOK FACTS_JSON LIBRARIES_JSON PAGE

FACTS_JSON holds what the run is known by: title, package, and rows {what, value} for the provenance section.
LIBRARIES_JSON is a list of script files to put into the page.
"""
from __future__ import annotations

import base64
import html
import json
import pathlib
import re
import sys

import nbformat
from nbconvert.exporters.templateexporter import TemplateExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import TypeScriptLexer

HERE = pathlib.Path(__file__).parent
TEMPLATE = HERE / "template"
CHART = "application/vnd.vegalite.v5+json"
PROVENANCE = "application/vnd.kernel-view.provenance+json"


class Renderer(IPythonRenderer):
    """Markdown to HTML, with formulas set aside for KaTeX."""

    def block_math(self, body):
        return f'<x-tex display="true">{html.escape(body)}</x-tex>'

    def multiline_math(self, text):
        return text

    def latex_environment(self, name, body):
        tex = f"\\begin{{{name}}}{body}\\end{{{name}}}"
        return f'<x-tex display="true">{html.escape(tex)}</x-tex>'

    def inline_math(self, body):
        return f"<x-tex>{html.escape(body)}</x-tex>"


def markdown(source: str) -> str:
    return MarkdownWithMath(renderer=Renderer(escape=False, anchor_link_text="")).render(source)


def typescript(source: str) -> str:
    return highlight(source, TypeScriptLexer(), HtmlFormatter(cssclass="highlight"))


def first_words(source: str) -> str:
    """The cell's opening comment, or its first line: what the folded cell is called."""
    lines = [line.strip() for line in source.splitlines() if line.strip()]
    return lines[0].lstrip("/ ")[:90] if lines else ""


def script_json(value) -> str:
    """JSON that can stand inside a <script> element."""
    return json.dumps(value, ensure_ascii=False).replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


class ReportExporter(TemplateExporter):
    """nbconvert with this folder's template; charts come before every other form of an output."""

    file_extension = ".html"
    output_mimetype = "text/html"
    template_name = "template"
    template_file = "index.html.j2"

    def __init__(self, **settings):
        super().__init__(extra_template_basedirs=[str(HERE)], **settings)

    def default_filters(self):
        yield from super().default_filters()
        yield "markdown2html", markdown
        yield "highlight_typescript", typescript
        yield "first_words", first_words
        yield "script_json", script_json


def highlight_css() -> str:
    light = HtmlFormatter(style="friendly", cssclass="highlight")
    dark = HtmlFormatter(style="github-dark", cssclass="highlight")
    only_colours = lambda css: re.sub(r"background(-color)?:[^;}]*;?", "", css)
    return "\n".join([
        only_colours(light.get_style_defs(".highlight")),
        "@media (prefers-color-scheme: dark) {",
        only_colours(dark.get_style_defs(":root:not([data-theme=light]) .highlight")),
        "}",
        only_colours(dark.get_style_defs(":root[data-theme=dark] .highlight")),
    ])


def contents(notebook) -> list[dict]:
    """The headings of the second and third level, with the ids the renderer gives them."""
    entries = []
    for cell in notebook.cells:
        if cell.cell_type != "markdown":
            continue
        for level, identifier, inner in re.findall(r'<h([23]) id="([^"]*)">(.*?)</h\1>', markdown(cell.source), re.S):
            text = re.sub(r"<a class=\"anchor-link\".*?</a>", "", inner, flags=re.S)
            entries.append({"level": int(level), "id": identifier, "text": re.sub(r"</?a\b[^>]*>", "", text)})
    return entries


def notebook_title(notebook, otherwise: str) -> str:
    for cell in notebook.cells:
        found = re.search(r"^#\s+(.+)$", cell.source, re.M) if cell.cell_type == "markdown" else None
        if found:
            return re.sub(r"[*_`$]", "", found[1]).strip()
    return otherwise


def provenance_rows(notebook, facts: dict) -> list[dict]:
    """What the notebook itself recorded, after what is known of the run."""
    names = {"package": "Package", "node": "Node", "tensorflow": "TensorFlow", "cpu": "CPU", "system": "System",
             "time": "Time (UTC)", "modelHash": "Model hash", "seeds": "Seeds", "parameters": "Parameters as used"}
    rows = list(facts["rows"])
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            for key, value in (output.get("data", {}).get(PROVENANCE) or {}).items():
                row = {"what": names.get(key, key), "value": as_text(value)}
                rows = [kept for kept in rows if kept["what"] != row["what"]] + [row]
    return rows


def as_text(value) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} = {json.dumps(entry, ensure_ascii=False)}" for name, entry in value.items())
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return str(value)


def inline_script(path: str) -> str:
    return pathlib.Path(path).read_text("utf-8").replace("</script", "<\\/script").replace("<!--", "<\\!--")


def main(source: str, facts_file: str, libraries_file: str, page: str) -> None:
    notebook = nbformat.read(source, as_version=4)
    facts = json.loads(pathlib.Path(facts_file).read_text("utf-8"))
    has_charts = any(CHART in output.get("data", {}) for cell in notebook.cells for output in cell.get("outputs", []))
    libraries = json.loads(pathlib.Path(libraries_file).read_text("utf-8")) if has_charts else []
    exporter = ReportExporter()
    resources = {"report": {
        "title": notebook_title(notebook, facts["title"]),
        "facts": facts,
        "contents": contents(notebook),
        "provenance": provenance_rows(notebook, facts),
        "css": (TEMPLATE / "report.css").read_text("utf-8"),
        "highlight_css": highlight_css(),
        "script": inline_script(TEMPLATE / "report.js"),
        "libraries": [inline_script(path) for path in libraries],
        "icon": base64.b64encode((HERE.parent / "kernel" / "logo.svg").read_bytes()).decode(),
    }}
    exporter.config.NbConvertBase.display_data_priority = [
        CHART, PROVENANCE, "text/html", "text/markdown", "image/svg+xml", "image/png", "image/jpeg", "text/plain"]
    exporter = ReportExporter(config=exporter.config)
    body, _ = exporter.from_notebook_node(notebook, resources=resources)
    pathlib.Path(page).write_text(body, "utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:5])
