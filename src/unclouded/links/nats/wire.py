r"""Bytes of the NATS client protocol (version 1), at the client's end. Pure.

server:  INFO {…}\r\n   MSG subject sid [reply] size\r\n…\r\n   HMSG subject sid [reply] head size\r\n…\r\n
         PING\r\n   PONG\r\n   +OK\r\n   -ERR 'text'\r\n
client:  CONNECT {…}\r\n   PUB subject [reply] size\r\n…\r\n   SUB subject [queue] sid\r\n   UNSUB sid\r\n
"""

import base64
import re
from collections.abc import Callable, Mapping
from typing import Final, Literal

import msgspec

from unclouded.core.text.printable import printable

LONGEST_LINE = 65_536  # bytes; INFO names all servers of a cluster
LARGEST_MESSAGE = 8 * 1024 * 1024  # bytes that a server may make us keep
END: Final = b"\r\n"
PING: Final = b"PING\r\n"
PONG: Final = b"PONG\r\n"
NO_RESPONDERS = b"503"
STATUS = slice(9, 12)  # of "NATS/1.0 503"
SUBJECT = re.compile(r"[!-~]{1,255}")


class NatsInfo(msgspec.Struct, frozen=True):
    """What a server says of itself. ``max_payload``: bytes of a message."""

    max_payload: int = 1_048_576
    tls_required: bool = False
    tls_available: bool = False
    auth_required: bool = False
    nonce: str = ""
    version: str = ""


class NatsMessage(msgspec.Struct, frozen=True):
    """A message of a subscription. ``reply``: where its sender waits for an answer, "" = nowhere.

    ``no_responders``: the server says that there is none for this request, so it was not delivered.
    """

    subject: str
    reply: str
    data: bytes
    sid: int = 0
    no_responders: bool = False


class NatsComplaint(msgspec.Struct, frozen=True):
    """An error that the server reports."""

    text: str


NatsEvent = NatsInfo | NatsMessage | NatsComplaint | Literal["ping", "pong"]


class _BrokenStream(Exception):
    """Bytes that are not NATS."""


class _MessageHead(msgspec.Struct, frozen=True):
    """The first line of a message."""

    subject: str
    reply: str
    sid: int
    head: int
    size: int


class NatsParser:
    """Bytes in any pieces -> events. ``broken``: why nothing more can be read, "" = it can."""

    def __init__(self) -> None:
        self.broken = ""
        self._buffer = bytearray()
        self._searched = 0  # bytes of the buffer that contain no end of a line
        self._head: _MessageHead | None = None

    @property
    def waiting(self) -> int:
        """Bytes that are not an event yet."""
        return len(self._buffer)

    def receive(self, data: bytes) -> list[NatsEvent]:
        """The events that these bytes complete. Never raises."""
        if self.broken:
            return []
        self._buffer += data
        events: list[NatsEvent] = []
        try:
            place = self._read(events)
        except _BrokenStream as error:
            self.broken = str(error)
            self._buffer.clear()
            return events
        del self._buffer[:place]
        self._searched -= min(place, self._searched)
        return events

    # --- inside --------------------------------------------------------------------------------

    def _read(self, events: list[NatsEvent]) -> int:
        """Read what is complete; where it ends."""
        place = 0
        while (end := self._end(place)) >= 0:
            if self._head is not None:
                events.append(self._message(self._head, place))
                self._head, place = None, end
                continue
            found = _line(bytes(self._buffer[place : end - len(END)]))
            if isinstance(found, _MessageHead):
                self._head = found
            elif found is not None:
                events.append(found)
            place = end
        return place

    def _end(self, place: int) -> int:
        """Where the line or the message that begins at ``place`` ends; -1 = not here yet."""
        if self._head is not None:
            end = place + self._head.size + len(END)
            return end if len(self._buffer) >= end else -1
        found = self._buffer.find(END, max(place, self._searched))
        length = (found if found >= 0 else len(self._buffer)) - place
        if length > LONGEST_LINE:
            raise _BrokenStream("It sends a line that does not end.")
        if found < 0:
            self._searched = max(len(self._buffer) - 1, 0)
            return -1
        return found + len(END)

    def _message(self, head: _MessageHead, place: int) -> NatsMessage:
        with memoryview(self._buffer) as whole:
            data = bytes(whole[place + head.head : place + head.size])
            status = bytes(whole[place : place + head.head][STATUS]) if head.head else b""
            end = bytes(whole[place + head.size : place + head.size + len(END)])
        if end != END:
            raise _BrokenStream("A message does not have the length that its header states.")
        return NatsMessage(head.subject, head.reply, data, head.sid, status == NO_RESPONDERS and not data)


def connect_line(options: Mapping[str, object]) -> bytes:
    """The introduction of a client."""
    return b"CONNECT " + msgspec.json.encode(options) + END


def signature_text(signature: bytes) -> str:
    """A signature as CONNECT has it."""
    return base64.urlsafe_b64encode(signature).decode().rstrip("=")


def publish_bytes(subject: str, data: bytes, reply: str = "") -> bytes:
    """A message. Raises ValueError for a subject that is none."""
    answer = f" {checked_subject(reply)}" if reply else ""
    return f"PUB {checked_subject(subject)}{answer} {len(data)}\r\n".encode() + data + END


def subscribe_line(subject: str, sid: int, queue: str = "") -> bytes:
    """Raises ValueError for a subject that is none."""
    group = f" {checked_subject(queue)}" if queue else ""
    return f"SUB {checked_subject(subject)}{group} {sid}\r\n".encode()


def unsubscribe_line(sid: int) -> bytes:
    """The line that ends the subscription ``sid``."""
    return f"UNSUB {sid}\r\n".encode()


def checked_subject(subject: str) -> str:
    """Raises ValueError: what contains a space or an end of a line would be read as something else."""
    if not SUBJECT.fullmatch(subject):
        raise ValueError(f"{subject[:80]!r} is not a subject.")
    return subject


# --- lines of the server ------------------------------------------------------------------------------


def _line(line: bytes) -> NatsEvent | _MessageHead | None:
    word, _, rest = line.partition(b" ")
    read = LINES.get(word.upper())
    if read is None:
        raise _BrokenStream(
            f"It sends {printable(line[:40].decode('ascii', 'backslashreplace'))!r}, which is not the protocol of NATS."
        )
    return read(rest)


def _info(rest: bytes) -> NatsInfo:
    try:
        return msgspec.json.decode(rest, type=NatsInfo)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise _BrokenStream("Its INFO message cannot be read.") from None


def _msg(rest: bytes) -> _MessageHead:
    words = rest.split()
    if len(words) not in (3, 4):
        raise _BrokenStream("The head of a message cannot be read.")
    return _head(words[0], words[1], words[2] if len(words) == 4 else b"", b"0", words[-1])


def _hmsg(rest: bytes) -> _MessageHead:
    words = rest.split()
    if len(words) not in (4, 5):
        raise _BrokenStream("The head of a message cannot be read.")
    return _head(words[0], words[1], words[2] if len(words) == 5 else b"", words[-2], words[-1])


def _head(subject: bytes, sid: bytes, reply: bytes, head: bytes, size: bytes) -> _MessageHead:
    try:
        numbers = [int(one) if one.isdigit() and len(one) < 12 else -1 for one in (sid, head, size)]
        found = _MessageHead(subject.decode(), reply.decode(), *numbers)
    except UnicodeDecodeError:
        raise _BrokenStream("The head of a message cannot be read.") from None
    if min(numbers) < 0 or found.head > found.size:
        raise _BrokenStream("The head of a message cannot be read.")
    if found.size > LARGEST_MESSAGE:
        raise _BrokenStream(f"It sends a message of {found.size} bytes, which is too large.")
    return found


def _complaint(rest: bytes) -> NatsComplaint:
    return NatsComplaint(printable(rest.decode("utf-8", "replace").strip().strip("'"))[:200])


LINES: Mapping[bytes, Callable[[bytes], NatsEvent | _MessageHead | None]] = {
    b"INFO": _info,
    b"MSG": _msg,
    b"HMSG": _hmsg,
    b"PING": lambda rest: "ping",
    b"PONG": lambda rest: "pong",
    b"+OK": lambda rest: None,
    b"-ERR": _complaint,
}
