"""The page to open after a run: the summary and the worst breaches, as one HTML file."""

from dataclasses import replace
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from flows.paths import reports_dir
from flows.summary import RunSummary

_TEMPLATES = Path(__file__).parent / "templates"


def write_page(summary: RunSummary) -> RunSummary:
    """Write `<as_of>.html` below `reports_dir()`; returns the summary that names it."""
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    page = reports_dir() / f"{summary.as_of}.html"
    page.parent.mkdir(parents=True, exist_ok=True)
    draft = page.with_suffix(".html.partial")
    draft.write_text(environment.get_template("page.html.j2").render(run=summary), encoding="utf-8")
    draft.replace(page)
    return replace(summary, page=str(page))
