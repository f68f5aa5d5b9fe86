"""Turns an executed notebook into one self-contained HTML page, with formulas left as <x-tex> for KaTeX.

Usage: render_report.py FACTS_JSON LIBRARIES_JSON PAGE

FACTS_JSON holds what the run is known by: name, package, the executed notebook's file, rows {what, value}
for the provenance section and the notebook's parameters {name, value}. With a second run of the notebook
to put beside it: against {executed, rows, parameters}, the differing and the agreeing parameters
{name, comment, values} and a heading for each side. inSite keeps a place for the links of a site.
LIBRARIES_JSON lists script files to put into the page: `charts`, where there are any, and `live`.
"""
from __future__ import annotations

import base64
import hashlib
import html
import json
import pathlib
import re
import sys
import textwrap

import nbformat
from bleach.css_sanitizer import CSSSanitizer
from bleach.html5lib_shim import Filter
from bleach.sanitizer import Cleaner
from nbconvert.exporters.templateexporter import TemplateExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import TypeScriptLexer
from traitlets.config import Config

from side_by_side import CHART, PROVENANCE, side_by_side

EXPLORER = "application/vnd.kernel-view.explorer+json"
HERE = pathlib.Path(__file__).parent
TEMPLATE = HERE / "template"


class Renderer(IPythonRenderer):
    """Markdown to HTML, with formulas set aside for KaTeX."""

    def heading(self, text, level, **attributes):
        return f'<h{level} id="{slug(text)}">{text}</h{level}>\n'

    def block_math(self, body):
        return f'<x-tex display="true">{html.escape(body)}</x-tex>'

    def multiline_math(self, text):
        return text

    def latex_environment(self, name, body):
        tex = f"\\begin{{{name}}}{body}\\end{{{name}}}"
        return f'<x-tex display="true">{html.escape(tex)}</x-tex>'

    def inline_math(self, body):
        return f"<x-tex>{html.escape(body)}</x-tex>"


def slug(text: str) -> str:
    """The id JupyterLab gives a heading, so that links within a notebook work in its report."""
    plain = html.unescape(re.sub(r"<x-tex.*?</x-tex>|<[^>]*>", "", text, flags=re.S)).strip()
    return html.escape(re.sub(r"\s+", "-", plain), quote=True) or "section"


TAGS = set("""a abbr b blockquote br caption code col colgroup dd del details div dl dt em figcaption figure h1 h2 h3 h4 h5 h6
hr i img ins kbd li mark ol p pre progress s samp small span strong sub summary sup table tbody td tfoot th thead tr u ul""".split())
NAMED = {"a", "h1", "h2", "h3", "h4", "h5", "h6"}
ATTRIBUTES = {"class", "style", "title", "colspan", "rowspan", "scope", "start", "alt", "width", "height", "value", "max", "open"}
STYLES = {"text-align", "vertical-align", "overflow-wrap", "white-space", "width", "min-width", "max-width", "margin", "padding",
          "font-weight", "font-style", "font-size", "font-family", "color", "background-color", "border"}


def is_allowed(tag: str, name: str, value: str) -> bool:
    if name == "src":
        return tag == "img" and value.startswith("data:image/")  # the page asks nobody for anything
    return name in ATTRIBUTES or (name == "id" and tag in NAMED) or (name == "href" and tag == "a" and not value.startswith("data:"))


class OwnPictures(Filter):
    """A picture that is not within the file is not asked for: its alternative text stands there."""

    def __iter__(self):
        for token in super().__iter__():
            if token.get("name") == "img":
                values = {name: value for (_, name), value in token["data"].items()}
                if "src" not in values:
                    token = {"type": "Characters", "data": f"[picture: {values.get('alt') or 'not in this file'}]"}
            yield token


def cleaner(**more) -> Cleaner:
    """What a page shows of HTML: texts, tables and pictures. Everything else (scripts, forms, frames) stays the text it is written as."""
    settings = {"tags": TAGS, "attributes": is_allowed, "protocols": {"http", "https", "mailto", "data"}, "filters": [OwnPictures], **more}
    return Cleaner(css_sanitizer=CSSSanitizer(allowed_css_properties=STYLES), **settings)


clean_output = cleaner().clean
clean_text = cleaner(tags=TAGS | {"x-tex"}, attributes=lambda tag, name, value: name == "display" if tag == "x-tex" else is_allowed(tag, name, value)).clean


def markdown(source: str) -> str:
    return clean_text(MarkdownWithMath(renderer=Renderer(escape=False, exclude_anchor_links=True)).render(source))


def typescript(source: str) -> str:
    return highlight(source, TypeScriptLexer(), HtmlFormatter(cssclass="highlight"))


def first_words(source: str) -> str:
    """The cell's opening comment, or its first line: what the folded cell is called."""
    lines = [line.strip() for line in source.splitlines() if line.strip()]
    return textwrap.shorten(lines[0].lstrip("/ "), 140, placeholder=" …") if lines else ""


def script_json(value) -> str:
    """JSON that can stand inside a <script> element."""
    return json.dumps(value, ensure_ascii=False).replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def figure_words(data) -> dict:
    """The title of a figure and what else its description says of it; the charts of this project begin theirs with the title."""
    chart = data[CHART]
    title = chart.get("title") or ""
    title = title.get("text", "") if isinstance(title, dict) else title
    title = " ".join(title) if isinstance(title, list) else str(title)
    said = str(chart.get("description") or "")
    return {"title": title or data.get("text/plain", "Chart"), "said": said.removeprefix(title).removeprefix(": ")}


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
        yield "clean_html", clean_output
        yield "base64", lambda text: base64.b64encode(text.encode()).decode()
        yield "figure_words", figure_words


def highlight_css() -> str:
    light = HtmlFormatter(style="xcode", cssclass="highlight")
    dark = HtmlFormatter(style="github-dark", cssclass="highlight")
    only_colours = lambda css: re.sub(r"background(-color)?:[^;}]*;?", "", css)
    return "\n".join([
        only_colours(light.get_style_defs(".highlight")),
        "@media screen and (prefers-color-scheme: dark) {",
        only_colours(dark.get_style_defs(":root:not([data-theme=light]) .highlight")),
        "}",
        "@media screen {",
        only_colours(dark.get_style_defs(":root[data-theme=dark] .highlight")),
        "}",
    ])


def with_contents(page: str) -> str:
    """Makes the headings' ids unique and lists those of the second and third level in the contents."""
    seen: dict[str, int] = {}
    entries = []

    def number(match):
        level, identifier, text = match[1], match[2], match[3]
        seen[identifier] = seen.get(identifier, 0) + 1
        if seen[identifier] > 1:
            identifier = f"{identifier}-{seen[identifier]}"
        if level in "23":
            plain = re.sub(r"</?a\b[^>]*>", "", text)
            entries.append(f'<li class="level-{level}"><a href="#{identifier}">{plain}</a></li>')
        return f'<h{level} id="{identifier}">{text}</h{level}>'

    page = re.sub(r'<h([1-6]) id="([^"]*)">(.*?)</h\1>', number, page, flags=re.S)
    return page.replace("<!--contents-->", "\n".join(entries), 1)


def notebook_title(notebook, otherwise: str) -> str:
    for cell in notebook.cells:
        found = re.search(r"^#\s+(.+)$", cell.source, re.M) if cell.cell_type == "markdown" else None
        if found:
            return re.sub(r"[*_`$]", "", found[1]).strip()
    return otherwise


RECORDED = {"modelHash": "Model hash", "seeds": "Seeds", "parameters": "Recorded parameters", "package": "Package", "node": "Node",
            "tensorflow": "TensorFlow", "cpu": "CPU", "system": "System", "time": "Time (UTC)"}


def provenance_rows(notebook, facts: dict) -> list[dict]:
    """What is known of the run, completed by what the notebook itself recorded."""
    recorded = {}
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            recorded.update(output.get("data", {}).get(PROVENANCE) or {})
    if all(parameter["value"] == recorded.get("parameters", {}).get(parameter["name"], parameter["value"]) for parameter in facts["parameters"]):
        if set(recorded.get("parameters", {})) <= {parameter["name"] for parameter in facts["parameters"]}:
            recorded.pop("parameters", None)  # the run's own row says the same
    rows = {row["what"]: row["value"] for row in facts["rows"]}
    rows.update({name: as_text(recorded[key]) for key, name in RECORDED.items() if key in recorded})
    order = ["Notebook", "Parameters", "Recorded parameters", "Seeds", "Model hash"]
    names = [name for name in order if name in rows] + [name for name in rows if name not in order]
    return [{"what": name, "values": [rows[name]]} for name in names]


def paired_rows(first: list[dict], second: list[dict]) -> list[dict]:
    """The provenance of both sides; `values` has one value where they agree."""
    others = {row["what"]: row["values"] for row in second}
    return [{"what": row["what"], "values": list(dict.fromkeys(row["values"] + others.get(row["what"], ["none"])))} for row in first]


def as_text(value) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} = {json.dumps(entry, ensure_ascii=False)}" for name, entry in value.items())
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return str(value)


def inline_script(path: str) -> str:
    return pathlib.Path(path).read_text("utf-8").replace("</script", "<\\/script").replace("<!--", "<\\!--")


def explorers(notebook) -> list:
    """The outputs in whose place a live report has an element, in order."""
    return [output for cell in notebook.cells for output in cell.get("outputs", []) if EXPLORER in output.get("data", {})]


def hashed(script: str) -> str:
    """How a Content-Security-Policy names a script that may run."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"


def main(facts_file: str, libraries_file: str, page: str) -> None:
    facts = json.loads(pathlib.Path(facts_file).read_text("utf-8"))
    notebook = nbformat.read(facts["executed"], as_version=4)
    title = notebook_title(notebook, facts["name"])
    provenance = provenance_rows(notebook, facts)
    if "against" in facts:
        other = nbformat.read(facts["against"]["executed"], as_version=4)
        provenance = paired_rows(provenance, provenance_rows(other, facts["against"]))
        notebook = side_by_side(notebook, other)
        title = f"{title}: {facts['sides'][0]} against {facts['sides'][1]}"
    has_charts = any(CHART in output.get("data", {}) for cell in notebook.cells for output in cell.get("outputs", []))
    libraries = json.loads(pathlib.Path(libraries_file).read_text("utf-8"))
    charts = libraries["charts"] if has_charts else []
    scripts = [inline_script(path) for path in [*charts, TEMPLATE / "report.js", *libraries["live"]]]
    live = facts.get("live") or {"places": [], "shared": []}
    if live["places"]:
        for output, place in zip(explorers(notebook), live["places"]):
            output.metadata["live"] = place
    settings = Config()
    resources = {"report": {
        "title": title,
        "facts": facts,
        "provenance": provenance,
        "css": (TEMPLATE / "report.css").read_text("utf-8"),
        "highlight_css": highlight_css(),
        "scripts": scripts,
        "hashes": " ".join(map(hashed, scripts)),
        "live": live,
        "icon": base64.b64encode((HERE.parent.parent / "kernel-logo.svg").read_bytes()).decode(),
    }}
    settings.NbConvertBase.display_data_priority = [
        *([EXPLORER] if live["places"] else []), CHART, PROVENANCE, "text/html", "text/markdown", "image/svg+xml", "image/png", "image/jpeg", "text/plain"]
    body, _ = ReportExporter(config=settings).from_notebook_node(notebook, resources=resources)
    pathlib.Path(page).write_text(with_contents(body), "utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:4])
