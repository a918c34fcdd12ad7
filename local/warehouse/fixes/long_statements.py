"""Statements that outlast the client's patience, repeats of a request, and cancelling."""

import asyncio
import json
import uuid
from dataclasses import dataclass, field
from typing import Any

from fakesnow.conn import FakeSnowflakeConnection
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from local.warehouse.fixes import errors, transactions

IN_PROGRESS = "333334"
IN_PROGRESS_AFTER_SECONDS = 45.0


@dataclass
class Running:
    """One request of one session, and its answer once there is one."""

    answer: asyncio.Task[Response]
    connection: FakeSnowflakeConnection | None
    answered: bool = False


@dataclass
class Statements:
    """Runs each request once, however often it is sent, and answers "in progress" before a client gives up.

    Stock answers when the statement is done. The connector stops reading after 60 s and sends the same
    `requestId` again, so the statement ran twice at the same time. Snowflake answers 333334 with a
    `getResultUrl` after 45 s and the connector polls that URL (`snowflake.connector.network._post_request`).
    """

    endpoint: Any
    stock_status: Any
    sessions: dict[str, FakeSnowflakeConnection]
    patience: float = IN_PROGRESS_AFTER_SECONDS
    _running: dict[str, dict[str, Running]] = field(default_factory=dict)
    _turns: dict[str, asyncio.Lock] = field(default_factory=dict)

    async def query(self, request: Request) -> Response:
        """POST /queries/v1/query-request"""
        token, request_id = token_of(request), request.query_params.get("requestId") or str(uuid.uuid4())
        requests = self._running.setdefault(token, {})
        if request_id not in requests:
            await request.body()  # kept by the request: the task may outlive this answer
            self._forget_answered(requests)
            task = asyncio.create_task(self._in_turn(token, request))
            requests[request_id] = Running(task, self.sessions.get(token))
        return await self._answer(requests[request_id], request_id)

    async def result(self, request: Request) -> Response:
        """GET /queries/{request_id}/result"""
        requests, request_id = self._running.get(token_of(request), {}), request.path_params["request_id"]
        if request_id not in requests:
            message = f"no statement {request_id} in this session"
            return JSONResponse({"data": None, "code": "000709", "message": message, "success": False})
        return await self._answer(requests[request_id], request_id)

    async def status(self, request: Request) -> Response:
        """GET /monitoring/queries/{sfqid}: what an asynchronous client asks until its statement is done."""
        running = self._running.get(token_of(request), {}).get(request.path_params["sfqid"])
        if running is None:
            return self.stock_status(request)
        query = {"status": "RUNNING"}
        if running.answer.done():
            body = json.loads(running.answer.result().body)
            query = {"status": "SUCCESS"} if body["success"] else _failed(body)
        return JSONResponse({"data": {"queries": [query]}, "success": True})

    async def abort(self, request: Request) -> Response:
        """POST /queries/v1/abort-request: interrupt the statement the request names."""
        running = self._running.get(token_of(request), {}).get((await body_of(request)).get("requestId", ""))
        if running and running.connection and not running.answer.done():
            running.connection._duck_conn.interrupt()
        return JSONResponse({"data": None, "success": True})

    async def end_session(self, token: str) -> None:
        """Interrupt what the session still runs, and let go of its answers."""
        running = [one for one in self._running.pop(token, {}).values() if not one.answer.done()]
        for one in running:
            if one.connection:
                one.connection._duck_conn.interrupt()
        if running:
            await asyncio.wait([one.answer for one in running])
        self._turns.pop(token, None)

    async def _in_turn(self, token: str, request: Request) -> Response:
        """A DuckDB connection does one thing at a time, a client may send more than one."""
        async with self._turns.setdefault(
            token, asyncio.Lock()
        ):  # a DuckDB connection does one thing at a time
            response = await self.endpoint(request)
        if token in self.sessions and errors.failed(response):
            # also what failed before it reached a cursor, such as a syntax error
            transactions.mark_failed(self.sessions[token], json.loads(response.body)["message"])
        return response

    async def _answer(self, running: Running, request_id: str) -> Response:
        await asyncio.wait({running.answer}, timeout=self.patience)
        if running.answer.done():
            running.answered = True
            return running.answer.result()
        running.answer.add_done_callback(lambda task: self._name_result(running, request_id, task.result()))
        return JSONResponse(
            {
                "data": {"queryId": request_id, "getResultUrl": f"/queries/{request_id}/result"},
                "code": IN_PROGRESS,
                "message": "Query execution in progress.",
                "success": True,
            }
        )

    @staticmethod
    def _forget_answered(requests: dict[str, Running]) -> None:
        """The next request of a session says that the previous answers arrived."""
        for request_id in [key for key, running in requests.items() if running.answered]:
            del requests[request_id]

    @staticmethod
    def _name_result(running: Running, request_id: str, response: Response) -> None:
        """Let RESULT_SCAN find the result under the id that "in progress" announced."""
        query_id = (json.loads(response.body).get("data") or {}).get("queryId")
        if running.connection and query_id in running.connection.results_cache:
            cache = running.connection.results_cache
            cache[request_id] = cache[query_id]


def _failed(body: dict[str, Any]) -> dict[str, Any]:
    return {"status": "FAILED_WITH_ERROR", "errorCode": body["code"], "errorMessage": body["message"]}


def token_of(request: Request) -> str:
    """The session token of `Authorization: Snowflake Token="…"`, empty without one."""
    return request.headers.get("Authorization", "")[17:-1]


async def body_of(request: Request) -> dict[str, Any]:
    """The request's JSON, which the connector compresses."""
    body = await request.body()
    if request.headers.get("Content-Encoding") == "gzip":
        import gzip

        body = gzip.decompress(body)
    return json.loads(body or b"{}")
