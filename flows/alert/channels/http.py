"""Messages that leave by HTTP: one request to a URL that a block keeps, and what its answer means.

Whoever knows the URL can post, so it is a secret like a password. httpx writes it into its log and into the
texts of its exceptions, and a server may repeat it; nothing of that leaves this file.
"""

import json
import re
import socket
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import unquote
from urllib.request import getproxies, proxy_bypass

import httpx

from blocks.quiet import quiet
from blocks.settings import is_loopback
from flows.alert.wording import one_line
from flows.errors import BlockError, DeliveryError, TemporaryDeliveryError, UnreachableError, printable

TIMEOUT_SECONDS = 30.0
_MOST_WORDS = 200
_MOST_BYTES = 2_000
_FEWEST_SECRET_CHARACTERS = 6
_PORTS = {"http": 80, "https": 443}
# Request Timeout, Too Early, Too Many Requests: RFC 9110, RFC 8470, RFC 6585
_MAY_PASS = (408, 425, 429)
_MAYBE_TAKEN = (httpx.ReadTimeout, httpx.ReadError, httpx.RemoteProtocolError, httpx.DecodingError)
_NOT_SENDABLE = (httpx.InvalidURL, httpx.UnsupportedProtocol, httpx.LocalProtocolError)


def as_json(content: Mapping[str, Any]) -> bytes:
    """JSON in UTF-8, without a space too many."""
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def checked_url(url: str, block: str) -> httpx.URL:
    """The URL of a block, if a message may be sent there.

    Raises:
        BlockError: it is no URL, or leads to another machine without TLS.
    """
    try:
        parsed = httpx.URL(url.strip())
    except (httpx.InvalidURL, UnicodeError):
        parsed = httpx.URL("")
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise BlockError(f"block {block}: its URL is none; it should begin with https://")
    if parsed.scheme == "http" and not is_loopback(parsed.host):
        raise BlockError(
            f"block {block}: {parsed.host} is another machine, so its URL should begin with https://"
        )
    return parsed


def post_json(url: str, content: bytes, block: str, timeout: float, allow_private: bool = True) -> None:
    """Post JSON to a URL, once. Redirects are not followed: they would lead past what was checked.

    Raises:
        TemporaryDeliveryError: it was not taken, for a reason that may pass.
        DeliveryError: it was refused.
        BlockError: the URL cannot be posted to.
    """
    target = checked_url(url, block)
    secrets = Secrets(target)
    trouble: DeliveryError | BlockError
    try:
        with quiet(), _client(target, timeout, allow_private) as client:
            headers = {"Content-Type": "application/json", "Accept-Encoding": "identity"}
            with client.stream("POST", target, content=content, headers=headers) as answer:
                if answer.is_success:
                    return  # the status is the answer; a connection that is lost now loses nothing
                trouble = refusal(answer, _first_bytes(answer), block, secrets)
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        trouble = failure(error, block, secrets)
    raise trouble  # outside, so that no exception with the URL in it stays attached


def reach(url: str, block: str, timeout: float) -> str:
    """Connect, with TLS where the URL says so, and hang up: any request might be taken for a message.

    Returns:
        What was found, in words.

    Raises:
        BlockError: a message could not be sent there.
        UnreachableError: nobody answers, or who does cannot be trusted.
    """
    target = checked_url(url, block)
    host = target.host
    if not is_loopback(host) and target.scheme in getproxies() and not proxy_bypass(host):
        return f"{host} is reached through a proxy, which is not tried"
    try:
        with socket.create_connection((host, target.port or _PORTS[target.scheme]), timeout) as plain:
            if target.scheme == "http":
                return f"{host} accepts the connection"
            with httpx.create_ssl_context().wrap_socket(plain, server_hostname=host):
                return f"{host} accepts the connection, and is who it says"
    except (OSError, UnicodeError) as error:
        reason = printable(one_line(str(error), _MOST_WORDS))
        raise UnreachableError(f"block {block}: nobody to be trusted answers at {host} ({reason})") from None


class Secrets:
    """What must not be shown: all of a URL behind its host, in whole and in parts, and further words."""

    def __init__(self, url: httpx.URL, *others: str) -> None:
        behind = url.raw_path.decode("ascii", "replace")
        user = url.userinfo.decode("ascii", "replace")
        parts = [behind, user, *re.split(r"[/?&=]", behind), *user.split(":"), *others]
        forms = {form for part in parts for form in (part, unquote(part))}
        long = (form for form in forms if len(form) >= _FEWEST_SECRET_CHARACTERS)
        self._parts = sorted(long, key=len, reverse=True)

    def hidden_in(self, text: str) -> str:
        """The text without them, on one line."""
        for part in self._parts:
            text = text.replace(part, "***")
        return printable(one_line(text, _MOST_WORDS))


def refusal(answer: httpx.Response, body: bytes, block: str, secrets: Secrets) -> DeliveryError:
    """What an answer means that is no success."""
    words = f"{answer.status_code} {answer.reason_phrase}: {body.decode('utf-8', 'replace')}"
    said = f"block {block}: the answer is {secrets.hidden_in(words).rstrip(': ')}"
    if answer.status_code in _MAY_PASS or answer.is_server_error:
        return TemporaryDeliveryError(said, _retry_after(answer.headers))
    if answer.is_redirect:
        said += "; it leads elsewhere, which is not followed: put the final URL into the block"
    return DeliveryError(said)


def failure(error: Exception, block: str, secrets: Secrets) -> DeliveryError | BlockError:
    """What it means that there was no answer."""
    if isinstance(error, _NOT_SENDABLE):
        # without the text, which holds the URL or the header at fault
        return BlockError(f"block {block}: its URL, headers or parameters cannot be sent; correct the block")
    words = secrets.hidden_in(str(error)) or type(error).__name__
    if "private address" in words:
        return BlockError(
            f"block {block}: its URL leads to a private address, which the block does not allow"
        )
    taken = ", so it may have been taken" if isinstance(error, _MAYBE_TAKEN) else ""
    return TemporaryDeliveryError(f"block {block}: no answer{taken} ({words})")


def _client(url: httpx.URL, timeout: float, allow_private: bool) -> httpx.Client:
    transport: httpx.HTTPTransport | None = None
    if not allow_private:
        from prefect.utilities.urls import SSRFProtectedHTTPTransport

        transport = SSRFProtectedHTTPTransport()
    elif is_loopback(url.host):
        transport = httpx.HTTPTransport()  # one of our own is not led through a proxy
    return httpx.Client(timeout=timeout, follow_redirects=False, transport=transport)


def _first_bytes(answer: httpx.Response) -> bytes:
    first = b""
    with suppress(httpx.HTTPError):  # the status counts, whether its explanation arrives or not
        for chunk in answer.iter_raw():
            first += chunk
            if len(first) >= _MOST_BYTES:
                break
    return first[:_MOST_BYTES]


def _retry_after(headers: httpx.Headers) -> float | None:
    """Seconds, from a number or from a moment by the server's own clock (RFC 9110, 10.2.3)."""
    given = headers.get("Retry-After", "").strip()
    if given.isdecimal():
        return float(given)
    try:
        until = parsedate_to_datetime(given)
        now = parsedate_to_datetime(headers["Date"]) if "Date" in headers else datetime.now(UTC)
        return max((until - now).total_seconds(), 0.0)
    except (ValueError, TypeError):
        return None
