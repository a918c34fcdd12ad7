"""One digest: the findings of a day as subject, plain text, HTML and a CSV attachment."""

import csv
import io
from collections import Counter
from dataclasses import dataclass, fields
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from flows.alert.ledger import Breach, Findings

WORST = 20
_TEMPLATES = Path(__file__).parent / "templates"
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


@dataclass(frozen=True)
class Digest:
    """A message before it is addressed: what it says, channel-neutral parts first."""

    subject: str
    text: str
    html: str
    attachment_name: str | None = None
    attachment_csv: str = ""


def render(findings: Findings) -> Digest:
    """Render the digest; the worst `WORST` breaches in the body, all of them in the CSV."""
    context: dict[str, Any] = {
        "as_of": findings.as_of,
        "open": len(findings.breaches),
        "opened": findings.opened,
        "at_risk": findings.at_risk,
        "resolved": findings.resolved,
        "at_stake": sum((b.amount_at_stake for b in findings.breaches if b.amount_at_stake), start=0),
        "worst": findings.breaches[:WORST],
        "carriers": Counter(b.carrier or "not shipped yet" for b in findings.breaches).most_common(5),
    }
    return Digest(
        subject=_subject(findings),
        text=_environment(False).get_template("digest.txt.j2").render(context),
        html=_environment(True).get_template("digest.html.j2").render(context),
        attachment_name=f"sla-breaches-{findings.as_of}.csv",
        attachment_csv=to_csv(findings.breaches),
    )


def render_data_health(findings: Findings) -> Digest:
    """Render what is told instead of the digest where the day's data cannot be judged by."""
    context: dict[str, Any] = {"as_of": findings.as_of, "reasons": findings.odd}
    words = sorted({reason.partition(":")[0] for reason in findings.odd})
    return Digest(
        subject=f"[SLA] The data is {' and '.join(words)}: digest held back, {_written(findings.as_of)}",
        text=_environment(False).get_template("data_health.txt.j2").render(context),
        html=_environment(True).get_template("data_health.html.j2").render(context),
    )


def _written(day: date) -> str:
    return f"{day.day} {day:%b %Y}"


def _subject(findings: Findings) -> str:
    counts = [f"{len(findings.breaches):,} open", f"{findings.opened:,} new"]
    counts += [f"{findings.at_risk:,} at risk"] if findings.at_risk else []
    counts += [f"{findings.resolved:,} resolved"] if findings.resolved else []
    return f"[SLA] {' · '.join(counts)}, {_written(findings.as_of)}"


def to_csv(breaches: list[Breach]) -> str:
    """All breaches as RFC 4180 text; cells a spreadsheet would run as a formula are neutralised."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    names = [field.name for field in fields(Breach)]
    writer.writerow(names)
    for breach in breaches:
        writer.writerow([_cell(getattr(breach, name)) for name in names])
    return buffer.getvalue()


def _cell(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="seconds")
    if isinstance(value, str) and value.startswith(_FORMULA_STARTS):
        return "'" + value
    return value


@lru_cache(maxsize=2)
def _environment(html: bool) -> Environment:
    return Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=html,  # noqa: S701 - the plain-text alternative has nothing to escape
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
