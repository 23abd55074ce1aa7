"""Recorded Meross messages as Pieces for people and tools: a byte stream of JSON objects, one after the other.

    {"header":…,"payload":…}\\n{"header":…  ──►  frame | frame …      white space belongs to the message after it

A message that breaks off ends where the next one begins (``{"header"`` where no list item can begin).
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from unclouded.core.errors import WireError
from unclouded.core.family import Piece, Sender
from unclouded.families.meross.envelope import ACKS, DELETE, GET, PUSH, SET, Envelope, parse
from unclouded.families.meross.namespaces import BY_NAME, read_envelope
from unclouded.families.meross.redact import blanked, unsigned

LONGEST = 65_536  # bytes of a message; more is noise
TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|[{}"]', re.DOTALL)
BEGIN = re.compile(rb'\{\s*"header"')
SPACE = b" \t\r\n\0"


class MerossDecoder:
    """A Decoder. An unknown sender follows from the namespace and the method, where only one side sends them."""

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
            name=f"{header.method} {_title(header.namespace)}",
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
    """Who must have sent this; None = it may be either."""
    method = envelope.header.method
    row = BY_NAME.get(envelope.header.namespace)
    if method == PUSH:
        return None if row is not None and PUSH in row.controller and PUSH in row.device else "device"
    if method in (GET, DELETE):
        return "controller"
    by_device = row is not None and SET in row.device
    if method == SET:
        return "device" if by_device else "controller"
    return "controller" if method == ACKS[SET] and by_device else "device"


def _title(namespace: str) -> str:
    row = BY_NAME.get(namespace)
    return row.title if row is not None else namespace.rpartition(".")[2]


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
        read_envelope(envelope)
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
