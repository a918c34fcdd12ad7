"""The entities, their tables and columns: one place for names that Python and SQL share."""

import polars as pl

ENTITIES = ("customers", "products", "orders", "deliveries")
STATUSES = ("pending", "shipped", "delivered", "cancelled", "returned")
DELIVERY_STATUSES = ("in_transit", "delivered", "failed")

LANDING_STAGE = "raw.landing"
REJECTS_TABLE = "raw.rejected_rows"

_TIMESTAMP = pl.Datetime("us")
_MONEY = pl.Decimal(12, 2)

# Columns of the Parquet files, in the order of the raw tables and without the batch's own two.
SCHEMAS: dict[str, pl.Schema] = {
    "customers": pl.Schema(
        {
            "customer_id": pl.String(),
            "name": pl.String(),
            "email": pl.String(),
            "city": pl.String(),
            "country": pl.String(),
            "segment": pl.String(),
            "created_at": _TIMESTAMP,
        }
    ),
    "products": pl.Schema(
        {
            "product_id": pl.String(),
            "name": pl.String(),
            "category": pl.String(),
            "unit_price": _MONEY,
            "weight_kg": pl.Decimal(9, 3),
        }
    ),
    "orders": pl.Schema(
        {
            "order_id": pl.String(),
            "customer_id": pl.String(),
            "product_id": pl.String(),
            "order_date": _TIMESTAMP,
            "status": pl.String(),
            "delivery_date": _TIMESTAMP,
            "quantity": pl.Int64(),
            "unit_price": _MONEY,
            "shipping_tier": pl.String(),
            "promised_date": pl.Date(),
            "updated_at": _TIMESTAMP,
        }
    ),
    "deliveries": pl.Schema(
        {
            "delivery_id": pl.String(),
            "order_id": pl.String(),
            "carrier": pl.String(),
            "region": pl.String(),
            "status": pl.String(),
            "shipped_at": _TIMESTAMP,
            "promised_at": _TIMESTAMP,
            "delivered_at": _TIMESTAMP,
        }
    ),
}

REQUIRED_ORDER_COLUMNS = ("order_id", "customer_id", "product_id", "order_date", "status", "delivery_date")


def raw_table(entity: str) -> str:
    """Qualified name of an entity's landing table."""
    if entity not in ENTITIES:
        raise ValueError(f"unknown entity {entity!r}; known: {', '.join(ENTITIES)}")
    return f"raw.{entity}"
