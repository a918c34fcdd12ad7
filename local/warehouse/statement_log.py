"""What `--verbose` shows: each statement and how long it took, without anything that could be a secret."""

import logging
import re
import time
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from local.warehouse.fixes.long_statements import body_of

logger = logging.getLogger("local.warehouse")

LITERAL = re.compile(r"'(?:[^'\\]|''|\\.)*'|\$\$.*?\$\$", re.DOTALL)
LONGEST = 300


def without_secrets(sql: str) -> str:
    """The statement on one line, its literals blanked: passwords, tokens and addresses are literals."""
    return " ".join(LITERAL.sub("'…'", sql).split())[:LONGEST]


def logged(endpoint: Any) -> Any:
    """Wrap the query route so that each statement is logged when it was answered."""

    async def query(request: Request) -> Response:
        started = time.monotonic()
        response = await endpoint(request)
        if logger.isEnabledFor(logging.INFO):
            sql = without_secrets((await body_of(request)).get("sqlText", ""))
            logger.info("%.3f s  %s", time.monotonic() - started, sql)
        return response

    return query
