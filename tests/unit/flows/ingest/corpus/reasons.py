"""Why rows are set aside, as the reports word it."""

MISSING = "is missing"
NEGATIVE = "is negative"
TWICE = "stands more than once"
NO_DATE = "is not a date (expected ISO 8601, like 2026-11-21 or 2026-11-21 14:30:00)"
OUT_OF_REACH = "lies before 1971 or more than a year after the day of the batch"
NO_DAY = "lies before 1971"
BEFORE_ORDER = "lies before order_date"
BEFORE_SHIPMENT = "lies before shipped_at"
NO_STATUS = "is not one of pending, shipped, delivered, cancelled, returned"
NO_DELIVERY_STATUS = "is not one of in_transit, delivered, failed"
NO_COUNT = "is not a whole number like 3"
LONG_COUNT = "has more than 10 digits"
NO_MONEY = "is not an amount of money like 19.90"
NO_MONEY_WITH_COMMA = "is not an amount of money like 19,90"
FINE_MONEY = "has more than 2 decimals"
LONG_MONEY = "has more than 10 digits before the decimals"
NO_WEIGHT = "is not a number like 1.250"
FINE_WEIGHT = "has more than 3 decimals"
LONG_WEIGHT = "has more than 6 digits before the decimals"
COMMA = " (numbers with a comma need decimal_comma = true)"


def no_date(*formats: str) -> str:
    return f"is not a date (expected {' or '.join(formats)})"


def skipped(zone: str) -> str:
    return f"is a time that does not exist in {zone}, where the clocks skipped it"
