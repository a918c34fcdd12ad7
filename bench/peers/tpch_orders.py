"""`tpchgen-cli`, TPC-H in compiled code: its `orders` table to one Parquet file."""

import tempfile
from pathlib import Path

import polars as pl

from bench.peers.environment import executable
from bench.peers.written import Written
from bench.processes import timed

REQUIREMENT = "tpchgen-cli==4.0.0"
# 1.5 million orders a unit
SCALE_FACTOR = 7


def generate() -> Written:
    """One run of the whole command, on as many threads as it takes by itself."""
    command = executable(REQUIREMENT, "tpchgen-cli")
    with tempfile.TemporaryDirectory(prefix="order-bench-") as directory:
        options = ["--tables=orders", f"--scale-factor={SCALE_FACTOR}", "--compression=ZSTD(1)", "--quiet"]
        seconds, _ = timed([str(command), "parquet", *options, f"--output-dir={directory}"], Path(directory))
        orders = pl.scan_parquet(Path(directory) / "orders.parquet").select(pl.len()).collect().item()
    return Written(orders, orders, seconds)
