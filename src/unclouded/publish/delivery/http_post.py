"""One POST and what became of it. Redirects are not followed: what is sent goes to the configured host, or nowhere.

2xx                       delivered
408, 425, 429, 5xx        try again, after Retry-After where the answer has it
401, 403, 404, 3xx        try again rarely: the configuration, or the other end, must be changed first
other 4xx                 refused: this request will never be accepted
no answer                 try again
"""

import asyncio
import os
import re
import ssl
from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from unclouded.core.printable import printable

if TYPE_CHECKING:
    from aiohttp import ClientResponse, ClientSession

TOTAL_S = 30.0  # s for a request and its answer
CONNECT_S = 10.0
SOON = (408, 425, 429)
RARELY = (401, 403, 404)
LONG_PAUSE_S = 60.0
LONGEST_PAUSE_S = 300.0  # s that a Retry-After may ask for
READ_BYTES = 2_048  # of an answer, for the reason in it
SHOWN = 200  # characters of such a reason
SECONDS = re.compile(r"\d{1,6}")


class PostResult(NamedTuple):
    """``delivered`` False and ``again_s`` None: refused for good. ``again_s``: 0 = after the usual pause."""

    delivered: bool
    reason: str = ""
    again_s: float | None = None
    answered: bool = True  # False: there was no answer at all


class HttpPost:
    """POSTs to one address, on connections that stay open. Use it as an asynchronous context manager.

    ``secret``: never shown, though the other end may repeat it in its answer.
    """

    def __init__(
        self, url: str, headers: Mapping[str, str], context: ssl.SSLContext | None = None, secret: str = ""
    ) -> None:
        self.host = urlsplit(url).hostname or ""
        self._url = url
        self._headers = headers
        self._context = context
        self._secret = secret
        self._session: ClientSession | None = None

    async def __aenter__(self) -> "HttpPost":
        import aiohttp

        timeout = aiohttp.ClientTimeout(total=TOTAL_S, connect=CONNECT_S)
        self._session = aiohttp.ClientSession(timeout=timeout, cookie_jar=aiohttp.DummyCookieJar())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def __call__(self, body: bytes, headers: Mapping[str, str]) -> PostResult:
        """Send one request."""
        import aiohttp

        assert self._session is not None
        tls = self._context if self._context is not None else True
        every = {**self._headers, **headers}
        try:
            async with self._session.post(
                self._url, data=body, headers=every, allow_redirects=False, ssl=tls
            ) as answer:
                return await self._result(answer)
        except TimeoutError:
            return PostResult(False, f"{self.host} did not answer within {TOTAL_S:g} s.", 0.0, False)
        except (aiohttp.ClientError, OSError, ValueError, asyncio.IncompleteReadError) as error:
            return PostResult(False, f"{self.host} cannot be reached: {_cause(error)}.", 0.0, False)

    async def _result(self, answer: "ClientResponse") -> PostResult:
        status = answer.status
        if 200 <= status < 300:
            return PostResult(True)
        if 300 <= status < 400:
            other = urlsplit(answer.headers.get("Location", "")).hostname or self.host
            text = f"{self.host} redirects to {printable(other[:80])}, which is not followed. Write that address."
            return PostResult(False, text, LONG_PAUSE_S)
        text = f"{self.host} answers {status}{self._shown(await answer.content.read(READ_BYTES))}"
        if status in RARELY:
            return PostResult(False, text, LONG_PAUSE_S)
        if status in SOON or status >= 500:
            after = answer.headers.get("Retry-After", "")
            seconds = float(after) if SECONDS.fullmatch(after) else 0.0
            return PostResult(False, text, min(seconds, LONGEST_PAUSE_S))
        return PostResult(False, text)

    def _shown(self, body: bytes) -> str:
        """The reason in an answer, on one line, without the secret."""
        text = " ".join(body.decode("utf-8", "replace").split())
        if self._secret:
            text = text.replace(self._secret, "…")
        return f": {printable(text[:SHOWN])}" if text else "."


def _cause(error: Exception) -> str:
    """As text for people: the deepest cause has the reason."""
    inner = getattr(error, "os_error", None) or error
    number = getattr(inner, "errno", None)
    reason = os.strerror(number) if isinstance(number, int) and number > 0 else _words(type(inner).__name__)
    return printable(reason[:SHOWN])


def _words(name: str) -> str:
    """``ServerDisconnectedError`` -> server disconnected error."""
    return " ".join(re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)).lower()
