"""Where things live on disk. Everything the pipeline writes is below `data_dir()`."""

import os
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
DBT_PROJECT = REPOSITORY / "dbt"
SAMPLE_SOURCE = REPOSITORY / "data" / "sample" / "source.toml"


def data_dir() -> Path:
    """Root of all local state: `ORDERS_DATA_DIR`, else `data/local` in the repository."""
    configured = os.environ.get("ORDERS_DATA_DIR", "").strip()
    return Path(configured).expanduser().resolve() if configured else REPOSITORY / "data" / "local"


def warehouse_dir() -> Path:
    """Databases and stages of the local warehouse."""
    return data_dir() / "warehouse"


def outbox_dir() -> Path:
    """Messages the local mailbox received, one `.eml` file each."""
    return data_dir() / "outbox"


def staging_dir() -> Path:
    """Parquet files on their way to the warehouse's stage, one directory a batch."""
    return data_dir() / "stage"


def rejects_dir() -> Path:
    """Rows that were set aside, one Parquet file an entity below one directory an as-of day."""
    return data_dir() / "rejects"


def reports_dir() -> Path:
    """One HTML page per as-of day."""
    return data_dir() / "reports"


def preview_dir() -> Path:
    """Digests that were written to be looked at, below a directory an as-of day."""
    return data_dir() / "preview"


def dbt_target_dir(environment: str = "prod") -> Path:
    """What dbt compiled, and its run results. Other environments than production have their own."""
    return data_dir() / "dbt" / ("target" if environment == "prod" else f"target-{environment}")


def dbt_log_dir() -> Path:
    """dbt's own log files."""
    return data_dir() / "dbt" / "logs"


def prefect_home() -> Path:
    """Home of the isolated Prefect that runs where the user configured none."""
    return data_dir() / "prefect"
