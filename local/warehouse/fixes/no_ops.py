"""Statements that mean nothing on one machine with one user: accepted, and nothing happens."""

import re
from typing import Any

from fakesnow import cursor, transforms

# https://docs.snowflake.com/en/sql-reference/sql/alter-session and the commands on roles, users, warehouses
SESSION_PARAMETER = re.compile(
    r"alter\s+session\s+(un)?set\s+(?!.*\bautocommit\b)", re.IGNORECASE | re.DOTALL
)
ACCESS_CONTROL = re.compile(
    r"""(grant|revoke)\s
      | use\s+(role|warehouse|secondary\s+roles)\b
      | (create|alter|drop)\s+(or\s+replace\s+)?(role|warehouse|user|resource\s+monitor)\b
    """,
    re.IGNORECASE | re.VERBOSE,
)
LEADING_COMMENTS = re.compile(r"(\s+|--[^\n]*(\n|$)|/\*.*?\*/)*", re.DOTALL)


def apply() -> None:
    """Accept the statements stock answers with "not implemented" or an error."""
    stock_parse = cursor.parse_one

    def parse_one(command: str) -> Any:
        return transforms.SUCCESS_NOP.copy() if is_no_op(command) else stock_parse(command)

    cursor.parse_one = parse_one


def is_no_op(command: str) -> bool:
    """Whether the statement only concerns sessions, roles, users or warehouses."""
    comments = LEADING_COMMENTS.match(command)
    statement = command[comments.end() :] if comments else command
    return bool(SESSION_PARAMETER.match(statement) or ACCESS_CONTROL.match(statement))
