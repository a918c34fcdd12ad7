"""A received message becomes a file: complete, or not there at all."""

import errno
import itertools
import os
import re
from datetime import UTC, datetime
from email.parser import BytesHeaderParser
from pathlib import Path

DISK_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
NOT_IN_A_NAME = re.compile(r"[^A-Za-z0-9@._+=-]+")
LONGEST_ID = 120

_unnamed = itertools.count(1)


class OutboxFullError(Exception):
    """There is no room for the message; it may be sent again later."""


def deliver(message: bytes, outbox: Path) -> Path:
    """Write the message to `<UTC timestamp>-<Message-ID>.eml`, byte for byte, and return the path.

    The file is on the disk, under its final name, when this returns. Raises `OutboxFullError` when it does
    not fit, `OSError` when the outbox cannot be written.
    """
    outbox.mkdir(parents=True, exist_ok=True)
    target = _unused(outbox, f"{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}-{message_name(message)}")
    partial = target.with_name(f".{target.name}.partial")
    try:
        with partial.open("xb") as file:
            file.write(message)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(target)
        _sync_directory(outbox)
    except OSError as error:
        partial.unlink(missing_ok=True)
        if error.errno in DISK_FULL:
            raise OutboxFullError(str(error)) from None
        raise
    return target


def message_name(message: bytes) -> str:
    """The Message-ID reduced to characters that are safe in a file name, or a counter without one."""
    headers = BytesHeaderParser().parsebytes(message)
    identity = NOT_IN_A_NAME.sub("_", str(headers.get("Message-ID", "")).strip().strip("<>"))
    return identity.strip("._")[:LONGEST_ID] or f"{next(_unnamed):06d}"


def _unused(outbox: Path, name: str) -> Path:
    candidates = itertools.chain([name], (f"{name}-{number}" for number in itertools.count(2)))
    return next(path for path in (outbox / f"{each}.eml" for each in candidates) if not path.exists())


def _sync_directory(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def find_message(outbox: Path, message_id: str) -> Path | None:
    """The newest file a message with this Message-ID was delivered to."""
    name = message_name(f"Message-ID: {message_id}\r\n\r\n".encode())
    return max(outbox.glob(f"*-{name}*.eml"), default=None)
