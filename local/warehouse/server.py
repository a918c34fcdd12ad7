"""Assemble the local warehouse and run it until it is told to stop."""

import contextlib
import importlib
import logging
import socket
import sys
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import uvicorn

from local import service
from local.warehouse import versions

NOT_NEEDED = ("pandas", "boto3", "botocore")  # imported by the connector where they are installed
INTERRUPT_SECONDS = 5.0
KEEP_ALIVE_SECONDS = 24 * 3600  # clients hold their connection for as long as their session


class Server(uvicorn.Server):
    """Uvicorn that leaves signals to the service and says when it is ready."""

    claim: service.Claim

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop on SIGTERM and SIGINT, with exit status 0."""
        service.stop_on_signals(self._stop)
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Publish the address once requests are answered."""
        await super().startup(sockets)
        assert sockets
        endpoint = self.claim.publish(sockets[0].getsockname()[1])
        service.announce("warehouse", f"http://{endpoint}", self.claim.directory)

    def _stop(self) -> None:
        self.claim.withdraw()
        self.should_exit = True


def serve(claim: service.Claim, listener: socket.socket, *, verbose: bool, patience: float) -> None:
    """Serve the databases below the claimed directory on the listening socket until told to stop.

    A statement that takes longer than `patience` seconds is answered "in progress" first.
    """
    versions.check()
    _log(verbose)
    stock = _fakesnow_on(claim.directory.resolve())
    from local.warehouse import app

    application, protocol = app.build(stock, patience)
    config = uvicorn.Config(
        application,
        http=protocol,
        log_config=None,
        access_log=False,
        lifespan="off",
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=3,
    )
    server = Server(config)
    server.claim = claim
    try:
        server.run(sockets=[listener])
    finally:
        for connection in list(stock.sessions.values()):
            _end_interrupted(connection)
        stock.shared_fs.duck_conn.close()  # checkpoints every database


def _end_interrupted(connection: Any) -> None:
    """End a session whose statement may still run; an interrupted statement lets go a moment later."""
    from local.warehouse import sessions

    deadline = time.monotonic() + INTERRUPT_SECONDS
    while True:
        connection._duck_conn.interrupt()
        try:
            return sessions.end(connection)
        except duckdb.Error:
            if time.monotonic() > deadline:
                return None  # the process ends, and with it the session: what was not committed is not there
        time.sleep(0.02)


def _fakesnow_on(directory: Path) -> Any:
    """The mended `fakesnow.server`, keeping its state below the directory."""
    # the connector warns about library versions it has not heard of, which are not the user's concern
    warnings.filterwarnings("ignore", message=".*doesn't match a supported version")
    warnings.filterwarnings("ignore", message="Arrow output on a DB-API result")
    with _pretend_missing(*NOT_NEEDED):
        stock: Any = importlib.import_module("fakesnow.server")  # not the function `fakesnow.server`
    from fakesnow.instance import FakeSnow
    from fakesnow.transforms import stage

    from local.warehouse import databases, fixes, temporaries
    from local.warehouse.fixes import errors, stages
    from local.warehouse.fixes.results import RecentResults

    errors.keep_out_of_the_log(stock.logger)
    fixes.apply_all()
    stage.LOCAL_BUCKET_PATH = str(directory / "stages")
    Path(stage.LOCAL_BUCKET_PATH).mkdir(exist_ok=True)
    stock.shared_fs.duck_conn.close()
    stock.shared_fs = FakeSnow(db_path=directory)
    stock.shared_fs.results_cache = RecentResults()
    databases.configure(stock.shared_fs.duck_conn, directory)
    databases.attach_all(stock.shared_fs.duck_conn, directory)
    stages.recover(stock.shared_fs.duck_conn)
    temporaries.drop(stock.shared_fs.duck_conn)  # of sessions of a killed server
    return stock


@contextlib.contextmanager
def _pretend_missing(*modules: str) -> Iterator[None]:
    """Keep optional modules from being imported meanwhile: they cost half of the start-up time."""
    hidden = [name for name in modules if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]


def _log(verbose: bool) -> None:
    logging.basicConfig(format="%(message)s", level=logging.WARNING)
    logging.getLogger("sqlglot").setLevel(logging.ERROR)
    logging.getLogger("local.warehouse").setLevel(logging.INFO if verbose else logging.WARNING)
