"""Reading recorded Meross messages: a byte stream of JSON objects, one after the other, as Pieces in words.

    {"header":…,"payload":…}\\n{"header":…  ──►  frame | frame …      white space belongs to the message after it

A message that breaks off ends where the next one begins (``{"header"`` where no list item can begin).
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from unclouded.core.errors import WireError
from unclouded.core.family import Piece, Sender
from unclouded.families.meross import messages
from unclouded.families.meross.envelope import Envelope, parse
from unclouded.families.meross.namespaces import NAMES
from unclouded.families.meross.redact import blanked, unsigned

LONGEST = 65_536  # bytes of a message; more is noise
TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|[{}"]', re.DOTALL)
BEGIN = re.compile(rb'\{\s*"header"')
SPACE = b" \t\r\n\0"
BOTH_SAY = frozenset({messages.CLOCK, messages.CONSUMPTION_CONFIG, messages.UNBIND})


class MerossDecoder:
    """A Decoder. Without a known sender it is told from the method, where one can tell."""

    def __init__(self, sender: Sender | None) -> None:
        self._sender = sender
        self._held = b""
        self._offset = 0

    def feed(self, data: bytes) -> Sequence[Piece]:
        self._held += data
        return list(self._pieces(closing=False))

    def close(self) -> Sequence[Piece]:
        return list(self._pieces(closing=True))

    def _pieces(self, closing: bool) -> Iterator[Piece]:
        while self._held:
            start = _first(self._held)
            if start is None:
                if closing or self._held.strip(SPACE) or len(self._held) > LONGEST:
                    yield self._noise(len(self._held), "no JSON" if self._held.strip(SPACE) else "white space")
                return
            if self._held[:start].strip(SPACE):
                yield self._noise(start, "no JSON")
                continue
            end, whole = _end(self._held, start)
            if end is None and (closing or len(self._held) > LONGEST):
                end = len(self._held)
            if end is None:
                return
            yield self._message(end) if whole else self._noise(end, "cut off")

    def _message(self, end: int) -> Piece:
        try:
            envelope = parse(self._held[:end])
        except WireError as error:
            return self._noise(end, str(error))
        offset, data = self._take(end)
        header = envelope.header
        return Piece(
            offset=offset,
            data=data,
            kind="frame",
            sender=self._sender or sender_of(envelope),
            command=header.namespace,
            name=f"{header.method} {NAMES.get(header.namespace, header.namespace.rpartition('.')[2])}",
            message=_fields(envelope),
            reason=_odd(envelope),
        )

    def _noise(self, end: int, reason: str) -> Piece:
        offset, data = self._take(end)
        return Piece(offset=offset, data=data, kind="noise", reason=reason)

    def _take(self, end: int) -> tuple[int, bytes]:
        offset, data = self._offset, self._held[:end]
        self._held = self._held[end:]
        self._offset += end
        return offset, data


def sender_of(envelope: Envelope) -> Sender | None:
    """Who must have said this; None = it may be either."""
    method, namespace = envelope.header.method, envelope.header.namespace
    if method in ("SET", "SETACK"):
        asks: Sender = "device" if namespace == messages.BIND else "controller"
        answers: Sender = "controller" if namespace == messages.BIND else "device"
        return asks if method == "SET" else answers
    if method == "PUSH":
        return None if namespace in BOTH_SAY else "device"
    return "controller" if method in ("GET", "DELETE") else "device"


def _first(data: bytes) -> int | None:
    at = data.find(b"{")
    return at if at >= 0 else None


def _end(data: bytes, start: int) -> tuple[int | None, bool]:
    """Where the object that starts there ends, and whether it is whole; None = not known yet."""
    border = _next_begin(data, start)
    depth = 0
    for token in TOKEN.finditer(data, start):
        if border is not None and token.start() >= border:
            return border, False
        text = token[0]
        if text == b'"':
            break
        depth += (text == b"{") - (text == b"}")
        if depth == 0:
            return token.end(), True
    return border, False


def _next_begin(data: bytes, start: int) -> int | None:
    """Where the next message begins that is no item of a list in this one."""
    for found in BEGIN.finditer(data, start + 1):
        before = data[start : found.start()].rstrip(SPACE)
        if before[-1:] not in (b"[", b",", b":"):
            return found.start()
    return None


def _odd(envelope: Envelope) -> str:
    try:
        messages.read_envelope(envelope)
    except WireError as error:
        return str(error)
    return ""


def _fields(envelope: Envelope) -> Mapping[str, Any]:  # Any: JSON
    try:
        payload = msgspec.json.decode(blanked(envelope))
    except (msgspec.MsgspecError, ValueError, RecursionError):
        payload = None
    header: dict[str, Any] = msgspec.to_builtins(unsigned(envelope.header))
    return {"payload": payload, **header}  # what it is about first
