"""The short messages without a list of alerts: all is clear, or the data cannot be judged by."""

from collections.abc import Sequence
from datetime import date

from flows.alert.digest import Notice
from flows.alert.wording import short_day


def all_clear(day: date, audience: str, at_risk: int) -> Notice:
    """Nothing is broken; `at_risk` orders are about to be, of which people know."""
    known = f" {at_risk:,} at risk, as told before." if at_risk else ""
    return Notice(
        digest_id="",
        as_of=day,
        audience=audience,
        subject=f"[SLA] All clear, {short_day(day)}",
        title="All clear",
        paragraphs=(f"No promise is broken at the end of {day} (UTC).{known}",),
    )


def held_back(day: date, audience: str, reasons: Sequence[str]) -> Notice:
    """There is no digest, for these reasons, each of which begins with its kind and a colon."""
    kinds = " and ".join(sorted({reason.partition(":")[0] for reason in reasons}))
    return Notice(
        digest_id="",
        as_of=day,
        audience=audience,
        subject=f"[SLA] The data is {kinds}: digest held back, {short_day(day)} {day.year}",
        title="The data cannot be judged by",
        paragraphs=(
            f"No SLA digest was sent for {day} (UTC), because of what follows. No alert was opened or "
            "resolved.",
            "Once the data is right, run the pipeline for this day again: the digest is sent then. How this "
            "is decided is described at the model data_health.",
        ),
        reasons=tuple(reasons),
    )
