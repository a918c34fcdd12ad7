"""A `source.toml` that says what cannot be."""

from tests.unit.flows.ingest.corpus.cases import Unreadable
from tests.unit.flows.ingest.corpus.shop import ORDERS, delimited, orders

GOOD = delimited(orders({}))


def _toml(says: str, description: str) -> Unreadable:
    return Unreadable({"orders.csv": GOOD}, says, None, "source.toml", description)


DESCRIPTIONS: dict[str, Unreadable] = {
    "nothing": _toml(r"needs a table \[orders\] with path", ""),
    "no toml": _toml(r".*line 1", "orders = orders.csv"),
    "orders without a path": _toml(r"needs a table \[orders\] with path", "[orders]\n"),
    "an empty path": _toml(r"needs a table \[orders\] with path", '[orders]\npath = " "\n'),
    "an escape sequence in the path": _toml(
        r"orders\.path: .*control characters", '[orders]\npath = "\\u001b[31m.csv"\n'
    ),
    "an unknown format": _toml(r"orders\.format: .*csv.*parquet.*ndjson", f'{ORDERS}format = "excel"\n'),
    "an unknown table": _toml(
        r"unknown table or key order \(did you mean orders\?\)", f'{ORDERS}[order]\npath = "x"\n'
    ),
    "an unknown key": _toml(
        r"\[orders\] has unknown key encodng \(did you mean encoding\?\)", f'{ORDERS}encodng = "x"\n'
    ),
    "an unknown table with an escape sequence": _toml(
        r"unknown table or key ", f'{ORDERS}["\\u001b[31mx"]\n'
    ),
    "an unknown key with an escape sequence": _toml(
        r"\[orders\] has unknown key ", f'{ORDERS}"\\u001b[31mx" = 1\n'
    ),
    "a column that is none of ours": _toml(
        r"orders\.columns: .*'Nr' = 'orderid': .*did you mean order_id\?",
        f'{ORDERS}[orders.columns]\nNr = "orderid"\n',
    ),
    "a column with an escape sequence": _toml(
        r"orders\.columns: ", f'{ORDERS}[orders.columns]\n"\\u001b[31mNr" = "\\u001b[31morderid"\n'
    ),
    "two columns for one": _toml(
        r"orders\.columns: .*cannot both be order_id",
        f'{ORDERS}[orders.columns]\na = "order_id"\nb = "order_id"\n',
    ),
    "a status that is none of ours": _toml(
        r"orders\.statuses: .*'Weg' = 'sent'", f'{ORDERS}[orders.statuses]\nWeg = "sent"\n'
    ),
    "a status for customers": _toml(
        r"customers\.statuses: customers have no status",
        f'{ORDERS}[customers]\npath = "x"\nstatuses = {{}}\n',
    ),
    "an unknown zone": _toml(
        r"time_zone: .*did you mean Europe/Berlin\?.*'Berlin'", f'time_zone = "Berlin"\n{ORDERS}'
    ),
    "a format of no date": _toml(
        r"date_formats.*'%H:%M' does not tell a date", f'date_formats = ["%H:%M"]\n{ORDERS}'
    ),
    "two characters between fields": _toml(
        r"delimiter: should be one character", f'delimiter = ";;"\n{ORDERS}'
    ),
    "a share beyond everything": _toml(r"max_reject_rate: ", f"max_reject_rate = 5\n{ORDERS}"),
    "a share of orders alone": _toml(
        r"orders\.max_reject_rate: is for all entities together", f"{ORDERS}max_reject_rate = 0.1\n"
    ),
}

DESCRIPTIONS = {f"description: {name}": case for name, case in DESCRIPTIONS.items()}
