"""Our own ends, each with one rule broken: what a check that looks for it must find.

Mutant(wifi_module(…), out=dropping(0x24))          it never sends a frame 24
Mutant(wifi_module(…), into=repaired)               it takes frames with a wrong checksum
"""

from collections.abc import Callable, Sequence

from unclouded.core.sessions.session import (
    Answer,
    Event,
    Failure,
    LinkPath,
    Out,
    Refusal,
    Session,
)
from unclouded.core.sessions.session_parts import succeed
from unclouded.families.tuya.line.framing import Frame
from wrapped_session import Wrapped

Alter = Callable[[Frame], Sequence[Frame]]
AlterBytes = Callable[[bytes], Sequence[bytes]]


def same(frame: Frame) -> Sequence[Frame]:
    return (frame,)


def alone(data: bytes) -> Sequence[bytes]:
    return (data,)


def as_it_is(data: bytes) -> bytes:
    return data


class ByteMutant(Wrapped):
    """``out``: what becomes of each piece that the inner end sends. ``into``: of the bytes that it receives."""

    def __init__(self, inner: Session, out: AlterBytes = alone, into: Callable[[bytes], bytes] = as_it_is) -> None:
        super().__init__(inner)
        self._out, self._into = out, into

    def up(self, path: LinkPath, now: float) -> Sequence[Event]:
        return self._take(self.inner.up(path, now))

    def down(self, path: str, reason: str, now: float) -> Sequence[Event]:
        return self._take(self.inner.down(path, reason, now))

    def receive(self, data: bytes, now: float, path: str = "", re: int = 0) -> Sequence[Event]:
        data = self._into(data)
        return self._take(self.inner.receive(data, now, path, re)) if data else ()

    def failed(self, id: int, why: Failure, now: float) -> Sequence[Event]:
        return self._take(self.inner.failed(id, why, now))

    def answer(self, id: int, value: Answer | Refusal, now: float) -> Sequence[Event]:
        return self._take(self.inner.answer(id, value, now))

    def tick(self, now: float) -> Sequence[Event]:
        return self._take(self.inner.tick(now))

    def outgoing(self, now: float) -> list[Out]:
        return [Out(data, out.id, out.path, out.re) for out in self.inner.outgoing(now) for data in self._out(out.data)]

    def _take(self, events: Sequence[Event]) -> Sequence[Event]:
        self.inner, events = succeed(self.inner, events)
        return events


class Mutant(ByteMutant):
    """``out``: what becomes of each frame of an ordinary line."""

    def __init__(self, inner: Session, out: Alter = same, into: Callable[[bytes], bytes] = as_it_is) -> None:
        super().__init__(inner, lambda data: [bytes(one) for one in out(Frame(data[2], data[3], data[6:-1]))], into)


# --- what becomes of frames that are sent --------------------------------------------------------------


def _is(frame: Frame, command: int, head: bytes) -> bool:
    return frame.command == command and frame.payload.startswith(head)


def dropping(command: int, head: bytes = b"") -> Alter:
    """Frames of this command, whose payload begins so, are not sent."""
    return lambda frame: () if _is(frame, command, head) else (frame,)


def twice(command: int) -> Alter:
    return lambda frame: (frame, frame) if frame.command == command else (frame,)


def payload(command: int, change: Callable[[bytes], bytes], head: bytes = b"") -> Alter:
    """The payload is changed."""

    def alter(frame: Frame) -> Sequence[Frame]:
        return (Frame(frame.version, frame.command, change(frame.payload)),) if _is(frame, command, head) else (frame,)

    return alter


def version(number: int) -> Alter:
    return lambda frame: (Frame(number, frame.command, frame.payload),)


def with_frame(after: int, more: Frame) -> Alter:
    """Another frame goes out behind each of this command."""
    return lambda frame: (frame, more) if frame.command == after else (frame,)


def once_only(command: int, head: bytes = b"", most: int = 1) -> Alter:
    """Only so many frames of this command are ever sent."""
    count = [0]

    def alter(frame: Frame) -> Sequence[Frame]:
        count[0] += _is(frame, command, head)
        return () if _is(frame, command, head) and count[0] > most else (frame,)

    return alter


# --- what becomes of bytes that are received -------------------------------------------------------------


def repaired(data: bytes) -> bytes:
    """A wrong checksum is made good."""
    whole = len(data) > 6 and data[:2] == b"\x55\xaa" and len(data) == 7 + int.from_bytes(data[4:6])
    return data[:-1] + bytes((sum(data[:-1]) & 0xFF,)) if whole else data


def replaced(old: bytes, new: bytes) -> Callable[[bytes], bytes]:
    """Chunks that begin so are received as others; with an empty ``new`` they are lost."""
    return lambda data: new if data.startswith(old) else data


def unresponsive_after(bad: Callable[[bytes], bool]) -> Callable[[bytes], bytes]:
    """It receives nothing more after the first chunk that is so."""
    is_unresponsive = [False]

    def into(data: bytes) -> bytes:
        is_unresponsive[0] = is_unresponsive[0] or bad(data)
        return b"" if is_unresponsive[0] else data

    return into
