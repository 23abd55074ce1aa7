"""Requests and responses of the radio's line in checks: reading, asking, and what was answered.

Source: docs/protocols/emporia.md §1.1, §1.2.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from unclouded.conformance.line import CheckLine, LineEntry, Script, Wanted
from unclouded.core.family import Sender
from unclouded.families.emporia.frame import EmporiaFrame, EmporiaFramer, EmporiaNoise, request

ANSWER_S = 2.0  # docs/protocols/emporia.md §1.3
TEXT, STRAY = "text", "stray bytes"  # why console text is noise, and what is neither
Line = CheckLine[Any]  # Any: our end of this line


class EmporiaReader:
    """The FrameReader of this line. ``sender``: whose bytes it reads."""

    def __init__(self, sender: Sender) -> None:
        self._framer = EmporiaFramer(sender)

    def feed(self, data: bytes, now: float) -> Sequence[tuple[bytes, Any, str]]:  # Any: an EmporiaFrame, or None
        return [_piece(one) for one in self._framer.feed(data, now)]

    def tick(self, now: float) -> Sequence[tuple[bytes, Any, str]]:  # Any: as above
        return [_piece(one) for one in self._framer.tick(now)]

    def deadline(self) -> float | None:
        return self._framer.deadline()


def _piece(piece: EmporiaFrame | EmporiaNoise) -> tuple[bytes, Any, str]:  # Any: as above
    return (bytes(piece), piece, "") if isinstance(piece, EmporiaFrame) else (piece.data, None, piece.reason)


def is_letter(*letters: str) -> Wanted:
    """A frame with one of these letters."""
    return lambda entry: entry.frame is not None and entry.frame.type in letters


def is_any_frame(entry: LineEntry) -> bool:
    """Whether an entry is a frame, whatever its letter."""
    return entry.frame is not None


def of_letter(entries: Iterable[LineEntry], *letters: str, sender: Sender | None = None) -> list[LineEntry]:
    """The frames with these letters, of one end where it is named."""
    return [
        entry
        for entry in entries
        if entry.frame is not None and entry.frame.type in letters and sender in (None, entry.sender)
    ]


def send_request(line: Line, letter: str, *, after: float = 0.0) -> None:
    """Sends the request with this letter, ``after`` seconds from now."""
    line.send(request(letter), EmporiaFrame("controller", letter), after=after)


def ask(line: Line, letter: str, seconds: float = ANSWER_S) -> Script[LineEntry | None]:
    """Send a request; its answer, None = there was none in time."""
    send_request(line, letter)
    return (yield from line.wait_for(is_letter(letter), seconds))


class Exchange(msgspec.Struct, frozen=True):
    """A request of ours, and the responses with its letter until the next such request."""

    asked: LineEntry
    answers: tuple[LineEntry, ...]

    @property
    def took_s(self) -> float:
        """Until the first answer. Raises IndexError where there is none."""
        return self.answers[0].at - self.asked.at

    @property
    def payload(self) -> bytes:
        """Of the first answer. Raises IndexError where there is none."""
        payload: bytes = self.answers[0].frame.payload
        return payload


def exchanges(entries: Iterable[LineEntry], letter: str) -> list[Exchange]:
    """Each request with this letter and the responses up to the next one; responses before the first are left out."""
    found: list[tuple[LineEntry, list[LineEntry]]] = []
    for entry in of_letter(entries, letter):
        if entry.sender == "controller":
            found.append((entry, []))
        elif found:
            found[-1][1].append(entry)
    return [Exchange(asked, tuple(answers)) for asked, answers in found]
