"""Data points that are to be set: sent, and sent again until the sub-device itself has reported them.

    0c 1234 {1: on} ── 2 s without a report ──► 0c again ── … ──► 0d 1234 {1: on}: confirmed      or timeout
    0c 1234 {1: off} meanwhile: the older command is not sent again, for it would undo the newer one

Source: docs/protocols/tuya_gateway.md §2.4.2.
"""

from collections.abc import Mapping, Sequence

from unclouded.core.errors import CommandError
from unclouded.core.sessions.session import Event, Settled, Ticket, WireCommand, WireValue
from unclouded.core.sessions.session_parts import earliest
from unclouded.families.tuya.gateway.settings import GatewaySettings
from unclouded.families.tuya.gateway.wire import codes
from unclouded.families.tuya.gateway.wire.message_parts import GATEWAY_ID
from unclouded.families.tuya.gateway.wire.point_messages import SubDevicePoints
from unclouded.families.tuya.line.datapoint import KEYS, DataPoint
from unclouded.families.tuya.line.endpoint import EndpointParts
from unclouded.families.tuya.line.request_queue import Request
from unclouded.families.tuya.messages import frame_of
from unclouded.families.tuya.pending_commands import PendingCommands, points_of, wanted_of

MOST_OPEN = 1024  # commands at once
MOST_BYTES = 256  # of data in a frame; docs/protocols/tuya_gateway.md §1.7.2


class _Repeats:
    """The points of one command that are still to be sent. ``at``: when again; None = it waits in the queue."""

    def __init__(self, part: str, points: tuple[DataPoint, ...]) -> None:
        self.part = part
        self.points = {KEYS[point.id]: point for point in points}
        self.at: float | None = None


class PointCommands:
    """The open commands of a gateway and its sub-devices; a part "" is the gateway itself."""

    def __init__(self, settings: GatewaySettings, parts: EndpointParts) -> None:
        self._settings = settings
        self._queue = parts.queue
        self._pending = PendingCommands(settings.command_timeout_s, parts.ids)
        self._repeats: dict[Ticket, _Repeats] = {}

    def begin(self, command: WireCommand, known: Mapping[str, int], now: float) -> Ticket:
        """Raises CommandError for one that is invalid."""
        if len(self._repeats) >= MOST_OPEN:
            raise CommandError(f"{MOST_OPEN} commands are open already; wait until some have ended.")
        points = points_of(command, known)
        ticket = self._pending.begin(points, now, command.part)
        for older in self._repeats.values():
            if older.part == command.part:
                for point in points:
                    older.points.pop(KEYS[point.id], None)
        self._repeats[ticket] = _Repeats(command.part, points)
        self._send(ticket)
        return ticket

    def sending(self, request: Request, now: float) -> bool:
        """A request leaves now; False = it is one of these, and not needed any more."""
        repeats = self._repeats.get(request.ticket)
        if repeats is None:
            return True
        if not repeats.points:
            return False
        self._pending.sent(request.ticket)
        repeats.at = now + self._settings.command_repeat_s
        return True

    def reported(self, values: Mapping[str, WireValue], part: str) -> list[Event]:
        """What a sub-device reports: it may confirm commands to itself, and to no other."""
        for repeats in self._repeats.values():
            if repeats.part == part and repeats.at is not None:
                for key in values.keys() & repeats.points.keys():
                    if wanted_of((repeats.points[key],))[key] == values[key]:
                        del repeats.points[key]
        return self._kept(self._pending.reported(values, part))

    def unreachable(self, reason: str, part: str | None = None) -> list[Event]:
        """Settle all of them, or those to one part."""
        open = [ticket for ticket, one in self._pending.open.items() if part is None or one.part == part]
        return self._kept([event for ticket in open for event in self._pending.unreachable(reason, ticket)])

    def refuse(self, reason: str, ticket: Ticket) -> list[Event]:
        """Settle one that cannot be sent."""
        return self._kept(self._pending.unreachable(reason, ticket))

    def waits_for(self, part: str) -> bool:
        """Whether any open command is to this part; "" is the gateway itself."""
        return any(repeats.part == part for repeats in self._repeats.values())

    def tick(self, now: float) -> list[tuple[str, Event]]:
        """Send again what was not reported; the commands that have timed out, with the part that they were for."""
        parts = {ticket: one.part for ticket, one in self._repeats.items()}
        late = self._kept(self._pending.overdue(now))
        for ticket, repeats in self._repeats.items():
            if repeats.at is not None and repeats.at <= now:
                repeats.at = None
                if repeats.points:
                    self._send(ticket)
        return [(parts.get(event.ticket, ""), event) for event in late if isinstance(event, Settled)]

    def deadline(self) -> float | None:
        """When a command is sent again or times out, in monotonic seconds; None = none is open."""
        return earliest(self._pending.deadline(), *(one.at for one in self._repeats.values()))

    # --- inside ----------------------------------------------------------------------------------

    def _kept(self, events: list[Event]) -> list[Event]:
        """Forget what was still to be sent for commands that are settled."""
        ended = [event.ticket for event in events if isinstance(event, Settled)]
        for ticket in ended:
            del self._repeats[ticket]
        self._queue.cancel(*map(_set, ended))
        return events

    def _send(self, ticket: Ticket) -> None:
        repeats = self._repeats[ticket]
        id = repeats.part or GATEWAY_ID
        for points in frames_of(tuple(repeats.points.values()), self._room(id)):
            data = bytes(frame_of(SubDevicePoints(codes.SET, id, points)))
            self._queue.add(Request(data, name=_set(ticket), ticket=ticket, must=True, aside=True))

    def _room(self, id: str) -> int:
        """Bytes of data points in one frame; 0 = one data point, whatever its size."""
        return 0 if self._settings.one_point_per_frame else MOST_BYTES - 1 - len(id.encode())


def _set(ticket: Ticket) -> str:
    return f"set {ticket}"


def frames_of(points: Sequence[DataPoint], room: int) -> list[tuple[DataPoint, ...]]:
    """The points in as few frames as hold so many bytes; one that is longer has a frame of its own."""
    frames: list[tuple[DataPoint, ...]] = []
    left = -1
    for point in points:
        size = len(bytes(point))
        if size <= left:
            frames[-1] += (point,)
            left -= size
        else:
            frames.append((point,))
            left = room - size
    return frames
