"""The routes of the local warehouse: fakesnow's, with the mended ones in place of the stock ones."""

import asyncio
import json
import re
import secrets
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from uvicorn.protocols.http.h11_impl import H11Protocol

from local.warehouse import sessions
from local.warehouse.fixes import errors, stages
from local.warehouse.fixes.long_statements import IN_PROGRESS_AFTER_SECONDS, Statements, token_of
from local.warehouse.statement_log import logged

DATABASE_NAME = re.compile(r'"?[A-Za-z_][A-Za-z0-9_$]*"?')


def build(stock: Any, patience: float = IN_PROGRESS_AFTER_SECONDS) -> tuple[Starlette, type[H11Protocol]]:
    """The application, and the HTTP protocol that tells it about lost connections.

    `stock` is the module `fakesnow.server`; `patience` the seconds before a statement is "in progress".
    """
    statements = Statements(
        logged(errors.never_500(stock.query_request)), stock.monitoring_query, stock.sessions, patience
    )
    connections = sessions.Connections(stock.sessions)

    def of_session(endpoint: Any) -> Any:
        async def seen(request: Request) -> Response:
            if request.client and token_of(request) in stock.sessions:
                connections.seen(token_of(request), (request.client.host, request.client.port))
            return await endpoint(request)

        return seen

    async def session(request: Request) -> Response:
        token = token_of(request)
        ending = stock.sessions.get(token) if request.query_params.get("delete") else None
        answer = await stock.session(request)
        if ending is not None:
            await statements.end_session(token)
            await asyncio.to_thread(sessions.end, ending)
        return answer

    routes = [
        Route("/health", health),
        Route("/session/v1/login-request", errors.never_500(login(stock)), methods=["POST"]),
        Route("/session", of_session(session), methods=["POST"]),
        Route("/session/heartbeat", of_session(session), methods=["POST"]),
        Route("/queries/v1/query-request", of_session(statements.query), methods=["POST"]),
        Route("/queries/v1/abort-request", of_session(statements.abort), methods=["POST"]),
        Route("/queries/{request_id}/result", of_session(statements.result), methods=["GET"]),
        Route("/fs_bucket/{path:path}", stages.upload, methods=["PUT"]),
        Route("/monitoring/queries/{sfqid}", of_session(statements.status), methods=["GET"]),
    ]
    return Starlette(routes=routes), _protocol_telling(connections)


async def health(_request: Request) -> JSONResponse:
    """Answer readiness checks; needs no session."""
    return JSONResponse({"service": "warehouse"})


def login(stock: Any) -> Any:
    """Log in so that the client can log out again.

    Without a master token in the answer, which stock leaves out, the connector never tells the server that a
    session ended. A database that does not exist yet is created, but only under a plain identifier: the name
    becomes the name of a file.
    """

    async def checked(request: Request) -> Response:
        database = request.query_params.get("databaseName")
        if database and not DATABASE_NAME.fullmatch(database):
            raise ValueError(f"{database!r} cannot name a database here: use letters, digits and _")
        answer = json.loads((await stock.login_request(request)).body)
        answer["data"]["masterToken"] = secrets.token_urlsafe(32)
        return JSONResponse(answer)

    return checked


def _protocol_telling(connections: sessions.Connections) -> type[H11Protocol]:
    class Protocol(H11Protocol):
        def connection_lost(self, exc: Exception | None) -> None:
            super().connection_lost(exc)
            if self.client:
                connections.lost(self.client)

    return Protocol
