"""Open breaches as a large shop would have them, with ids and names no compression can foresee."""

from datetime import date, timedelta

import numpy as np
import polars as pl
from faker import Faker
from numpy.typing import NDArray

from flows.alert.digest import ALERTS, HISTORY, Answers, Digest

AS_OF = date(2026, 11, 21)
CARRIERS = ("NordPost", "Baltic Express", "Kurier 24", "Maison Colis", "Posti Nord")
COUNTRIES = ("FI", "SE", "DE", "FR", "GB", "PL")
TIERS = ("standard", "express", "economy")
_SHARES = (0.4, 0.25, 0.15, 0.1, 0.1)
_RULES = pl.DataFrame(
    [
        ("delivery_7d", "Not delivered within 7 days of the order", "warning", 1, "order-team", 7),
        (
            "promise_missed",
            "Not delivered by the day promised to the customer",
            "warning",
            1,
            "order-team",
            6,
        ),
        ("express_2d", "An express order not delivered within 2 days", "warning", 1, "order-team", 2),
        ("not_shipped_48h", "Not handed over to a carrier within 48 hours", "info", 2, "warehouse-team", 2),
        (
            "in_transit_14d",
            "With the carrier for more than 14 days: lost?",
            "critical",
            0,
            "carrier-team",
            14,
        ),
        ("stuck_in_pending", "Not shipped within 5 days: stuck", "critical", 0, "warehouse-team", 5),
    ],
    schema=["rule_id", "rule_description", "severity", "rank", "owner", "threshold"],
    orient="row",
)
_SECTIONS = (0.1, 0.01, 0.04, 0.85)
_LETTERS = np.array(list("ABCDEFGHJKLMNPQRSTUVWXYZ23456789"))
_NAMES = 5_000


def digest_of(count: int, ids: str, seed: int = 7) -> Digest:
    """So many open breaches, a tenth of them new. `ids` are `dated`, O-20261103-00012345, or `random`,
    ten letters and digits."""
    return Digest(
        digest_id=f"{AS_OF}/default/email",
        as_of=AS_OF,
        audience="default",
        alerts=_alerts(count, ids, seed),
        history=_history(count),
        answers=Answers(
            f"python -m flows.alert ack --digest {AS_OF}/default/email --by NAME",
            "python -m flows.alert snooze --order ORDER --rule RULE --until YYYY-MM-DD --by NAME",
        ),
    )


def population() -> pl.DataFrame:
    """A million orders on their way."""
    shares = pl.DataFrame({"carrier": CARRIERS, "share": _SHARES})
    places = pl.DataFrame({"country": COUNTRIES}).join(pl.DataFrame({"shipping_tier": TIERS}), how="cross")
    orders = (1_000_000 * pl.col("share") / places.height).cast(pl.Int64).alias("orders")
    return shares.join(places, how="cross").select("carrier", "country", "shipping_tier", orders)


def _alerts(count: int, ids: str, seed: int) -> pl.DataFrame:
    draw = np.random.default_rng(seed)
    rules = _RULES[draw.choice(_RULES.height, count, p=[0.4, 0.25, 0.1, 0.15, 0.05, 0.05])]
    over = np.minimum(draw.geometric(0.12, count), 60)
    sections = draw.choice(["new", "escalated", "reminded", ""], count, p=_SECTIONS)
    frame = rules.with_columns(
        section=pl.Series(sections).replace("", None),
        state=pl.Series(sections).replace({"": "open", "reminded": "open"}),
        customer_id=_numbered("C-", draw.integers(0, 2_000_000, count), 9),
        customer_name=_names(seed)[draw.integers(0, _NAMES, count)],
        product_id=_numbered("P-", draw.integers(0, 3_000, count), 6),
        product_name=_names(seed + 1)[draw.integers(0, 3_000, count)],
        carrier=pl.Series(draw.choice(CARRIERS, count, p=_SHARES)),
        country=pl.Series(draw.choice(COUNTRIES, count)),
        shipping_tier=pl.Series(draw.choice(TIERS, count, p=[0.7, 0.15, 0.15])),
        second=pl.Series(draw.integers(0, 86_400, count)),
        status=pl.lit("shipped"),
        days_over=pl.Series(over),
        days_elapsed=pl.col("threshold") + over,
        amount_at_stake=pl.Series(draw.integers(500, 90_000, count)).cast(pl.Decimal(38, 2)) / 100,
    ).with_columns(
        breaks_on=pl.lit(AS_OF) - pl.duration(days="days_over"),
        opened_on=pl.lit(AS_OF) - pl.duration(days="days_over"),
        order_date=pl.lit(AS_OF).cast(pl.Datetime("us")) - pl.duration(days="days_elapsed", seconds="second"),
    )
    frame = frame.with_columns(order_id=_order_ids(frame, ids, draw))
    missing = [pl.lit(None).alias(name) for name in ALERTS if name not in frame.columns]
    return (
        frame.with_columns(missing)
        .sort("rank", "days_over", "amount_at_stake", "order_id", descending=[False, True, True, False])
        .select(pl.col(name).cast(kind) for name, kind in ALERTS.items())
    )


def _order_ids(frame: pl.DataFrame, ids: str, draw: np.random.Generator) -> pl.Series:
    if ids == "random":
        letters = draw.choice(_LETTERS, (frame.height, 10))
        return pl.Series(np.ascontiguousarray(letters).view("U10").ravel())
    numbers = _numbered("-", draw.integers(0, 40_000, frame.height), 8)
    return frame.select(pl.format("O-{}{}", pl.col("order_date").dt.strftime("%Y%m%d"), numbers)).to_series()


def _numbered(prefix: str, numbers: NDArray[np.int64], digits: int) -> pl.Series:
    return prefix + pl.Series(numbers).cast(pl.String).str.zfill(digits)


def _names(seed: int) -> pl.Series:
    faker = Faker(["fi_FI", "sv_SE", "de_DE", "fr_FR", "en_GB"])
    faker.seed_instance(seed)
    return pl.Series([faker.name() for _ in range(_NAMES)])


def _history(count: int) -> pl.DataFrame:
    rows = [
        (AS_OF - timedelta(days=back), carrier, int(count * share * (1 - back / 60)))
        for back in range(28)
        for carrier, share in zip(CARRIERS, _SHARES, strict=True)
    ]
    return pl.DataFrame(rows, schema=HISTORY, orient="row")
