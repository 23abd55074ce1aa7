"""Commands that were sent and not yet confirmed: the device's own report confirms one, never the sending.

    command {1: on} of part a ──sent──► a reports {1: on} ──► confirmed        b reports {1: on}: nothing
                                   └──► a reports {1: off} … time-out ──► refused

What is waited for is keyed (part, point): sub-devices of one gateway have the same points.
"""

from collections.abc import Collection, Mapping

import msgspec

from unclouded.core.errors import CommandError
from unclouded.core.sessions.session import Event, Ticket, WireCommand, WireValue
from unclouded.core.sessions.session_parts import Ids, Tickets
from unclouded.families.tuya.line.datapoint import (
    BITMAP,
    KEYS,
    NAMES,
    TYPES,
    DataPoint,
    decode_value,
    encode_value,
    type_of,
    value_text,
)
from unclouded.families.tuya.line.shapes import OVERHEAD

LOST = ("timeout", "unreachable")
UNREPORTED = "The device took it, but has not reported it."

Key = tuple[str, str]  # part, point


class PendingCommand:
    """One ticket: what each point is set to, and what the device reported of it since it was sent."""

    def __init__(self, part: str, points: tuple[DataPoint, ...]) -> None:
        self.part = part
        self.points = points
        self.wanted: dict[Key, WireValue] = {(part, key): value for key, value in wanted_of(points).items()}
        self.is_sent = self.is_taken = False
        self.seen: dict[Key, WireValue] = {}

    def is_fulfilled(self) -> bool:
        """Has the device reported all values that are wanted?"""
        return self.seen == self.wanted

    def contradiction(self) -> str:
        """What the device reports instead, as text; "" = nothing else."""
        other = {point: value for (part, point), value in self.seen.items() if value != self.wanted[part, point]}
        if len(other) == 1 and isinstance(value := next(iter(other.values())), bool):
            return f"The device reports that it is {'on' if value else 'off'}."
        reported = ", ".join(f"data point {point} is {value_text(value)}" for point, value in other.items())
        return f"The device reports something else: {reported}." if reported else ""


class PendingCommands:
    """The open commands of one device and its parts.

    ``trusts_taken``: whether a command that the device has taken counts as confirmed though no report follows, as
    with devices that sleep before they report.
    """

    def __init__(self, timeout_s: float, ids: Ids | None = None, trusts_taken: bool = False) -> None:
        self._timeout_s = timeout_s
        self._trusts_taken = trusts_taken
        self._tickets = Tickets(ids)
        self._open: dict[Ticket, PendingCommand] = {}

    @property
    def open(self) -> Mapping[Ticket, PendingCommand]:
        return self._open

    def begin(self, points: tuple[DataPoint, ...], now: float, part: str = "") -> Ticket:
        """Wait for the report of these points of a part; the ticket."""
        ticket = self._tickets.issue(now + self._timeout_s)
        self._open[ticket] = PendingCommand(part, points)
        return ticket

    def sent(self, ticket: Ticket) -> PendingCommand | None:
        """From now on the device's reports decide on this command, if it still is open."""
        command = self._open.get(ticket)
        if command is not None:
            command.is_sent = True
        return command

    def taken(self, tickets: Collection[Ticket]) -> None:
        """The device has acknowledged these."""
        for ticket in tickets:
            if ticket in self._open:
                self._open[ticket].is_taken = True

    def reported(self, values: Mapping[str, WireValue], part: str = "") -> list[Event]:
        """Confirm the commands that these values of a part fulfil."""
        done = []
        for ticket, command in self._open.items():
            if command.is_sent:
                keyed = (((part, point), value) for point, value in values.items())
                command.seen.update((key, value) for key, value in keyed if key in command.wanted)
                if command.is_fulfilled():
                    done.append(ticket)
        return [event for ticket in done for event in self._settle(ticket, "confirmed")]

    def overdue(self, now: float) -> list[Event]:
        """Settle those that have timed out: refused if the device reports otherwise, timeout if it reports nothing."""
        return [event for ticket in self._tickets.overdue(now) for event in self._settle(ticket, "timeout")]

    def unreachable(self, reason: str, ticket: Ticket | None = None) -> list[Event]:
        """Settle all of them, or one: there is no path to the device."""
        tickets = [ticket] if ticket is not None else list(self._open)
        return [event for one in tickets if one in self._open for event in self._settle(one, "unreachable", reason)]

    def deadline(self) -> float | None:
        """When the next open command times out, in monotonic seconds; None = none is open."""
        return self._tickets.earliest()

    def _settle(self, ticket: Ticket, result: str, reason: str = "") -> list[Event]:
        command = self._open.pop(ticket)
        other = command.contradiction() if result == "timeout" else ""
        if other:
            return self._tickets.settle(ticket, "refused", other)
        if result in LOST and self._trusts_taken and command.is_taken:
            return self._tickets.settle(ticket, "confirmed", UNREPORTED)
        if result == "unreachable":
            return self._tickets.settle(ticket, "unreachable", reason)
        if result == "confirmed":
            return self._tickets.settle(ticket)
        missing = "no report within" if command.is_sent else "it could not be sent within"
        return self._tickets.settle(ticket, "timeout", f"{missing} {self._timeout_s:g} s")


def points_of(command: WireCommand, known: Mapping[str, int], widths: Mapping[str, int] = {}) -> tuple[DataPoint, ...]:
    """The data points that a command sets. Raises CommandError where one cannot be.

    The type is what the profile says, else what the device itself reported (``known``), else what the value suggests.
    ``widths``: the bytes in which the device reported its bitmaps; they are set in as many, if the value fits.
    """
    if not command.values:
        raise CommandError("There is nothing to set.")
    points = (_point(key, value, command.types.get(key, ""), known) for key, value in command.values.items())
    return tuple(_widened(point, widths.get(KEYS[point.id], 0)) if point.type == BITMAP else point for point in points)


def wanted_of(points: tuple[DataPoint, ...]) -> dict[str, WireValue]:
    """The values that reports will show when the points are set."""
    return {str(point.id): decode_value(point.type, bytes(point)[4:])[0] for point in points}


def frames_of_points(points: tuple[DataPoint, ...], buffer: int, why: str = "") -> list[tuple[DataPoint, ...]]:
    """The points of a command in as few frames as an MCU of that buffer can take; 0 = any.

    Raises CommandError where one point alone is too long for it: small MCUs crash on what they cannot hold.
    ``why``: what the error says of the buffer.
    """
    if not buffer:
        return [points]
    room = buffer - OVERHEAD
    frames: list[tuple[DataPoint, ...]] = []
    for point in points:
        size = len(bytes(point))
        if size > room:
            raise CommandError(f"Data point {point.id} needs {size} bytes; this MCU takes {max(room, 0)} at once.{why}")
        if frames and sum(len(bytes(one)) for one in frames[-1]) + size <= room:
            frames[-1] += (point,)
        else:
            frames.append((point,))
    return frames


def _point(key: str, value: WireValue, hint: str, known: Mapping[str, int]) -> DataPoint:
    if not (key.isascii() and key.isdigit() and int(key) < 256):
        raise CommandError(f"A Tuya data point is a number from 0 to 255, not {key!r}.")
    if hint and hint not in TYPES:
        raise CommandError(f"Data point {key} has the type {hint!r}; Tuya knows {', '.join(NAMES)}.")
    key = str(int(key))
    type = TYPES[hint] if hint else known.get(key, type_of(value))
    body = encode_value(type, value)
    return DataPoint(int(key), type, decode_value(type, body)[0])


def _widened(bitmap: DataPoint, width: int) -> DataPoint:
    """In so many bytes, or in as many as its value needs."""
    body = encode_value(BITMAP, bitmap.value)
    return msgspec.structs.replace(bitmap, kept=body.rjust(width, b"\0")) if len(body) < width else bitmap
