"""Checks of answers: whether a question is answered, and whether the answer is right. Shared by Tuya's lines.

Source: docs/protocols/tuya_wifi.md §2.4.13.
"""

from collections.abc import Callable
from datetime import UTC, datetime

from unclouded.conformance.line import LineEntry, Script
from unclouded.conformance.tuya.frames import Line, exchange

Good = Callable[[bytes], str]  # of an answer's payload: "" or what is wrong with it


# --- answers -----------------------------------------------------------------------------------------


def answered(
    command: int, payload: bytes = b"", *, sub: int | None = None, seconds: float = 1.0
) -> Callable[[Line], Script[None]]:
    """The question is answered at all."""

    def script(line: Line) -> Script[None]:
        entry = yield from exchange(line, command, payload, sub=sub, seconds=seconds)
        line.require(entry, f"{command:02x} is not answered within {seconds:g} s.")

    return script


def answer_is(
    good: Good, command: int, payload: bytes = b"", *, sub: int | None = None, seconds: float = 1.0
) -> Callable[[Line], Script[None]]:
    """Its answer is right. Where there is none, the check does not apply."""

    def script(line: Line) -> Script[None]:
        entry = yield from answer(line, command, payload, sub=sub, seconds=seconds)
        wrong = good(entry.frame.payload)
        line.require(not wrong, wrong)

    return script


def answer(
    line: Line, command: int, payload: bytes = b"", *, sub: int | None = None, seconds: float = 1.0
) -> Script[LineEntry]:
    """The answer to a command; the check does not apply where there is none within so many seconds."""
    entry = yield from exchange(line, command, payload, sub=sub, seconds=seconds)
    if entry is None:
        line.not_applicable(f"It does not answer {command:02x}{'' if sub is None else f'/{sub:02x}'}.")
    return entry


def is_exactly(*payloads: bytes) -> Good:
    """Accepts an answer that is one of these payloads; "" or why it is none."""

    def good(data: bytes) -> str:
        expected = " or ".join(one.hex() for one in payloads)
        return "" if data in payloads else f"The answer is {data.hex() or 'empty'} instead of {expected}."

    return good


def is_byte(low: int, high: int, size: int = 1, at: int = 0) -> Good:
    """So many bytes, and one of them in this range."""

    def good(data: bytes) -> str:
        if len(data) != size:
            return f"The answer has {len(data)} bytes instead of {size}."
        return "" if low <= data[at] <= high else f"The answer is {data.hex()}: byte {at + 1} is not {low} to {high}."

    return good


# --- the time ----------------------------------------------------------------------------------------


def time_of(data: bytes, size: int) -> datetime | None:
    """The time in an answer to 0c or 1c; None = not known, or wrong."""
    if len(data) != size or data[0] != 1:
        return None
    try:
        return datetime(2000 + data[1], *data[2:7], tzinfo=UTC)  # type: ignore[misc]  # six numbers
    except ValueError:
        return None


def is_time(size: int) -> Good:
    """Accepts an answer that is a time of ``size`` bytes, or zeros for a time that is not known; "" or why not."""

    def good(data: bytes) -> str:
        if len(data) != size:
            return f"The answer has {len(data)} bytes instead of {size}."
        if data[0] == 0:
            return "" if not any(data) else "The time is not known, and its bytes are not zero."
        return "" if time_of(data, size) is not None else f"{data.hex(' ')} is not a time."

    return good


def weekday_is_right(command: int) -> Callable[[Line], Script[None]]:
    """The last byte of a local time, 1 = Monday."""

    def script(line: Line) -> Script[None]:
        entry = yield from answer(line, command)
        at = time_of(entry.frame.payload, 8)
        if at is None:
            line.skip("It does not know the time.")
        day = entry.frame.payload[7]
        line.require(
            day == at.isoweekday(), f"{at:%Y-%m-%d} is day {at.isoweekday()} of the week, and it reports {day}."
        )

    return script


def time_runs(command: int, size: int) -> Callable[[Line], Script[None]]:
    """Two times differ by as much as passed between them."""

    def script(line: Line) -> Script[None]:
        first = yield from known_time(line, command, size)
        began = line.now
        yield from line.pause(3.0)
        moved = ((yield from known_time(line, command, size)) - first).total_seconds()
        passed = line.now - began
        line.require(abs(moved - passed) <= 1.5, f"In {passed:.1f} s its clock moved by {moved:.0f} s.")

    return script


def time_is_right(command: int) -> Callable[[Line], Script[None]]:
    """GMT within 2 min of this computer's clock."""

    def script(line: Line) -> Script[None]:
        at = yield from known_time(line, command, 7)
        off = at.timestamp() - line.unix()
        line.require(abs(off) <= 120, f"Its clock differs from this computer's by {off:.0f} s.")

    return script


def known_time(line: Line, command: int, size: int) -> Script[datetime]:
    """The time that the other end answers with; the check is skipped where it does not know the time."""
    entry = yield from answer(line, command)
    at = time_of(entry.frame.payload, size)
    if at is None:
        line.skip("It does not know the time.")
    return at
