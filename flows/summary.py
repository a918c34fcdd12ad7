"""What a run did: the typed summary, its JSON and its human form."""

from dataclasses import asdict, dataclass, field, replace
from datetime import date
from typing import Any

from flows.alert.flow import AlertSummary
from flows.ingest.load import DayLoad, EntityLoad, days_as_rows
from flows.transform.build import DbtSummary

NOTABLE = 20


@dataclass(frozen=True)
class RunSummary:
    """One run of the pipeline.

    `generated` counts rows simulated or read, per entity; `loaded` what became of them, per entity and
    day; `seconds` is wall-clock time per step.
    """

    as_of: date
    batch_id: str | None
    generated: dict[str, int]
    loaded: dict[str, EntityLoad]
    dbt: DbtSummary
    alerts: AlertSummary
    seconds: dict[str, float]
    page: str | None = None
    message_paths: dict[str, str] = field(default_factory=dict)

    def with_seconds(self, **seconds: float) -> "RunSummary":
        """The same summary with further steps timed."""
        return replace(self, seconds=seconds | self.seconds)

    def with_message_paths(self, paths: dict[str, str]) -> "RunSummary":
        """The same summary, knowing in which files messages can be looked at, by Message-ID."""
        return replace(self, message_paths=paths)

    def notable_days(self) -> list[tuple[str, DayLoad]]:
        """Entity and day where rows were set aside, or other rows were there before."""
        return [
            (entity, day) for entity, load in self.loaded.items() for day in load.by_day if day.is_notable
        ]

    def to_json(self) -> dict[str, Any]:
        """The documented JSON form of `--json`; `held_back` is there only where the digest was."""
        return {
            "as_of": self.as_of.isoformat(),
            "batch_id": self.batch_id,
            "generated": self.generated,
            "loaded": {
                entity: {
                    "rows": load.rows,
                    "days": load.days,
                    "skipped_days": load.skipped_days,
                    "rejected": load.rejected,
                }
                for entity, load in self.loaded.items()
            },
            "days": days_as_rows(self.loaded),
            "dbt": {
                "pass": self.dbt.passed,
                "warn": self.dbt.warned,
                "error": self.dbt.failed,
                "skip": self.dbt.skipped,
            },
            "alerts": {
                "opened": self.alerts.opened,
                "open": self.alerts.open,
                "at_risk": self.alerts.at_risk,
                "resolved": self.alerts.resolved,
            },
            "messages": [self._message(message) for message in self.alerts.messages],
            "seconds": {step: round(seconds, 2) for step, seconds in self.seconds.items()},
        } | ({"held_back": self.alerts.held_back} if self.alerts.held_back else {})

    def _message(self, message: Any) -> dict[str, Any]:
        path = self.message_paths.get(message.message_id)
        return asdict(message) | ({"path": path} if path else {})


def _notable(summary: RunSummary) -> list[str]:
    """One line a day that was replaced or has rejected rows; the latest, where there are many."""
    notable = summary.notable_days()
    lines = [
        f"  {entity:<12}{day.day}: {day.read:,} read, {day.rejected:,} rejected, {day.ignored:,} ignored, "
        f"{day.loaded:,} loaded ({day.outcome})"
        for entity, day in sorted(notable, key=lambda found: found[1].day)[-NOTABLE:]
    ]
    if len(notable) > NOTABLE:
        lines.insert(0, f"  {'':<12}… and {len(notable) - NOTABLE:,} earlier ones")
    return ["", *lines] if lines else []


def render(summary: RunSummary) -> str:
    """The summary for people."""
    lines = [f"As of {summary.as_of} (end of day, UTC)", ""]
    lines.append(f"  {'':<12}{'read':>12}{'rejected':>10}{'loaded':>12}{'days loaded':>14}{'skipped':>10}")
    for entity, load in summary.loaded.items():
        lines.append(
            f"  {entity:<12}{load.read:>12,}{load.rejected:>10,}{load.rows:>12,}{load.days:>14,}"
            f"{load.skipped_days:>10,}"
        )
    lines += _notable(summary)
    dbt, alerts = summary.dbt, summary.alerts
    lines += [
        "",
        f"  dbt         {dbt.passed} passed, {dbt.warned} warned, {dbt.failed} failed, {dbt.skipped} skipped",
        f"  alerts      {alerts.open:,} open ({alerts.opened:,} new), {alerts.at_risk:,} at risk, "
        f"{alerts.resolved:,} resolved",
    ]
    lines += [f"  held back   the data is {reason}" for reason in alerts.held_back]
    for message in alerts.messages:
        where = summary.message_paths.get(message.message_id, message.message_id)
        lines.append(f"  {message.channel:<11} to {', '.join(message.to)}: {where}")
    if not alerts.messages:
        lines.append("  e-mail      none sent (nothing new to say, or asked not to)")
    if summary.page:
        lines.append(f"  page        {summary.page}")
    timed = ", ".join(f"{step} {seconds:.1f}" for step, seconds in summary.seconds.items())
    lines += ["", f"  seconds     {timed}"]
    return "\n".join(lines)
