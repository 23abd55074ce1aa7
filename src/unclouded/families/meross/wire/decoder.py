"""Recorded Meross messages as Pieces for people and tools: a byte stream of JSON objects, one after the other.

    {"header":…,"payload":…}\\n{"header":…  ──►  frame | frame …      white space belongs to the message after it

A message that breaks off ends where the next one begins (``{"header"`` where no list item can begin).
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from unclouded.core.errors import WireError
from unclouded.core.family import Piece, Sender, checked_sender, fed_bytes
from unclouded.families.meross.wire.envelope import ACKS, DELETE, GET, PUSH, SET, Envelope, parse
from unclouded.families.meross.wire.namespaces import BY_NAME, read_envelope
from unclouded.families.meross.wire.redact import blanked, unsigned

LONGEST = 65_536  # bytes of a message; what is longer is noise
MARK = re.compile(rb'["{}]')
STRING = re.compile(rb'(?:[^"\\]++|\\.)*+', re.DOTALL)  # up to its end, or to where the bytes end
BEGIN = re.compile(rb'\{\s{0,64}"header"')
LONGEST_BEGIN = 73
SPACE = b" \t\r\n\0"
SPACES = re.compile(rb"[ \t\r\n\0]*+")


class MessageScanner:
    """Finds where messages end. Every byte is read once, in whatever pieces the bytes come."""

    def __init__(self) -> None:
        self.held = bytearray()
        self._at = 0  # bytes before it are read
        self._start = -1  # of the message that is being read; -1 = white space so far
        self._depth = 0
        self._in_string = False
        self._next = -1  # where a later message begins, as far as known
        self._searched = 0  # bytes before it begin no other message

    def cut(self, closing: bool) -> Iterator[tuple[bytes, str]]:
        """The messages that are whole, each with the white space before it, and noise with the reason."""
        begin = 0
        while begin < len(self.held) and (found := self._end(begin, closing)) is not None:
            end, reason = found
            self._at, self._start = end, -1
            yield bytes(self.held[begin:end]), reason
            begin = end
        del self.held[:begin]
        self._at, self._searched = self._at - begin, max(self._searched - begin, 0)
        self._start = self._start - begin if self._start >= 0 else -1
        self._next = self._next - begin if self._next >= 0 else -1

    def _end(self, begin: int, closing: bool) -> tuple[int, str] | None:
        """Where what begins there ends, and "" or why it is noise; None = more bytes are needed."""
        if self._start < 0:
            spaces = SPACES.match(self.held, self._at)
            self._at = spaces.end() if spaces is not None else self._at
            brace = self.held.find(b"{", self._at)
            if brace != self._at and self._at < len(self.held):
                return brace if brace >= 0 else len(self.held), "no JSON"
            if brace < 0:
                return (self._at, "white space") if closing or self._at - begin > LONGEST else None
            self._start, self._depth, self._in_string = brace, 0, False
        border = self._next_begin()
        limit = min(len(self.held), begin + LONGEST, border if border >= 0 else len(self.held))
        if self._read(limit):
            return self._at, ""
        if limit == border or limit - begin == LONGEST or closing:
            return limit, "cut off"
        return None

    def _read(self, limit: int) -> bool:
        """Read on; whether the message is whole."""
        while self._at < limit:
            if self._in_string:
                rest = STRING.match(self.held, self._at, limit)
                self._at = rest.end() if rest is not None else self._at
                if self._at == limit or self.held[self._at] != 0x22:
                    return False
                self._in_string = False
                self._at += 1
                continue
            mark = MARK.search(self.held, self._at, limit)
            if mark is None:
                self._at = limit
                return False
            self._at = mark.end()
            if mark[0] == b'"':
                self._in_string = True
                continue
            self._depth += 1 if mark[0] == b"{" else -1
            if self._depth == 0:
                return True
        return False

    def _next_begin(self) -> int:
        """Where the next message begins that is not an item of a list in this one; -1 = not seen yet."""
        if self._next > self._start:
            return self._next
        self._searched = max(self._searched, self._start + 1)
        while (found := BEGIN.search(self.held, self._searched)) is not None:
            self._searched = found.end()
            before = found.start()
            while before > self._start and self.held[before - 1] in SPACE:
                before -= 1
            if before == self._start or self.held[before - 1] not in b"[,:":
                self._next = found.start()
                return self._next
        self._searched = max(self._searched, len(self.held) - LONGEST_BEGIN)
        return -1


class MerossDecoder:
    """A Decoder. An unknown sender follows from the namespace and the method, where only one side sends them."""

    def __init__(self, sender: Sender | None) -> None:
        self._sender = checked_sender(sender)
        self._scanner = MessageScanner()
        self._offset = 0

    def feed(self, data: bytes) -> Sequence[Piece]:
        self._scanner.held += fed_bytes(data)
        return [self._piece(*cut) for cut in self._scanner.cut(closing=False)]

    def close(self) -> Sequence[Piece]:
        return [self._piece(*cut) for cut in self._scanner.cut(closing=True)]

    def _piece(self, data: bytes, reason: str) -> Piece:
        offset = self._offset
        self._offset += len(data)
        if reason:
            return Piece(offset=offset, data=data, kind="noise", reason=reason)
        try:
            envelope = parse(data)
        except WireError as error:
            return Piece(offset=offset, data=data, kind="noise", reason=str(error))
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


def sender_of(envelope: Envelope) -> Sender | None:
    """Who must have sent this; None = it may be either."""
    method = envelope.header.method
    row = BY_NAME.get(envelope.header.namespace)
    if method == PUSH:
        if bytes(envelope.payload).strip() == b"{}":  # both ends send it so
            return None
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
