"""HTTP requests and replies as text: written as a check wants them, and read as leniently as plugs need.

    POST /config HTTP/1.1            HTTP/1.1 200 OK
    Host: plug                       Content-Type: application/json
    Content-Length: 2                Content-Length: 2

    {}                               {}

Source: docs/protocols/meross.md §1.4.
"""

import re
from collections.abc import Sequence

import msgspec

END_OF_HEAD = re.compile(rb"\r?\n\r?\n")
REQUEST_HEADERS = (("Host", "plug"), ("Content-Type", "application/json"))
REPLY_HEADERS = (("Content-Type", "application/json"), ("Connection", "close"))
Headers = Sequence[tuple[str, str]]


class HttpTextMessage(msgspec.Struct, frozen=True):
    """One request or reply. ``first``: its first line. ``lines``: its head after that, as it came.

    ``is_whole``: its body has the length that its head names; where that names none, what came until the end.
    """

    first: str
    lines: tuple[str, ...]
    body: bytes
    is_whole: bool = True

    @property
    def status(self) -> int:
        """Of a reply; 0 = it has none."""
        parts = self.first.split(" ")
        return int(parts[1]) if len(parts) > 1 and parts[1].isdecimal() else 0

    def header(self, name: str) -> str | None:
        """The value of a header; None where it is not there."""
        for line in self.lines:
            found, colon, value = line.partition(":")
            if colon and found.strip().lower() == name.lower():
                return value.strip()
        return None

    @property
    def odd_lines(self) -> list[str]:
        """The lines of the head that strict parsers refuse."""
        return [line for line in self.lines if not _is_strict(line)]


def _is_strict(line: str) -> bool:
    name, colon, value = line.partition(":")
    is_name = bool(name) and name.isprintable() and " " not in name
    return is_name and bool(colon) and value.endswith("\r") and value[:-1].replace("\t", " ").isprintable()


def read_messages(data: bytes) -> list[HttpTextMessage]:
    """The requests or replies in these bytes, one after the other; none where they are not HTTP."""
    found: list[HttpTextMessage] = []
    while data:
        message, data = _read(data)
        if message is None:
            break
        found.append(message)
    return found


def _read(data: bytes) -> tuple[HttpTextMessage | None, bytes]:
    end = END_OF_HEAD.search(data)
    if end is None or b"HTTP/" not in data[: data.find(b"\n")]:
        return None, b""
    head = data[: end.start()] + (b"\r" if end[0].startswith(b"\r") else b"")
    first, *lines = head.decode("latin-1").split("\n")
    message = HttpTextMessage(first.rstrip("\r"), tuple(lines), b"")
    rest = data[end.end() :]
    if (message.header("Transfer-Encoding") or "").lower() == "chunked":
        body, is_whole = _joined(rest)
        return msgspec.structs.replace(message, body=body, is_whole=is_whole), b""
    text = message.header("Content-Length")
    if text is None or not text.isdecimal():
        is_reply = first.startswith("HTTP/")
        return msgspec.structs.replace(message, body=rest if is_reply else b"", is_whole=is_reply), b""
    length = int(text)
    whole = msgspec.structs.replace(message, body=rest[:length], is_whole=len(rest) >= length)
    return whole, rest[length:]


def _joined(data: bytes) -> tuple[bytes, bool]:
    """The body of chunks, and whether the last one is there."""
    body = bytearray()
    while True:
        line, found, data = data.partition(b"\r\n")
        try:
            size = int(line.partition(b";")[0], 16)
        except ValueError:
            return bytes(body), False
        if not found or len(data) < size:
            return bytes(body + data), False
        if not size:
            return bytes(body), True
        body += data[:size]
        data = data[size + 2 :]


def request(
    body: bytes, headers: Headers = REQUEST_HEADERS, first: str = "POST /config HTTP/1.1", length: int | None = None
) -> bytes:
    """``length``: what the head names; None = that of the body, below 0 = no length."""
    return _message(first, headers, body, len(body) if length is None else length)


def reply(body: bytes, headers: Headers = REPLY_HEADERS, status: str = "200 OK", length: int | None = None) -> bytes:
    """An HTTP response as bytes. ``length``: another Content-Length than the true one."""
    return _message(f"HTTP/1.1 {status}", headers, body, len(body) if length is None else length)


def _message(first: str, headers: Headers, body: bytes, length: int) -> bytes:
    named = [*headers, ("Content-Length", str(length))] if length >= 0 else headers
    lines = "".join(f"{name}: {value}\r\n" for name, value in named)
    return f"{first}\r\n{lines}\r\n".encode("latin-1") + body
