"""The database of each environment, where `SNOWFLAKE_DATABASE` names no other; as in `dbt/profiles.yml`."""

DATABASES = {"prod": "ECOMMERCE_DB", "staging": "ECOMMERCE_STAGING", "dev": "ECOMMERCE_DEV"}


def is_same(database: str, other: str) -> bool:
    """Whether two names may mean one database; small letters in quotes are not told from capitals."""
    return _plain(database) == _plain(other)


def default_of(database: str) -> str | None:
    """The environment whose default database this is, if any's."""
    return next((environment for environment, name in DATABASES.items() if is_same(name, database)), None)


def _plain(name: str) -> str:
    return name.strip().strip('"').casefold()
