"""One POST and what became of it. Redirects are not followed: what is sent goes to the configured host, or nowhere.

2xx                       delivered
408, 425, 429, 5xx        try again, after Retry-After where the answer has it
401, 403, 404, 3xx        try again rarely: the configuration, or the other end, must be changed first
other 4xx                 refused: this request will never be accepted
no answer                 try again
"""

import asyncio
import contextlib
import os
import re
import ssl
from collections.abc import Mapping
from types import TracebackType
from typing import NamedTuple
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlsplit

import h11

from unclouded.core.text.printable import printable

TOTAL_S = 30.0  # s for a request and its answer
CONNECT_S = 10.0
SOON = (408, 425, 429)
RARELY = (401, 403, 404)
LONG_PAUSE_S = 60.0
LONGEST_PAUSE_S = 300.0  # s that a Retry-After may ask for
PIECE = 16_384  # bytes that are read at once
KEPT_BYTES = 2_048  # of an answer, for the reason in it
LARGEST_ANSWER = 1_000_000  # bytes; a longer one is not read to its end
SHOWN = 200  # characters of a reason
SECONDS = re.compile(r"\d{1,6}")
PORTS = {"http": 80, "https": 443}
PLAIN_QUERY = frozenset({"db", "org", "orgID", "bucket", "precision", "rp"})  # keys of an address without a secret
LEAST_SECRET = 6  # characters from which a part of the address is hidden in a reason
TARGET = "%/:?&=+,;@!$'()*~[]"  # characters that are sent as they are


class PostResult(NamedTuple):
    """``delivered`` False and ``again_s`` None: refused for good. ``again_s``: 0 = after the usual pause."""

    delivered: bool
    reason: str = ""
    again_s: float | None = None
    answered: bool = True  # False: there was no answer at all


class HttpAnswer(NamedTuple):
    """An answer. ``body``: its beginning."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class HttpPost:
    """POSTs to one address. Use it as an asynchronous context manager.

    ``context``: for https. ``secret``: never shown, nor what may be one in the address, though the other end may
    repeat it in its answer.
    """

    def __init__(
        self, url: str, headers: Mapping[str, str], context: ssl.SSLContext | None = None, secret: str = ""
    ) -> None:
        parts = urlsplit(url)
        self.host = parts.hostname or ""
        self._port = parts.port or PORTS[parts.scheme.lower()]
        self._target = quote((parts.path or "/") + (f"?{parts.query}" if parts.query else ""), TARGET)
        self._headers = {"Host": parts.netloc.rpartition("@")[2], "User-Agent": "unclouded", **headers}
        self._context = context if parts.scheme.lower() == "https" else None
        self._secrets = _secrets(parts, headers.get("Authorization", ""), secret)
        self._connection: PostConnection | None = None

    async def __aenter__(self) -> "HttpPost":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    async def __call__(self, body: bytes, headers: Mapping[str, str]) -> PostResult:
        """Send one request."""
        try:
            async with asyncio.timeout(TOTAL_S):
                return self._result(await self._exchange(body, {**self._headers, **headers}))
        except TimeoutError:
            reason = f"{self.host} did not answer in time."
        except (OSError, h11.ProtocolError, UnicodeError) as error:
            reason = f"{self.host} cannot be reached: {_cause(error)}."
        self._close()
        return PostResult(False, reason, 0.0, False)

    # --- inside --------------------------------------------------------------------------------

    async def _exchange(self, body: bytes, headers: Mapping[str, str]) -> HttpAnswer:
        length = str(len(body))
        sent = [(name.encode(), value.encode()) for name, value in {**headers, "Content-Length": length}.items()]
        request = h11.Request(method="POST", target=self._target, headers=sent)
        if (known := self._connection) is not None:
            with contextlib.suppress(OSError, h11.RemoteProtocolError):  # closed meanwhile
                if (answer := await known.exchange(request, body)) is not None:
                    return self._keep(known, answer)
            self._close()
        async with asyncio.timeout(CONNECT_S):
            streams = await asyncio.open_connection(self.host, self._port, ssl=self._context)
        fresh = self._connection = PostConnection(*streams)
        answer = await fresh.exchange(request, body)
        if answer is None:
            raise ConnectionResetError(104, "Connection reset by peer")
        return self._keep(fresh, answer)

    def _keep(self, connection: "PostConnection", answer: HttpAnswer) -> HttpAnswer:
        if not connection.is_reusable():
            self._close()
        return answer

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _result(self, answer: HttpAnswer) -> PostResult:
        status = answer.status
        if 200 <= status < 300:
            return PostResult(True)
        if 300 <= status < 400:
            other = _host_in(answer.headers.get("location", "")) or self.host
            text = f"{self.host} redirects to {printable(other[:80])}, which is not followed. Write that address."
            return PostResult(False, text, LONG_PAUSE_S)
        text = f"{self.host} answers {status}{self._shown(answer.body)}"
        if status in RARELY:
            return PostResult(False, text, LONG_PAUSE_S)
        if status in SOON or status >= 500:
            after = answer.headers.get("retry-after", "")
            seconds = float(after) if SECONDS.fullmatch(after) else 0.0
            return PostResult(False, text, min(seconds, LONGEST_PAUSE_S))
        return PostResult(False, text)

    def _shown(self, body: bytes) -> str:
        """The reason in an answer, on one line, without secrets."""
        text = " ".join(body.decode("utf-8", "replace").split())
        for one in self._secrets:
            text = text.replace(one, "…")
        return f": {printable(text[:SHOWN])}" if text else "."


class PostConnection:
    """One connection and its requests, one after the other."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._http = h11.Connection(h11.CLIENT)

    async def exchange(self, request: h11.Request, body: bytes) -> HttpAnswer | None:
        """The answer; None where the other end has closed the connection without one."""
        http = self._http
        for event in (request, h11.Data(data=body), h11.EndOfMessage()):
            self._writer.write(http.send(event) or b"")
        await self._writer.drain()
        head: h11.Response | None = None
        kept, length = b"", 0
        while length <= LARGEST_ANSWER:
            match http.next_event():
                case h11.NEED_DATA:
                    data = await self._reader.read(PIECE)
                    if not data and head is None:
                        return None
                    http.receive_data(data)
                case h11.Response() as head:
                    pass
                case h11.Data(data=data):
                    length += len(data)
                    kept = (kept + data)[:KEPT_BYTES]
                case h11.EndOfMessage():
                    break
                case h11.ConnectionClosed():
                    return None
        if head is None:
            return None
        headers = {name.decode("ascii"): value.decode("latin-1") for name, value in head.headers}
        return HttpAnswer(head.status_code, headers, kept)

    def is_reusable(self) -> bool:
        """Get ready for another request, where both ends keep the connection open."""
        if self._http.our_state is not h11.DONE or self._http.their_state is not h11.DONE:
            return False
        self._http.start_next_cycle()
        return True

    def close(self) -> None:
        """Ends the connection at once; a response under way is lost."""
        self._writer.transport.abort()


def _secrets(parts: SplitResult, authorization: str, secret: str) -> list[str]:
    """What is hidden in answers, longest first: many services have the key of a webhook in its path."""
    given = {secret, authorization, authorization.rpartition(" ")[2]}
    found = [*parts.path.split("/"), *(value for key, value in parse_qsl(parts.query) if key not in PLAIN_QUERY)]
    spelt = {form for one in found for form in (one, unquote(one), quote(one, TARGET), quote(one, ""))}
    return sorted((given - {""}) | {one for one in spelt if len(one) >= LEAST_SECRET}, key=len, reverse=True)


def _host_in(url: str) -> str:
    """The host of an address that the other end gave; "" where it has none."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _cause(error: Exception) -> str:
    """As text for people."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not accepted ({printable(error.verify_message)})"
    if isinstance(error, ssl.SSLError):
        return f"no TLS with it ({printable(error.reason or 'no reason')}); for one without TLS write http://"
    if isinstance(error, OSError) and type(error.errno) is int and error.errno > 0:
        return printable(os.strerror(error.errno))
    text = error.strerror if isinstance(error, OSError) else str(error)
    return printable((text or type(error).__name__)[:SHOWN]).rstrip(".")
