"""A shop's landing zone as days that come and are replaced, at random: what an increment must survive."""

import random
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

FIRST = date(2024, 2, 20)
ENTITIES = ("customers", "products", "orders", "deliveries")
COUNTRIES = ("FR", "DE", "IT")
CARRIERS = ("Fast", "Slow", None)

Row = dict[str, Any]
Partition = tuple[str, date]


@dataclass
class ShopDays:
    """Rows by (entity, day). Each change says which partitions have other content now."""

    seed: int
    partitions: dict[Partition, list[Row]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)
        self._orders: dict[str, Row] = {}
        self._deliveries: dict[str, Row] = {}

    def day(self, day: date) -> set[Partition]:
        """One more day: new orders and customers, changes of old ones."""
        rng = self._random
        rows: dict[str, list[Row]] = {entity: [] for entity in ENTITIES}
        for number in rng.sample(range(12), 3):
            rows["customers"].append(self._customer(f"C-{number}"))
        for number in rng.sample(range(4), 1):
            rows["products"].append(self._product(f"P-{number}"))
        for number in range(rng.randint(2, 5)):
            order = self._new_order(f"O-{day:%m%d}-{number}", day)
            self._orders[order["order_id"]] = order
            rows["orders"].append(dict(order))
        for order in rng.sample(list(self._orders.values()), min(6, len(self._orders))):
            rows["orders"] += self._next_state(order, day)
            rows["deliveries"] += self._attempt(order, day)
        changed = set()
        for entity, found in rows.items():
            if found:
                self.partitions[entity, day] = _one_version_a_key(entity, found)
                changed.add((entity, day))
        return changed

    def replaced_day(self, day: date) -> set[Partition]:
        """Some partitions of a day that is there get other content: rows gone, changed or moved."""
        rng = self._random
        changed = set()
        for entity in ENTITIES:
            rows = self.partitions.get((entity, day))
            if rows is None or rng.random() < 0.3:
                continue
            kept = [row for row in rows if rng.random() < 0.7]
            self.partitions[entity, day] = [self._altered(entity, row, day) for row in kept]
            changed.add((entity, day))
        return changed

    def _altered(self, entity: str, row: Row, day: date) -> Row:
        rng = self._random
        if entity == "customers":
            return row | {"country": rng.choice(COUNTRIES)}
        if entity == "products":
            return row | {"name": rng.choice(["Lamp", "Chair"])}
        if entity == "deliveries":
            return row | {"order_id": rng.choice(list(self._orders)), "carrier": rng.choice(CARRIERS)}
        moved = row["order_date"] - timedelta(days=rng.choice([0, 0, 1, 9]))
        return row | {
            "order_date": moved,
            "status": rng.choice(["shipped", "cancelled", "pending"]),
            "delivery_date": None,
        }

    def _customer(self, customer_id: str) -> Row:
        rng = self._random
        return {
            "customer_id": customer_id,
            "name": f"{customer_id} {rng.randrange(3)}",
            "country": rng.choice(COUNTRIES),
            "segment": rng.choice(["consumer", "business"]),
        }

    def _product(self, product_id: str) -> Row:
        return {"product_id": product_id, "name": self._random.choice(["Lamp", "Chair", "Desk"])}

    def _new_order(self, order_id: str, day: date) -> Row:
        rng = self._random
        placed = datetime.combine(day + timedelta(days=rng.choice([0, 0, 0, 0, 2])), _any_time(rng))
        return {
            "order_id": order_id,
            "customer_id": f"C-{rng.randrange(12)}",
            "product_id": f"P-{rng.randrange(4)}",
            "order_date": placed,
            "status": "pending",
            "delivery_date": None,
            "quantity": rng.randint(1, 4),
            "unit_price": Decimal(rng.randint(1, 9_999)) / 100,
            "shipping_tier": rng.choice(["standard", "express", None]),
            "promised_date": rng.choice([None, day + timedelta(days=5)]),
            "updated_at": placed if rng.random() < 0.5 else None,
        }

    def _next_state(self, order: Row, day: date) -> list[Row]:
        rng = self._random
        status = rng.choice(
            ["shipped", "shipped", "delivered", "delivered", "cancelled", "returned", "pending"]
        )
        # some shops know today when it will arrive
        arrives = datetime.combine(day + timedelta(days=rng.choice([0, 0, 0, 1, 3])), _any_time(rng))
        order["status"] = status
        order["delivery_date"] = arrives if status == "delivered" else None
        if order["updated_at"]:
            order["updated_at"] = datetime.combine(day, _any_time(rng))
        if rng.random() < 0.1:
            order["order_date"] -= timedelta(days=rng.choice([1, 8]))
        return [dict(order)]

    def _attempt(self, order: Row, day: date) -> list[Row]:
        rng = self._random
        if rng.random() < 0.4:
            return []
        number = rng.randrange(3)
        # an identity that wanders to another order now and then
        wanders = rng.random() < 0.1 and bool(self._deliveries)
        delivery_id = rng.choice(list(self._deliveries)) if wanders else f"{order['order_id']}-{number}"
        left = datetime.combine(day + timedelta(days=rng.choice([0, 0, 0, 2])), _any_time(rng))
        row = {
            "delivery_id": delivery_id,
            "order_id": order["order_id"],
            "carrier": rng.choice(CARRIERS),
            "region": rng.choice(["North", "South"]),
            "status": "in_transit",
            "shipped_at": rng.choice([left, left, None]),
            "promised_at": left + timedelta(days=3),
            "delivered_at": None,
        }
        self._deliveries[delivery_id] = row
        return [row]


def _any_time(rng: random.Random) -> time:
    return rng.choice([time(0, 0), time(23, 59, 59), time(rng.randrange(24), rng.randrange(60))])


def _one_version_a_key(entity: str, rows: list[Row]) -> list[Row]:
    """A day holds one version of a key: the last one."""
    key = f"{entity.removesuffix('s')}_id" if entity != "deliveries" else "delivery_id"
    return list({row[key]: row for row in rows}.values())
