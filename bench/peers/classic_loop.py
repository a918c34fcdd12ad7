"""The loop of many a tutorial: one order at a time from Faker and `random`, then pandas to a CSV file.

A script: prints how long 80,000 orders take, by the slope between two sizes so that no start-up
counts. With the argument `unweighted`, Faker draws every name alike instead of as often as people
bear it, which is several times as fast.
"""

import json
import random
import sys
import tempfile
from datetime import datetime, timedelta
from pathlib import Path
from time import monotonic

import pandas
from faker import Faker

FEW, MANY = 20_000, 100_000
PRODUCTS = ("Laptop", "Headphones", "Keyboard", "Coffee Mug", "Backpack", "Desk Lamp", "Notebook", "Monitor")
STATUSES = ("pending", "shipped", "delivered", "cancelled", "returned")
FIRST_MOMENT = datetime(2026, 10, 1)
MINUTES = 52 * 24 * 60


def order(number: int, fake: Faker) -> dict[str, object]:
    """One order with its customer and product in the same row."""
    placed = FIRST_MOMENT + timedelta(minutes=random.randrange(MINUTES))
    status = random.choice(STATUSES)
    delivered = placed + timedelta(hours=random.randint(24, 240)) if status == "delivered" else None
    return {
        "order_id": number,
        "customer_id": random.randint(1, 10_000),
        "customer_name": fake.name(),
        "customer_email": fake.email(),
        "city": fake.city(),
        "product": random.choice(PRODUCTS),
        "quantity": random.randint(1, 5),
        "unit_price": round(random.uniform(5, 500), 2),
        "order_date": placed,
        "status": status,
        "delivery_date": delivered,
    }


def seconds(orders: int, target: Path, weighted: bool) -> float:
    """How long `orders` rows take into a CSV file."""
    started = monotonic()
    fake = Faker(use_weighting=weighted)
    pandas.DataFrame([order(number, fake) for number in range(orders)]).to_csv(target, index=False)
    return monotonic() - started


def main(weighted: bool) -> None:
    """Print one JSON object."""
    Faker.seed(7)
    random.seed(7)
    with tempfile.TemporaryDirectory(prefix="order-bench-") as directory:
        target = Path(directory) / "orders.csv"
        few, many = (seconds(orders, target, weighted) for orders in (FEW, MANY))
    print(json.dumps({"orders": MANY - FEW, "seconds": many - few}))


if __name__ == "__main__":
    main(weighted="unweighted" not in sys.argv[1:])
