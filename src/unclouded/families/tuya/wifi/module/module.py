"""The module's end of a Tuya Wi-Fi line: we are the Wi-Fi module, the device is the MCU.

    heartbeat each second until answered ─► 01 product ─► 02 mode ─► 03 network status ─► 08 query ─► 07 …
         ▲  then every 15 s; no answer for 3 s = offline          └─ online from here on
         └─ an answer 00 = the MCU restarted: all of it again

Each step is asked again a few times. Where the MCU stays silent the session reports it as text (Waiting) and
tries again after each heartbeat. Of the others one answer is enough: MCUs exist that leave 00, 02, 03 or 08 unanswered.
Source: docs/protocols/tuya_wifi.md §2.3, §2.6.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from struct import Struct

from unclouded.core.errors import CommandError
from unclouded.core.sessions.session import (
    Ambient,
    Event,
    Identified,
    NumberType,
    Offline,
    Rejected,
    Reported,
    SessionCommand,
    Ticket,
    WireCommand,
    WireValue,
)
from unclouded.core.sessions.session_parts import Ids, earliest
from unclouded.families.tuya.echo_filter import DROPPED, EchoFilter
from unclouded.families.tuya.line.datapoint import (
    BITMAP,
    BOOL,
    KEYS,
    NUMBER_TYPES,
    VALUE,
    DataPoint,
    decode_value,
    read_units,
)
from unclouded.families.tuya.line.endpoint import NO_PATH, Endpoint, EndpointParts, Pieces
from unclouded.families.tuya.line.framing import Frame
from unclouded.families.tuya.line.request_queue import AnsweredBy, Request
from unclouded.families.tuya.messages import Bare, Points, Product, Unknown, frame_of
from unclouded.families.tuya.pending_commands import PendingCommands, frames_of_points, points_of, wanted_of
from unclouded.families.tuya.update.packets import LIVENESS as UPDATE_LIVENESS
from unclouded.families.tuya.update.sender import NAMES, Updater
from unclouded.families.tuya.wifi import codes
from unclouded.families.tuya.wifi.commands import WIFI, read_message, wifi_redact
from unclouded.families.tuya.wifi.messages import Heartbeat
from unclouded.families.tuya.wifi.module.buffer import McuBuffer
from unclouded.families.tuya.wifi.module.evidence import QUERY
from unclouded.families.tuya.wifi.module.repeats import DumpReports, SyncRepeats
from unclouded.families.tuya.wifi.module.services import ModuleServices
from unclouded.families.tuya.wifi.module.settings import WifiSettings
from unclouded.families.tuya.wifi.module.start import (
    HEARTBEAT,
    LIVENESS,
    PAIRING,
    POLL,
    QUERY_ANSWER,
    SET,
    ModuleStart,
)
from unclouded.families.tuya.wifi.product_info import features_of, sub_versions
from unclouded.families.tuya.wifi.update_kinds import WIFI_KINDS

REPORT_TIMEOUT_S = WIFI.spec(codes.SET).timeout_s  # from a 06 to the next request, for its report
NOT_YET = "the MCU has not reported yet what it is"
ALIVE = b"\1"  # payload of a heartbeat's answer: not the first one

REPORT = codes.REPORT
read_number = Struct(">i").unpack_from

__all__ = ("WifiModule", "WifiSettings", "wifi_module")


class WifiModule:
    """The hub's end of an appliance: the Role of the module."""

    def __init__(self, settings: WifiSettings, ambient: Ambient, parts: EndpointParts) -> None:
        self._settings = settings
        self._line = parts.line
        self._counts = parts.counts
        self._queue = parts.queue
        self._timers = parts.timers
        self._deferred = parts.deferred
        self._commands = PendingCommands(settings.command_timeout_s, parts.ids)
        self._echoes = EchoFilter(settings.echo_s, parts.counts)
        self._ignored = frozenset(str(point) for point in settings.ignore)
        self._types: dict[str, int] = {}
        self._widths: dict[str, int] = {}  # of bitmaps, in bytes, as reported
        self._info: dict[str, str] = {}
        self._dump = DumpReports()
        self._syncs = SyncRepeats()
        self._unknown: set[int] = set()
        self._buffer = McuBuffer(settings, ambient.memory)
        self._start = ModuleStart(settings, parts)
        self._services = ModuleServices(settings, parts, self._start, self._buffer, ambient)
        self._updater = Updater(WIFI_KINDS, parts, lambda: self._buffer.declared, self._start.resume)

    # --- the connection --------------------------------------------------------------------------

    def opened(self, now: float) -> Sequence[Event]:
        events = self._updater.lost("the connection was opened again")
        self._forget()
        self._start.begin(now)
        return [*events, *self._services.begin(now)]

    def closed(self, reason: str, now: float) -> Sequence[Event]:
        self._forget()
        self._start.forget()
        return [*self._updater.lost(reason), *self._commands.unreachable(reason)]

    def _forget(self) -> None:
        self._services.forget()
        self._buffer.forget()
        self._echoes.clear()

    def recognise(self, is_certain: bool) -> None:
        """Whether the MCU is known to use this dialect; if not, nothing but a heartbeat's answer begins the start."""
        self._start.is_certain = is_certain

    # --- commands --------------------------------------------------------------------------------

    def submit(self, command: SessionCommand, now: float) -> Ticket:
        why_not = NO_PATH if self._line.path is None else self._start.why_not()
        if not isinstance(command, WireCommand) or self._updater.is_busy:
            return self._updater.submit(command, now, why_not or ("" if self._start.is_online else NOT_YET))
        if command.part:
            raise CommandError("A Tuya Wi-Fi device has no sub-devices.")
        points = points_of(command, self._types, self._widths)
        frames = frames_of_points(points, self._buffer.size, self._buffer.why())
        ticket = self._commands.begin(points, now)
        if why_not:
            self._deferred.add(self._commands.unreachable(why_not, ticket), now)
            return ticket
        for some in frames:
            data = bytes(frame_of(Points(codes.SET, some)))
            self._queue.add(Request(data, _report_of(some), REPORT_TIMEOUT_S, name=SET, ticket=ticket))
        return ticket

    def sending(self, request: Request, now: float) -> bool:
        command = self._commands.sent(request.ticket) if request.ticket else None
        if command is not None:
            self._echoes.sent(wanted_of(command.points), now)
        if request.name == UPDATE_LIVENESS and not self._start.beats:
            return False  # it wants no heartbeats: wait as long without
        self._start.sending(request)
        self._buffer.sent(len(request.data), request.rule is not None, request.name in NAMES)
        return True

    # --- time ------------------------------------------------------------------------------------

    def unanswered(self, request: Request, now: float) -> Sequence[Event]:
        if request.name in NAMES:
            return self._updater.unanswered(request, now)
        events = self._start.unanswered(request, now, self._line.held, self._buffer.hint())
        for event in events:
            if isinstance(event, Offline):
                return [*self._commands.unreachable(event.reason), *events, *self._buffer.stopped()]
        if self._buffer.is_suspected:
            self._start.doubt()
        return events

    def due(self, timer: str, now: float) -> Sequence[Event]:
        if timer == HEARTBEAT:
            self._start.beat()
        elif timer == LIVENESS:
            self._start.check(now)
        elif timer == PAIRING:
            self._start.connect()
        elif timer == POLL:
            if not self._updater.is_busy:
                self._queue.add(Request(bytes(frame_of(Bare(codes.QUERY))), QUERY_ANSWER, REPORT_TIMEOUT_S, name=POLL))
            self._timers.set(POLL, now + self._settings.poll_s)
        else:
            return self._services.unasked.run(timer, now, quiet=self._updater.is_busy or not self._start.is_online)
        return ()

    def tick(self, now: float) -> Sequence[Event]:
        held = self._echoes.due(now) if self._echoes else {}  # where a point that was set has come to rest elsewhere
        events = [*([Reported(held)] if held else ()), *self._updater.tick(now)]
        late = self._commands.overdue(now)
        if late:
            self._queue.keep_only(self._commands.open)
        return [*events, *late]

    def deadline(self) -> float | None:
        return earliest(self._commands.deadline(), self._echoes.deadline(), self._updater.deadline())

    def stats(self, now: float) -> Mapping[str, float]:
        return {name: self._counts[name] for name in ("unknown", "restarts", DROPPED)}

    # --- what the MCU sends ----------------------------------------------------------------------

    def plain_reports(self, pieces: Pieces, at: int, now: float, events: list[Event]) -> int:
        """Take the reports from ``at`` on that no request and no command waits for; where the next other piece is."""
        if (
            not self._start.is_online
            or self._ignored
            or self._commands.open
            or self._echoes
            or self._dump.is_open(now)
            or self._queue.waits_for(REPORT)
        ):
            return at
        types, begin, size = self._types, at, 0
        for piece in pieces[at:] if at else pieces:
            if type(piece) is not Frame or piece.command != REPORT:
                break
            payload = piece.payload
            length = len(payload)
            if length == 8 and payload[1] == VALUE and payload[3] == 4:  # one number: by far the most common
                key = KEYS[payload[0]]
                types[key] = VALUE
                events.append(Reported({key: read_number(payload, 4)[0]}))
            elif length == 5 and payload[1] == BOOL and payload[3] == 1 and payload[4] < 2:
                key = KEYS[payload[0]]
                types[key] = BOOL
                events.append(Reported({key: payload[4] == 1}))
            else:
                self._report(piece, None, now, events)
            size += length
            at += 1
        self._line.count(at - begin, size)
        return at

    def received(self, frame: Frame, now: float) -> Sequence[Event]:
        events: list[Event] = []
        request = self._queue.received(frame, now)
        if request is not None:
            events += self._buffer.answered()
        if frame.command == REPORT:
            self._report(frame, request, now, events)
        else:
            self._understand(frame, request, now, events)
        return events

    def noise(self, rejected: Rejected, now: float) -> Sequence[Event]:
        return (rejected,)

    def _report(
        self, frame: Frame, request: Request | None, now: float, events: list[Event], repeated: bool = False
    ) -> None:
        """The values of a 07 or 22, which may answer a request; no DataPoint is made on the way."""
        if not self._start.is_online:
            events += self._start.reported(now)
        if request is not None and request.name == QUERY:
            self._dump.begin(now)
        is_dump = frame.command == REPORT and self._dump.continues(now)
        values: dict[str, WireValue] = {}
        seen: dict[str, WireValue] = {}  # of the whole frame
        odd: dict[str, str] = {}
        types: dict[str, NumberType] = {}
        for id, type, body in read_units(frame.payload):
            key = KEYS[id]
            if key in values:  # an MCU may report a point twice in one frame
                self._pass_on(values, odd, types, self._dump.take(values) if is_dump else repeated, events)
                seen |= values
                values, odd, types = {}, {}, {}
            if type == VALUE and len(body) == 4:
                values[key] = int.from_bytes(body, signed=True)
            else:
                values[key], warning = decode_value(type, body)
                if warning:
                    odd[key] = warning
                if type in NUMBER_TYPES:
                    types[key] = NUMBER_TYPES[type]
                if type == BITMAP:
                    self._widths[key] = len(body)
            self._types[key] = type
        self._pass_on(values, odd, types, self._dump.take(values) if is_dump else repeated, events)
        if request is not None:
            events += self._start.answered(request, now)
        if self._commands.open:
            events += self._commands.reported(seen | values)

    def _pass_on(
        self,
        values: Mapping[str, WireValue],
        odd: Mapping[str, str],
        types: Mapping[str, NumberType],
        repeated: bool,
        events: list[Event],
    ) -> None:
        """Report values, but those that are ignored, or are on the way to what was commanded."""
        if self._ignored or self._echoes:
            self._counts["ignored"] += len(self._ignored & values.keys())
            values = self._echoes.pass_on({key: value for key, value in values.items() if key not in self._ignored})
            odd = {key: odd[key] for key in odd if key in values}
        if values:
            events.append(Reported(values, odd=odd, types=types, repeated=repeated))

    def _understand(self, frame: Frame, request: Request | None, now: float, events: list[Event]) -> None:
        if frame.command == codes.HEARTBEAT and frame.payload == ALIVE:  # the most common by far
            self._start.alive(False, now)
            return
        match read_message("device", frame):
            case Heartbeat(restarted=restarted):
                self._start.alive(restarted, now)
                events += self._updater.restarted(now) if restarted else []
            case Product() as product:
                events += self._identify(product, frame.version)
                self._start.found(now)
            case Points(command=codes.SYNC_REPORT):
                number, repeated = self._syncs.received(frame.payload, now)
                self._report(frame, request, now, events, repeated)
                events += self._services.taken(now, partial(self._syncs.answered, number))
                return
            case Unknown(command=codes.HEARTBEAT) if frame.payload:  # without payload it is our own, echoed
                self._start.alive(False, now)
            case message:
                handled = self._updater.received(message, request, now)
                if handled is None:
                    handled = self._services.received(message, frame, now)
                events += handled if handled is not None else [] if request is not None else self._reject(frame)
        if request is not None:
            events += self._start.answered(request, now)

    def _reject(self, frame: Frame) -> list[Event]:
        """Counted each time, reported once for each command."""
        self._counts["unknown"] += 1
        if frame.command in (codes.HEARTBEAT, codes.PRODUCT) and not (frame.payload or frame.version):
            self._counts["echoes"] += 1
        if frame.command in self._unknown:
            return []
        self._unknown.add(frame.command)
        name = WIFI.name_of(frame.command, frame.payload)
        reason = f"unknown command 0x{frame.command:02x}{f' ({name})' if name else ''}"
        return [Rejected(reason, wifi_redact("device", bytes(frame)))]

    def _identify(self, product: Product, version: int) -> list[Event]:
        info = {"product": product.product, "version": product.version, "protocol": str(version)}
        info |= {**sub_versions(product.fields), "features": features_of(product.fields)}
        self._start.product = product.fields
        events: list[Event] = []
        if not product.product and "product" not in self._info:
            events.append(Rejected("product info that names no product", wifi_redact("device", product.data)))
        if info != self._info:
            if any(self._info.get(key, info[key]) != info[key] for key in ("product", "version")):
                self._start.renewed()
            self._info = info
            events.append(Identified({key: text for key, text in info.items() if text}))
        return [*events, *self._updater.identified(info)]


def _report_of(points: Iterable[DataPoint]) -> AnsweredBy:
    """What answers a 06: a report of one of its points. Some MCUs report by 22 only."""
    return AnsweredBy(codes.REPORT, also=codes.SYNC_REPORT, points=frozenset(point.id for point in points))


def wifi_module(
    settings: WifiSettings, ambient: Ambient, ids: Ids | None = None, counts: Counter[str] | None = None
) -> Endpoint[WifiModule]:
    """A session in the controller role. ``ids``, ``counts``: of the device, see EndpointParts."""
    parts = EndpointParts(WIFI.shapes, settings.frame_gap_s, settings.minimum_gap_s, ids=ids, counts=counts)
    module = WifiModule(settings, ambient, parts)
    return Endpoint(parts, module, plain=module.plain_reports)
