"""Random orders, and the verdict on them computed a second time, in plain Python and from the raw rows."""

import random
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal

SLA_DAYS = 7
WARNING_DAYS = 2
ENDED = ("delivered", "cancelled", "returned")


def random_versions(seed: int, orders: int, last_day: date) -> list[dict]:
    """Raw order rows: one to three versions an order, some later than `last_day`, in shuffled order."""
    rng = random.Random(seed)
    rows = [row for number in range(orders) for row in _life(rng, f"A-{number}", last_day)]
    rng.shuffle(rows)
    return rows


def _life(rng: random.Random, order_id: str, last_day: date) -> list[dict]:
    clock_time = rng.choice([time(0, 0), time(23, 59, 59), time(rng.randrange(24), rng.randrange(60))])
    placed = datetime.combine(last_day - timedelta(days=rng.randint(-3, 25)), clock_time)
    base = {
        "order_id": order_id,
        "customer_id": f"C{rng.randrange(40)}",
        "product_id": f"P{rng.randrange(10)}",
        "order_date": placed,
        "quantity": rng.randint(1, 5),
        "unit_price": Decimal(rng.randint(1, 99_999)) / 100,
        "shipping_tier": rng.choice(["standard", "express", None]),
    }
    shipped = placed + timedelta(hours=rng.randint(1, 60))
    ended = shipped + timedelta(days=rng.randint(0, 12), seconds=rng.randrange(86_400))
    status = rng.choice(["delivered"] * 6 + ["cancelled", "returned"])
    arrives = status == "delivered" or (status == "returned" and rng.random() < 0.5)
    steps = [
        ("pending", placed, None),
        ("shipped", shipped, None),
        (status, ended, ended if arrives else None),
    ]
    tracks_updates = rng.random() < 0.8
    return [
        base
        | {
            "status": status_then,
            "delivery_date": delivered,
            "updated_at": changed if tracks_updates else None,
            "_batch_day": changed.date() if rng.random() < 0.9 else changed.date() - timedelta(days=1),
        }
        for status_then, changed, delivered in steps[: rng.choice([1, 2, 3, 3, 3])]
    ]


@dataclass(frozen=True)
class Verdict:
    """What is known of one order at the end of a day."""

    customer_id: str
    product_id: str
    order_date: datetime
    delivery_date: datetime | None
    flag: int
    is_open: bool
    days: int
    total: Decimal


def judge(versions: list[dict], as_of: date) -> dict[str, Verdict]:
    """The verdict per order id, from every raw version."""
    newest: dict[str, dict] = {}
    for row in versions:
        if row["_batch_day"] > as_of or row["order_date"].date() > as_of:
            continue
        best = newest.get(row["order_id"])
        if best is None or _recency(row) > _recency(best):
            newest[row["order_id"]] = row
    return {order_id: _verdict(row, as_of) for order_id, row in newest.items()}


def _recency(row: dict) -> tuple:
    return (
        row["updated_at"] or datetime.min,
        row["_batch_day"],
        row["delivery_date"] or datetime.min,
        row["status"],
    )


def _verdict(row: dict, as_of: date) -> Verdict:
    delivered = row["delivery_date"]
    if delivered is not None and delivered.date() > as_of:
        delivered, is_open = None, True
    else:
        is_open = delivered is None and row["status"] not in ENDED
    stopped = delivered.date() if delivered else as_of
    days = (stopped - row["order_date"].date()).days
    return Verdict(
        customer_id=row["customer_id"],
        product_id=row["product_id"],
        order_date=row["order_date"],
        delivery_date=delivered,
        flag=int(days > SLA_DAYS and (is_open or delivered is not None)),
        is_open=is_open,
        days=days,
        total=row["quantity"] * row["unit_price"],
    )
