"""Assemble the local warehouse and run it until it is told to stop."""

import contextlib
import importlib
import logging
import socket
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

# the connector warns about library versions it has not heard of, which are not the user's concern
warnings.filterwarnings("ignore", message=".*doesn't match a supported version")

import uvicorn  # noqa: E402
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from local import service
from local.warehouse import databases, fixes, versions

fakesnow_server: Any = importlib.import_module("fakesnow.server")  # `fakesnow.server` itself is a function


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
        self.should_exit = True


async def health(_request: Request) -> JSONResponse:
    """Answer readiness checks; needs no session."""
    return JSONResponse({"service": "warehouse"})


def serve(claim: service.Claim, listener: socket.socket, *, verbose: bool) -> None:
    """Serve the databases below the claimed directory on the listening socket until told to stop."""
    versions.check()
    _log(verbose)
    fixes.apply_all()
    _keep_state_in(claim.directory)
    app = Starlette(routes=[Route("/health", health), *fakesnow_server.routes])
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        timeout_keep_alive=600,
        timeout_graceful_shutdown=3,
        lifespan="off",
    )
    server = Server(config)
    server.claim = claim
    try:
        server.run(sockets=[listener])
    finally:
        databases.close(fakesnow_server.shared_fs.duck_conn)


def _keep_state_in(directory: Path) -> None:
    from fakesnow.instance import FakeSnow
    from fakesnow.transforms import stage

    stages = (directory / "stages").resolve()
    stages.mkdir(exist_ok=True)
    stage.LOCAL_BUCKET_PATH = str(stages)
    fakesnow_server.shared_fs = FakeSnow(db_path=directory.resolve())
    databases.attach_all(fakesnow_server.shared_fs.duck_conn, directory.resolve())


def _log(verbose: bool) -> None:
    logging.basicConfig(format="%(message)s", level=logging.INFO if verbose else logging.WARNING)
    logging.getLogger("sqlglot").setLevel(logging.ERROR)
    fakesnow_server.logger.setLevel(logging.CRITICAL)  # it would log statements with their literals
