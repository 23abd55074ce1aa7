"""The module's end of a Tuya Wi-Fi line: we are the Wi-Fi module, the device is the MCU.

    heartbeat each second until answered ─► 01 product ─► 02 mode ─► 03 network status ─► 08 query ─► 07 …
         ▲  then every 15 s; no answer for 3 s = offline          └─ online from here on
         └─ an answer 00 = the MCU restarted: all of it again

Each step is asked again a few times. Where the MCU stays silent the session says so in words (Waiting) and
tries again after each heartbeat. 03 and 08 are steps too, but MCUs that leave them unanswered are of use.
Source: docs/protocols/tuya_wifi.md §2.3, §2.6.
"""

from collections.abc import Mapping, Sequence
from struct import Struct

from unclouded.core.errors import CommandError
from unclouded.core.session import (
    Ambient,
    Answer,
    Event,
    Failure,
    Identified,
    LinkPath,
    Offline,
    Out,
    Refusal,
    Rejected,
    Reported,
    SessionCommand,
    Ticket,
    WireCommand,
    WireValue,
)
from unclouded.core.session_parts import DeferredEvents, Timers, earliest
from unclouded.families.tuya.echo_filter import EchoFilter
from unclouded.families.tuya.line.datapoint import BOOL, KEYS, VALUE, decode_value, read_units
from unclouded.families.tuya.line.endpoint import NO_PATH, LineEndpoint, Pieces
from unclouded.families.tuya.line.framing import Frame
from unclouded.families.tuya.line.request_queue import Request, RequestQueue
from unclouded.families.tuya.line.shapes import OVERHEAD
from unclouded.families.tuya.messages import Bare, Points, Product, Unknown, frame_of
from unclouded.families.tuya.pending_commands import PendingCommands, parts_of, points_of, wanted_of
from unclouded.families.tuya.update.action import COURSES
from unclouded.families.tuya.update.sender import NAMES, Updater
from unclouded.families.tuya.wifi.commands import WIFI, read_message, wifi_redact
from unclouded.families.tuya.wifi.messages import Heartbeat
from unclouded.families.tuya.wifi.module_services import ModuleServices
from unclouded.families.tuya.wifi.module_start import HEARTBEAT, POLL, QUERY, SET, ModuleStart, WifiSettings
from unclouded.families.tuya.wifi.product_info import features_of, sub_versions

COMMAND_PAUSE = 0.3  # s from a 06 to the next request, for its report; docs/protocols/tuya_wifi.md §2.6 item 2
DUMP = 1.0  # s in which an MCU tells all its data points after the query of the start; no frame ends them

NOT_YET = "the MCU has not told yet what it is"

REPORT = 0x07
EXTENDED = 0x34  # both ends ask with it; an acknowledgement is a kind and nothing else
read_number = Struct(">i").unpack_from


__all__ = ("WifiModule", "WifiSettings")


class WifiModule:
    """A session in the controller role."""

    def __init__(self, settings: WifiSettings, ambient: Ambient) -> None:
        self._settings = settings
        self._line = LineEndpoint(WIFI.shapes, settings.frame_gap_s)
        self._counts = self._line.counts
        self._pace = RequestQueue(settings.minimum_gap_s)
        self._commands = PendingCommands(settings.command_timeout_s)
        self._timers = Timers()
        self._later = DeferredEvents()
        self._dump_until = 0.0
        self._echoes = EchoFilter(settings.echo_s)
        self._ignored = frozenset(str(point) for point in settings.ignore)
        self._types: dict[str, int] = {}
        self._info: dict[str, str] = {}
        self._start = ModuleStart(settings, self._pace, self._timers, self._counts)
        self._answers = ModuleServices(settings, self._pace, self._timers, self._start, ambient, self._counts)
        self._updater = Updater(COURSES, self._pace, self._counts, lambda: self._answers.buffer, self._start.resume)
        self._unknown: set[int] = set()

    def up(self, path: LinkPath, now: float) -> Sequence[Event]:
        events = self._take(self._line.close(), now)
        self._line.path = path.name
        events += self._updater.lost("the connection was made anew")
        self._forget()
        self._start.begin(now)
        return [*events, *self._answers.begin(now)]

    def down(self, path: str, reason: str, now: float) -> Sequence[Event]:
        if self._line.path is None:
            return [Offline(reason)]  # why there is no connection yet
        if path != self._line.path:
            return ()
        events = self._take(self._line.close(), now)
        self._line.path = None
        self._forget()
        self._start.forget()
        return [*events, *self._updater.lost(reason), *self._commands.unreachable(reason), Offline(reason)]

    def receive(self, data: bytes, now: float, path: str = "", re: int = 0) -> Sequence[Event]:
        return self._take(self._line.feed(data, now), now)

    def failed(self, id: int, why: Failure, now: float) -> Sequence[Event]:  # bytes have no fate here
        return ()

    def submit(self, command: SessionCommand, now: float) -> Ticket:
        why_not = NO_PATH if self._line.path is None else self._start.why_not()
        if not isinstance(command, WireCommand) or self._updater.busy:
            return self._updater.submit(command, now, why_not or ("" if self._start.is_online else NOT_YET))
        if command.part:
            raise CommandError("A Tuya Wi-Fi device has no sub-devices.")
        points = points_of(command, self._types)
        parts = parts_of(points, self._answers.buffer)
        ticket = self._commands.begin(wanted_of(points), now)
        if why_not:
            self._later.add(self._commands.unreachable(why_not, ticket), now)
        else:
            for part in parts:
                data = bytes(frame_of(Points(0x06, part)))
                self._pace.ask(Request(data, REPORT, COMMAND_PAUSE, name=SET, ticket=ticket))
        return ticket

    def answer(self, id: int, value: Answer | Refusal, now: float) -> Sequence[Event]:
        ours = self._updater.owns(id)
        events = self._updater.answer(id, value, now) if ours else self._answers.answer(id, value)
        self._pump(now)
        return events

    def tick(self, now: float) -> Sequence[Event]:
        events = [*self._later.take(), *self._take(self._line.tick(now), now)]
        given_up = self._pace.given_up(now)
        if given_up is not None:
            events += self._unanswered(given_up, now)
        for name in self._timers.due(now):
            events += self._run(name, now)
        if self._echoes:
            events += self._tell_rest(now)
        events += self._updater.tick(now)
        late = self._commands.overdue(now)
        if late:
            self._pace.only(self._commands.open)
        events += late
        self._pump(now)
        return events

    def deadline(self) -> float | None:
        return earliest(
            self._later.deadline(),
            self._line.deadline(),
            self._pace.deadline(),
            self._timers.earliest(),
            self._commands.deadline(),
            self._echoes.deadline(),
            self._updater.deadline(),
        )

    def outgoing(self, now: float) -> list[Out]:
        self._pump(now)
        return self._line.drain()

    def stats(self) -> Mapping[str, float]:
        return {
            **self._line.stats("unknown", "restarts"),
            **self._pace.stats(),
            "values_on_the_way": self._echoes.dropped,
        }

    # --- what the line says ----------------------------------------------------------------------

    def _take(self, pieces: Pieces, now: float) -> list[Event]:
        events: list[Event] = []
        frames = size = 0
        expected = (
            bool(self._ignored)
            or self._pace.waits_for(REPORT)
            or bool(self._commands.open)
            or now < self._dump_until
            or bool(self._echoes)
        )
        for piece in pieces:
            if not isinstance(piece, Frame):
                events.append(self._line.lost(piece))
                continue
            payload = piece.payload
            frames += 1
            length = len(payload)
            size += length
            if piece.command != REPORT:
                self._hear(piece, now, events)
            elif expected:
                self._report(payload, now, events)
            elif length == 8 and payload[1] == VALUE and payload[3] == 4:
                key = KEYS[payload[0]]  # one number that nobody waits for: by far the commonest
                self._types[key] = VALUE
                events.append(Reported({key: read_number(payload, 4)[0]}))
            elif length == 5 and payload[1] == BOOL and payload[3] == 1 and payload[4] < 2:
                key = KEYS[payload[0]]
                self._types[key] = BOOL
                events.append(Reported({key: payload[4] == 1}))
            else:
                self._report(payload, now, events)
        self._counts["frames_in"] += frames
        self._counts["frame_bytes"] += size + frames * OVERHEAD
        return events

    def _report(self, payload: bytes, now: float, events: list[Event]) -> None:
        """The values of a 07 or 22; no DataPoint is made on the way."""
        request = self._pace.heard(REPORT, now)
        if request is not None and request.name == QUERY:
            self._dump_until = now + DUMP
        repeated = now < self._dump_until
        values: dict[str, WireValue] = {}
        seen: dict[str, WireValue] = {}  # of the whole frame
        odd: dict[str, str] = {}
        for id, type, body in read_units(payload):
            key = KEYS[id]
            if key in values:  # an MCU may report a point twice in one frame
                self._tell(values, odd, repeated, events)
                seen |= values
                values, odd = {}, {}
            if type == VALUE and len(body) == 4:
                values[key] = int.from_bytes(body, signed=True)
            else:
                values[key], warning = decode_value(type, body)
                if warning:
                    odd[key] = warning
            self._types[key] = type
        self._tell(values, odd, repeated, events)
        if request is not None:
            events += self._start.answered(request, now)
        if self._commands.open:
            events += self._commands.reported(seen | values)

    def _tell(
        self, values: Mapping[str, WireValue], odd: Mapping[str, str], repeated: bool, events: list[Event]
    ) -> None:
        """Pass values on, but those that are not wanted, or are on the way to what was wished."""
        if self._ignored or self._echoes:
            self._counts["ignored"] += len(self._ignored & values.keys())
            values = self._echoes.pass_on({key: value for key, value in values.items() if key not in self._ignored})
            odd = {key: odd[key] for key in odd if key in values}
        if values:
            events.append(Reported(values, odd=odd, repeated=repeated))

    def _tell_rest(self, now: float) -> list[Event]:
        """Where a point that was set has come to rest elsewhere."""
        values = self._echoes.due(now)
        return [Reported(values)] if values else []

    def _hear(self, frame: Frame, now: float, events: list[Event]) -> None:
        if frame.command == 0x00 and frame.payload == b"\1":  # by far the commonest
            self._pace.heard(0x00, now)
            self._start.alive(False, now)
            return
        echo = frame.command == 0x00 and not frame.payload  # no MCU says that: it is what we said
        answers = not echo and (frame.command != EXTENDED or len(frame.payload) == 1)
        request = self._pace.heard(frame.command, now) if answers else None
        match read_message("device", frame):
            case Heartbeat(restarted=restarted):
                self._start.alive(restarted, now)
                events += self._updater.restarted(now) if restarted else []
            case Product() as product:
                events += self._identify(product, frame.version)
            case Points(command=0x22):
                self._report(frame.payload, now, events)
                events += self._answers.taken()
            case Unknown(command=0x00) if not echo:
                self._start.alive(False, now)
            case message:
                told = self._updater.hear(message, request, now)
                if told is None:
                    told = self._answers.hear(message, frame, now)
                events += told if told is not None else [] if request is not None else self._reject(frame)
        if request is not None:
            events += self._start.answered(request, now)
            if request.prompt:
                self._pump(now)

    def _reject(self, frame: Frame) -> list[Event]:
        """Counted each time, told once for each command."""
        self._counts["unknown"] += 1
        if frame.command == 0x00 and not frame.payload:
            self._counts["echoes"] += 1
        if frame.command in self._unknown:
            return []
        self._unknown.add(frame.command)
        name = WIFI.name_of(frame.command, frame.payload)
        words = f"unknown command 0x{frame.command:02x}{f' ({name})' if name else ''}"
        return [Rejected(words, wifi_redact("device", bytes(frame)))]

    def _identify(self, product: Product, version: int) -> list[Event]:
        info = {"product": product.product, "version": product.version, "protocol": str(version)}
        info |= {**sub_versions(product.fields), "features": features_of(product.fields)}
        self._start.product = product.fields
        events: list[Event] = []
        if not product.product and "product" not in self._info:
            events.append(Rejected("product info that names no product", wifi_redact("device", product.data)))
        if info != self._info:
            self._info = info
            events.append(Identified({key: text for key, text in info.items() if text}))
        return [*events, *self._updater.identified(info)]

    # --- what is said ------------------------------------------------------------------------------

    def _unanswered(self, request: Request, now: float) -> list[Event]:
        if request.name in NAMES:
            return self._updater.unanswered(request, now)
        events = self._start.unanswered(request, now, self._line.held)
        lost = [event.reason for event in events if isinstance(event, Offline)]
        return [*(self._commands.unreachable(lost[0]) if lost else ()), *events]

    def _run(self, timer: str, now: float) -> list[Event]:
        if timer == HEARTBEAT:
            self._start.beat()
        elif timer == POLL:
            if not self._updater.busy:
                self._pace.ask(Request(bytes(frame_of(Bare(0x08))), REPORT, COMMAND_PAUSE, name=POLL))
            self._timers.set(POLL, now + self._settings.poll_s)
        else:
            return self._answers.unasked.run(timer, now, quiet=self._updater.busy or not self._start.is_online)
        return []

    def _forget(self) -> None:
        """Nothing is under way, nobody waits."""
        self._line.drop()
        self._pace.reset()
        self._timers.clear_all()
        self._answers.forget()
        self._echoes.clear()

    def _pump(self, now: float) -> None:
        if self._line.path is None:
            return
        for request in self._pace.ready(now):
            self._line.put(request.data)
            if request.ticket:
                command = self._commands.sent(request.ticket)
                if command is not None:
                    self._echoes.sent(command.wanted, now)
