"""Frames of a Tuya line in checks: reading, sending, and what a script waits for.

Source: docs/protocols/tuya_wifi.md §2.1, §6.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from unclouded.conformance.line import UNREADABLE, CheckLine, EmulatedEnd, LineEntry, Script, Wanted
from unclouded.core.errors import WireError
from unclouded.families.tuya.line.datapoint import read_units
from unclouded.families.tuya.line.framing import GAP, Frame, Framer
from unclouded.families.tuya.line.shapes import DialectShapes

GAP_S = 0.06  # between two frames of ours: simple UARTs take no more; ours
Units = tuple[tuple[int, int, bytes], ...]  # (id, type, value) of each data point
Line = CheckLine[Any]  # Any: an end of any Tuya line


class TuyaReader:
    """The FrameReader of a Tuya line."""

    def __init__(self, shapes: DialectShapes) -> None:
        self._framer = Framer((shapes,), gap=GAP)

    def feed(self, data: bytes, now: float) -> Sequence[tuple[bytes, Any, str]]:  # Any: a Frame, or None
        return [_piece(one) for one in self._framer.feed(data, now)]

    def tick(self, now: float) -> Sequence[tuple[bytes, Any, str]]:  # Any: as above
        return [_piece(one) for one in self._framer.tick(now)]

    def deadline(self) -> float | None:
        return self._framer.deadline()


def _piece(piece: Any) -> tuple[bytes, Any, str]:  # Any: a Frame or Noise
    return (bytes(piece), piece, "") if isinstance(piece, Frame) else (piece.data, None, piece.reason)


# --- what is waited for --------------------------------------------------------------------------------


def is_command(code: int, sub: int | None = None) -> Wanted:
    """A frame of this command, and of this sub-command where one is named."""
    head = b"" if sub is None else bytes((sub,))

    def wanted(entry: LineEntry) -> bool:
        return entry.frame is not None and entry.frame.command == code and entry.frame.payload.startswith(head)

    return wanted


def is_any_frame(entry: LineEntry) -> bool:
    """Whether an entry is a frame, whatever its command."""
    return entry.frame is not None


def frames(entries: Iterable[LineEntry], *commands: int) -> list[LineEntry]:
    """The entries with frames, of these commands where some are named."""
    return [entry for entry in entries if entry.frame is not None and (not commands or entry.frame.command in commands)]


# --- sending -----------------------------------------------------------------------------------------


def send_frame(
    line: CheckLine[Any],  # Any: an end of any Tuya line
    command: int,
    payload: bytes = b"",
    *,
    version: int = 0,
    after: float = 0.0,
) -> None:
    """Sends a frame, ``after`` seconds from now."""
    frame = Frame(version, command, payload)
    line.send(bytes(frame), frame, after=after)


def damaged(frame: Frame) -> bytes:
    """The frame with a wrong checksum."""
    data = bytes(frame)
    return data[:-1] + bytes((data[-1] ^ 0x5A,))


# --- data points -------------------------------------------------------------------------------------


def units_of(payload: bytes) -> Units:
    """The data points of a payload; none where they do not fill it."""
    try:
        return tuple(read_units(payload))
    except WireError:
        return ()


def unit(id: int, type: int, value: bytes) -> bytes:
    """A data point as it is on the wire, right or wrong."""
    return bytes((id, type)) + len(value).to_bytes(2) + value


class Observed(msgspec.Struct, frozen=True):
    """A data point in a report: when, in which command. ``part``: the sub-device, where the line has some."""

    at: float
    command: int
    id: int
    type: int
    value: bytes
    part: str = ""


PointsOf = int | Callable[[bytes], tuple[str, bytes]]  # bytes before the points, or how to find part and points
Reports = Mapping[int, PointsOf]  # by command that carries points


def observed_points(entries: Iterable[LineEntry], reports: Reports) -> list[Observed]:
    """The data points in frames of these commands."""
    found = []
    for entry in frames(entries, *reports):
        points_of = reports[entry.frame.command]
        data = entry.frame.payload
        part, rest = ("", data[points_of:]) if isinstance(points_of, int) else points_of(data)
        found += [Observed(entry.at, entry.frame.command, *one, part) for one in units_of(rest)]
    return found


# --- our own end -------------------------------------------------------------------------------------

Answers = Sequence[tuple[int, bytes]]  # command and payload of each
AnswerTo = Callable[[bytes], Answers]  # of a request's payload


def acknowledged(command: int) -> AnswerTo:
    """The same command without a payload."""
    return lambda payload: ((command, b""),)


class AnsweringEnd(EmulatedEnd):
    """Our own end of a Tuya line: it answers by a table, as its role must, while scripts do their part.

    ``mute``: commands that it does not answer now. ``delay_s``: how long it takes for an answer. ``version``: of its
    frames. ``is_quiet``: it begins nothing by itself now. Between two frames GAP_S pass, as a careful end has it.
    """

    usual_delay_s = 0.01

    def __init__(self, line: Line, version: int) -> None:
        self.line = line
        self.mute: set[int] = set()
        self.update: Any = None  # Any: what came of an update, see update_checks
        self.is_silent = self.is_quiet = False
        self._free_at = 0.0
        self._usual_version = version
        self.reset()

    def reset(self) -> None:
        self.mute.clear()
        self.is_silent = self.is_quiet = False
        self.delay_s = self.usual_delay_s
        self.version = self._usual_version

    def answers(self) -> dict[int, AnswerTo]:
        """By command of the other end, what is answered."""
        return {}

    def received(self, entry: LineEntry) -> None:
        frame = entry.frame
        if frame is None or self.is_silent or frame.command in self.mute:
            return
        answer = self.answers().get(frame.command)
        try:
            answers = answer(frame.payload) if answer is not None else ()
        except UNREADABLE:  # malformed, so it is not answered
            return
        for command, payload in answers:
            self.send(command, payload, after=self.delay_s)

    def send(self, command: int, payload: bytes = b"", *, after: float = 0.0) -> None:
        """A frame after ``after`` seconds, and GAP_S behind the one before it."""
        at = max(self.line.now + after, self._free_at)
        self._free_at = at + GAP_S
        send_frame(self.line, command, payload, version=self.version, after=at - self.line.now)

    def tick(self, now: float) -> None:
        """Nothing is due by itself."""

    def deadline(self) -> float | None:
        return None


def exchange(
    line: Line,
    command: int,
    payload: bytes = b"",
    *,
    answer: int | None = None,
    sub: int | None = None,
    seconds: float = 1.0,
) -> Script[LineEntry | None]:
    """Send a frame; its answer, None = there was none in time. ``answer``: another command that answers it."""
    line.end.send(command, payload)
    return (yield from line.wait_for(is_command(command if answer is None else answer, sub), seconds))
