"""Reads the HTTP reply of a plug, as lenient as its headers require.

    HTTP/1.1 200 OK            ─► the status
    Server : Embedded\\x01HTTP  ─► ignored, like every header that does not say where the body ends
    Content-Length : 2         ─► content-length: 2, for h11
                               ─► h11 reads the body: by length, in chunks, or to the end of the connection

Known from firmware: control characters in values, a space before the colon, lines that end without CR, folded lines,
lines without a colon. Strict parsers reject all of these, h11 and aiohttp the space and the missing colon. A proxy that
reads such a head in another way than the server would be open to request smuggling; here is one reply on one
connection, so nothing can be smuggled. Source: docs/protocols/meross.md §1.4.2.
"""

import re

import h11

from unclouded.core.errors import WireError

HEAD_LIMIT = 8_192  # bytes of a status line and headers
ANSWER_LIMIT = 65_536  # bytes of a body; no plug sends more
STATUS = re.compile(rb"HTTP/(1\.[01])[ \t]+(\d{3})(?:[ \t].*)?", re.DOTALL)
END_OF_HEAD = re.compile(rb"\n\r?\n")
FRAMING = (b"content-length", b"transfer-encoding")


class ReplyReader:
    """One reply; what follows it is ignored. ``body``: None until it is complete; ``begun``: bytes have arrived."""

    def __init__(self) -> None:
        self.body: bytes | None = None
        self._head = bytearray()
        self._body = bytearray()
        self._http: h11.Connection | None = None

    @property
    def begun(self) -> bool:
        return bool(self._head) or self._http is not None

    def feed(self, data: bytes) -> None:
        """Bytes of the connection; none = it has ended. Raises WireError where this is no whole reply of status 200."""
        if self._http is not None:
            self._read_body(self._http, data, ended=not data)
        else:
            self._feed_head(data)

    # --- inside ---------------------------------------------------------------------------------

    def _feed_head(self, data: bytes) -> None:
        if not data:
            raise WireError("no complete head")
        start = max(len(self._head) - 2, 0)
        self._head += data
        while (end := END_OF_HEAD.search(self._head, start)) is not None:
            if end.end() > HEAD_LIMIT:
                break
            head, rest = bytes(self._head[: end.start()]), bytes(self._head[end.end() :])
            status, version, headers = read_head(head)
            if status >= 200:
                self._http = begin(status, version, headers)
                self._head.clear()
                self._read_body(self._http, rest)
                return
            self._head[:], start = rest, 0  # 100 Continue and its kind come before the reply
        if len(self._head) > HEAD_LIMIT:
            raise WireError("a head without an end")

    def _read_body(self, http: h11.Connection, data: bytes, ended: bool = False) -> None:
        try:
            if data or ended:  # h11 takes no bytes for the end of the connection
                http.receive_data(data)
            while self.body is None and isinstance(event := http.next_event(), h11.Event):
                match event:
                    case h11.Data():
                        self._body += event.data
                        if len(self._body) > ANSWER_LIMIT:
                            raise WireError("a longer answer than any plug sends")
                    case h11.EndOfMessage():
                        self.body = bytes(self._body)
        except h11.RemoteProtocolError as error:
            raise WireError(str(error)) from None


def begin(status: int, version: bytes, headers: list[tuple[bytes, bytes]]) -> h11.Connection:
    """h11 before the body of a reply with these headers. Raises WireError where the reply is an error."""
    if status != 200:
        raise WireError(f"status {status}")
    http = h11.Connection(h11.CLIENT)
    http.send(h11.Request(method="POST", target="/config", headers=[("Host", "plug"), ("Content-Length", "0")]))
    http.send(h11.EndOfMessage())
    lines = b"".join(b"%b: %b\r\n" % header for header in headers)
    http.receive_data(b"HTTP/%b 200 OK\r\n%bConnection: close\r\n\r\n" % (version, lines))
    return http


def read_head(head: bytes) -> tuple[int, bytes, list[tuple[bytes, bytes]]]:
    """Status, version, and the headers that say where the body ends. Raises WireError where it is none."""
    first, *lines = [line.removesuffix(b"\r") for line in head.split(b"\n")]
    found = STATUS.fullmatch(first)
    if found is None:
        raise WireError("no HTTP reply")
    headers = []
    for line in lines:
        name, colon, value = line.partition(b":")
        name, value = name.strip().lower(), value.strip()
        is_folded = line[:1] in (b" ", b"\t")
        if colon and not is_folded and name in FRAMING and (name == FRAMING[0] or value.lower() == b"chunked"):
            headers.append((name, value))
    return int(found[2]), found[1], headers
