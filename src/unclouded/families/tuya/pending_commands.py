"""What was wished and not yet seen: a wish is fulfilled by the device's own report, never by sending it."""

from collections.abc import Mapping

from unclouded.core.errors import CommandError
from unclouded.core.session import Event, Ticket, WireCommand, WireValue
from unclouded.core.session_parts import Tickets
from unclouded.families.tuya.line.datapoint import (
    NAMES,
    TYPES,
    DataPoint,
    decode_value,
    encode_value,
    type_of,
    value_text,
)
from unclouded.families.tuya.line.shapes import OVERHEAD


class PendingCommand:
    """One ticket: what each data point shall be, and what the device said of it since."""

    def __init__(self, wanted: Mapping[str, WireValue]) -> None:
        self.wanted = dict(wanted)
        self.sent = False
        self.seen: dict[str, WireValue] = {}

    def fulfilled(self) -> bool:
        return self.seen == self.wanted

    def contradicted(self) -> str:
        """What the device reports instead, in words; "" = it said nothing else."""
        other = {key: value for key, value in self.seen.items() if value != self.wanted[key]}
        if len(other) == 1 and isinstance(value := next(iter(other.values())), bool):
            return f"The device reports that it is {'on' if value else 'off'}."
        said = ", ".join(f"data point {key} is {value_text(value)}" for key, value in other.items())
        return f"The device reports something else: {said}." if said else ""


class PendingCommands:
    """The open wishes of one device."""

    def __init__(self, patience_s: float) -> None:
        self._patience_s = patience_s
        self._tickets = Tickets()
        self.open: dict[Ticket, PendingCommand] = {}  # read only outside

    def begin(self, wanted: Mapping[str, WireValue], now: float) -> Ticket:
        ticket = self._tickets.issue(now + self._patience_s)
        self.open[ticket] = PendingCommand(wanted)
        return ticket

    def sent(self, ticket: Ticket) -> PendingCommand | None:
        """From now on the device's reports tell what became of it: of this wish, if it still is one."""
        command = self.open.get(ticket)
        if command is not None:
            command.sent = True
        return command

    def reported(self, values: Mapping[str, WireValue]) -> list[Event]:
        """Confirm the wishes that these values fulfil."""
        done = []
        for ticket, command in self.open.items():
            if command.sent:
                command.seen.update((key, value) for key, value in values.items() if key in command.wanted)
                if command.fulfilled():
                    done.append(ticket)
        return [event for ticket in done for event in self._settle(ticket, None)]

    def overdue(self, now: float) -> list[Event]:
        """Settle those whose time is up: refused if the device says otherwise, timeout if it says nothing."""
        return [event for ticket in self._tickets.overdue(now) for event in self._settle(ticket, "late")]

    def unreachable(self, reason: str, ticket: Ticket | None = None) -> list[Event]:
        """Settle all of them, or one: there is no way to the device."""
        if ticket is None:
            self.open.clear()
            return self._tickets.settle_all("unreachable", reason)
        self.open.pop(ticket, None)
        return self._tickets.settle(ticket, "unreachable", reason)

    def deadline(self) -> float | None:
        return self._tickets.earliest()

    def _settle(self, ticket: Ticket, late: str | None) -> list[Event]:
        command = self.open.pop(ticket)
        if late is None:
            return self._tickets.settle(ticket)
        other = command.contradicted()
        if other:
            return self._tickets.settle(ticket, "refused", other)
        words = "no report within" if command.sent else "it could not be sent within"
        return self._tickets.settle(ticket, "timeout", f"{words} {self._patience_s:g} s")


def points_of(command: WireCommand, known: Mapping[str, int]) -> tuple[DataPoint, ...]:
    """The data points that a wish sets. Raises CommandError where one cannot be.

    The type is what the profile says, else what the device itself reported, else what the value suggests.
    """
    if not command.values:
        raise CommandError("There is nothing to set.")
    return tuple(_point(key, value, command.types.get(key, ""), known) for key, value in command.values.items())


def wanted_of(points: tuple[DataPoint, ...]) -> dict[str, WireValue]:
    """The values that reports will show when the points are set."""
    return {str(point.id): decode_value(point.type, bytes(point)[4:])[0] for point in points}


def parts_of(points: tuple[DataPoint, ...], buffer: int) -> list[tuple[DataPoint, ...]]:
    """The points of a command in as few frames as an MCU of that buffer can take; 0 = any.

    Raises CommandError where one point alone is too long for it: small MCUs die of what they cannot hold.
    """
    if not buffer:
        return [points]
    room = buffer - OVERHEAD
    parts: list[tuple[DataPoint, ...]] = []
    for point in points:
        size = len(bytes(point))
        if size > room:
            raise CommandError(f"Data point {point.id} needs {size} bytes; this MCU takes {max(room, 0)} at once.")
        if parts and sum(len(bytes(one)) for one in parts[-1]) + size <= room:
            parts[-1] += (point,)
        else:
            parts.append((point,))
    return parts


def _point(key: str, value: WireValue, hint: str, known: Mapping[str, int]) -> DataPoint:
    if not (key.isascii() and key.isdigit() and int(key) < 256):
        raise CommandError(f"A Tuya data point is a number from 0 to 255, not {key!r}.")
    if hint and hint not in TYPES:
        raise CommandError(f"Data point {key} has the type {hint!r}; Tuya knows {', '.join(NAMES)}.")
    key = str(int(key))
    type = TYPES[hint] if hint else known.get(key, type_of(value))
    body = encode_value(type, value)
    return DataPoint(int(key), type, decode_value(type, body)[0])
