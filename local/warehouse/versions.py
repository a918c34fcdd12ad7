"""The versions the fixes were written for."""

from importlib.metadata import version

from local.service import ServiceError

WRITTEN_FOR = {
    "fakesnow": "0.12.1",
    "duckdb": "2.0.0",
    "sqlglot": "30.22.0",
    "snowflake-connector-python": "4.8.0",
}


def check(written_for: dict[str, str] = WRITTEN_FOR) -> None:
    """Refuse to start on versions the fixes were not written for: they replace parts of these packages."""
    found = {name: version(name) for name in written_for}
    wrong = [
        f"{name} {found[name]} instead of {wanted}"
        for name, wanted in written_for.items()
        if found[name] != wanted
    ]
    if wrong:
        raise ServiceError(
            f"the local warehouse was written for exactly these versions, but finds {', '.join(wrong)}; "
            "install the locked ones with `pip install -r requirements.txt`"
        )
