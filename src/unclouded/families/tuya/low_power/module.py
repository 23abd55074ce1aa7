"""The module's end of a battery device's Tuya line: we are the module, always on; the MCU sleeps.

    asleep ─► it wakes ─► 01 product ─► 02 network ─► online: 10 cache? 06 time? 05 report, 08 record ─► asleep
                                                        │ each answered at once
                                                        └ 09 sets, while it is awake

Records carry the device's own local time; they are reported at that time. A record that comes again, because
its answer was lost, is marked as repeated. Source: docs/protocols/tuya_low_power.md §2, §3.
"""

from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence

from unclouded.core.errors import CommandError
from unclouded.core.sessions.session import (
    Ambient,
    Answer,
    AskNetwork,
    AskSignal,
    AskStored,
    AskTime,
    Event,
    Identified,
    LocalTime,
    Network,
    Offline,
    Question,
    Refusal,
    Rejected,
    Reported,
    SessionCommand,
    Ticket,
    WireCommand,
)
from unclouded.core.sessions.session_parts import Ids, earliest
from unclouded.families.tuya.line.command import Message
from unclouded.families.tuya.line.datapoint import BITMAP, KEYS, DataPoint, point_values
from unclouded.families.tuya.line.endpoint import NO_PATH, Endpoint, EndpointParts
from unclouded.families.tuya.line.framing import Frame
from unclouded.families.tuya.line.redact import veil
from unclouded.families.tuya.line.request_queue import Request, request_of
from unclouded.families.tuya.line.shapes import UNIT_HEADER
from unclouded.families.tuya.local_time import moment_of
from unclouded.families.tuya.low_power import codes
from unclouded.families.tuya.low_power.command_cache import CommandCache
from unclouded.families.tuya.low_power.commands import LOW_POWER, read_low
from unclouded.families.tuya.low_power.messages import (
    FAILED,
    LATEST,
    TAKEN,
    UPDATING,
    Cache,
    CacheAsked,
    LowRecordReport,
    Reset,
    Strength,
    local_time,
    seconds_of,
)
from unclouded.families.tuya.low_power.module_wake import ModuleWake
from unclouded.families.tuya.low_power.update_kinds import LOW_KINDS
from unclouded.families.tuya.messages import Bare, NetworkStatus, Points, Product, Result, Unknown, frame_of
from unclouded.families.tuya.pending_commands import PendingCommands, frames_of_points, points_of
from unclouded.families.tuya.settings import LineSettings
from unclouded.families.tuya.update.sender import NAMES, Updater

RECORDS = 32  # records that are remembered, to know one that comes again

VAIN_WAKES = 3  # in a row, after which it is not a battery device; ours

DIALECT = "battery dialect"
NO_TIME = LocalTime(0.0)
ASLEEP = "the device sleeps"
WAKE_IT = f"{ASLEEP}: wake it (press its button) and send the command again"
FELL_ASLEEP = "the device fell asleep"
NOTICE = "notice"  # a request
FOREIGN = "foreign"  # a timer: something was received that no battery device sends


class LowModule:
    """The Role of the module.

    ``foreign``: what was received that no battery device sends, "" = nothing. ``why``: how it is known that the
    device is one. ``time``: that of the hub, as far as known. ``identified``: events that follow each Identified.
    """

    def __init__(
        self,
        settings: LineSettings,
        parts: EndpointParts,
        why: str = "",
        time: LocalTime = NO_TIME,
        identified: Sequence[Event] = (),
    ) -> None:
        self.foreign = ""
        self._why = why
        self._time = time
        self._identified = identified
        self._line = parts.line
        self._counts = parts.counts
        self._parts = parts
        self._queue = parts.queue
        self._timers = parts.timers
        self._deferred = parts.deferred
        self._questions = parts.questions
        self._pause_s = settings.minimum_gap_s
        self._buffer = settings.mcu_buffer
        self._commands = PendingCommands(settings.command_timeout_s, parts.ids, trusts_taken=True)
        self._cache = CommandCache(self._commands)
        self._wake = ModuleWake(settings, parts)
        self._updater = Updater(LOW_KINDS, parts, lambda: settings.mcu_buffer)
        self._types: dict[str, int] = {}
        self._widths: dict[str, int] = {}  # of bitmaps, in bytes, as reported
        self._info: dict[str, str] = {}
        self._records: deque[bytes] = deque(maxlen=RECORDS)
        self._unknown: set[int] = set()

    # --- the connection --------------------------------------------------------------------------

    def opened(self, now: float) -> Sequence[Event]:
        events = self._updater.lost("the connection was opened again")
        return [*events, *self._wake.begin(now), *self._ask_hub(now)]

    def closed(self, reason: str, now: float) -> Sequence[Event]:
        self._wake.forget()
        return [*self._updater.lost(reason), *self._commands.unreachable(reason)]

    # --- commands --------------------------------------------------------------------------------

    def submit(self, command: SessionCommand, now: float) -> Ticket:
        why_not = NO_PATH if self._line.path is None else "" if self._wake.is_awake else ASLEEP
        if not isinstance(command, WireCommand) or self._updater.is_busy:
            return self._updater.submit(command, now, WAKE_IT if why_not == ASLEEP else why_not)
        if command.part:
            raise CommandError("A Tuya battery device has no sub-devices.")
        points = points_of(command, self._types, self._widths)
        frames = frames_of_points(points, self._buffer)
        ticket = self._commands.begin(points, now)
        if why_not:
            self._deferred.add(self._commands.unreachable(why_not, ticket), now)
            return ticket
        for some in frames:
            data = bytes(frame_of(Points(codes.SET, some)))
            self._queue.add(request_of(LOW_POWER.spec(codes.SET), data, _set(ticket), ticket=ticket))
        return ticket

    def sending(self, request: Request, now: float) -> bool:
        if request.ticket:
            self._commands.sent(request.ticket)
        return True

    # --- time ------------------------------------------------------------------------------------

    def unanswered(self, request: Request, now: float) -> Sequence[Event]:
        if request.name in NAMES:
            return self._updater.unanswered(request, now)
        if request.ticket:
            self._queue.cancel(request.name)  # the rest of this command
        events = self._wake.unanswered(request, now)
        if self._wake.vain_wakes >= VAIN_WAKES:
            self._find_foreign("it answers product info again and again, and nothing else", now)
        if any(isinstance(event, Offline) for event in events):
            events += [*self._updater.asleep(FELL_ASLEEP), *self._commands.unreachable(FELL_ASLEEP)]
        return events

    def due(self, timer: str, now: float) -> Sequence[Event]:
        self._wake.run(timer, now)
        return ()

    def tick(self, now: float) -> Sequence[Event]:
        events = self._updater.tick(now)
        late = self._commands.overdue(now)
        if late:
            self._queue.keep_only(self._commands.open)
        return [*events, *late]

    def deadline(self) -> float | None:
        return earliest(self._commands.deadline(), self._updater.deadline())

    def stats(self, now: float) -> Mapping[str, float]:
        return {name: self._counts[name] for name in ("unknown", "wakes")}

    # --- what the device sends -------------------------------------------------------------------

    def noise(self, rejected: Rejected, now: float) -> Sequence[Event]:
        self._queue.hush(now + self._pause_s)
        return (rejected,)

    def received(self, frame: Frame, now: float) -> Sequence[Event]:
        self._queue.hush(now + self._pause_s)  # let it finish before we send
        message = read_low("device", frame)
        if isinstance(message, Unknown):
            return self._reject(frame, now)
        if frame.version:
            self._find_foreign(f"its frames have version {frame.version}", now)
        woke = self._wake.received(now)
        self._cache.received()
        events = self._ask_hub(now) if woke else []
        request = self._queue.received(frame, now)
        if request is not None and request.ticket and not self._queue.holds(request.name):  # the last of its frames
            self._commands.taken((request.ticket,))
        packet = self._updater.received(message, request, now)
        events += self._understand(message, frame, now) if packet is None else packet
        if request is not None:
            events += self._wake.answered(request)
        if woke:
            self._wake.begin_start()
        return events

    def _understand(self, message: Message, frame: Frame, now: float) -> Sequence[Event]:
        match message:
            case Product() as product:
                return self._identify(product)
            case Points(points=points):
                return [*self._wake.usable(), *self._report(points, codes.REPORT, now)]
            case LowRecordReport(stamp=stamp, points=points):
                repeated = frame.payload in self._records
                self._records.append(frame.payload)
                at = self._unix(stamp)
                return [*self._wake.usable(), *self._report(points, codes.RECORD, now, at, repeated)]
            case CacheAsked(ids=ids):
                self._hand_out(ids)
                return self._wake.usable()
            case Bare(command=codes.TIME):
                return self._answer_by(AskTime(), now, self._time_answer)
            case Bare(command=codes.TEST | codes.SIGNAL as command):
                return self._answer_by(AskSignal(), now, lambda value: _strength(command, value))
            case Bare(command=codes.MODULE_UPDATE | codes.UPDATE as command):
                self._send(Result(command, UPDATING if self._updater.is_busy else LATEST))
            case Bare(command=codes.RESET):
                self._pair(codes.RESET, Network.PAIRING_EZ)
            case Reset(mode=mode):
                self._pair(codes.RESET_MODE, Network.PAIRING_AP if mode else Network.PAIRING_EZ)
        return ()

    def _report(
        self,
        points: Sequence[DataPoint],
        command: int,
        now: float,
        at: float | None = None,
        repeated: bool = False,
    ) -> list[Event]:
        """Acknowledged as soon as it is stored: the device forgets it then, and sends it again where it is not."""
        for point in points:
            key = KEYS[point.id]
            self._types[key] = point.type
            if point.type == BITMAP:
                self._widths[key] = len(bytes(point)) - UNIT_HEADER
        events: list[Event] = [
            Reported(one.values, at=at, odd=one.odd, types=one.types, repeated=repeated) for one in point_values(points)
        ]
        if command == codes.REPORT:
            events += self._commands.reported({KEYS[point.id]: point.value for point in points})
        stored = self._answer_by(
            AskStored(), now, lambda value: Result(command, FAILED if isinstance(value, Refusal) else TAKEN)
        )
        return [*events, *stored]

    def _unix(self, stamp: bytes) -> float | None:
        local = seconds_of(stamp)
        return None if local is None else moment_of(local, self._time)

    def _identify(self, product: Product) -> list[Event]:
        why = f" ({self._why})" if self._why else ""
        fields = {"product": product.product, "version": product.version, "dialect": f"{DIALECT}{why}"}
        info = {key: text for key, text in fields.items() if text}
        events = self._updater.identified(info)
        if info != self._info:
            self._info = info
            events = [Identified(info), *self._identified, *events]
        return events

    def _reject(self, frame: Frame, now: float) -> list[Event]:
        """Counted each time, reported once for each command."""
        self._counts["unknown"] += 1
        if frame.command == codes.STATUS and frame.payload:
            self._find_foreign("it answers the network status as a working mode", now)
        elif frame.version and frame.payload:
            self._find_foreign(f"its frames have version {frame.version}", now)
        elif frame.command == codes.TEST and frame.payload:
            self._find_foreign("it reports with 07", now)
        if frame.command in self._unknown:
            return []
        self._unknown.add(frame.command)
        return [Rejected(f"unknown command 0x{frame.command:02x} for a battery device", veil(bytes(frame)))]

    def _find_foreign(self, what: str, now: float) -> None:
        self.foreign = what
        self._timers.set(FOREIGN, now)

    # --- what is sent ----------------------------------------------------------------------------

    def _hand_out(self, ids: bytes) -> None:
        """The commands that wait go out with this answer, and need no 09."""
        tickets, points = self._cache.hand_out(ids)
        self._queue.cancel(*map(_set, tickets))
        self._send(Cache(points))

    def _send(self, message: Message) -> None:
        self._queue.answer(bytes(frame_of(message)))

    def _pair(self, command: int, pairing: Network) -> None:
        """The MCU asks for pairing: a module would restart and come back through these states."""
        self._send(Bare(command))
        for status in (pairing.value, Network.NO_ROUTER.value, Network.ROUTER.value, self._wake.network):
            self._send_network(status)

    def _send_network(self, status: int) -> None:
        data = bytes(frame_of(NetworkStatus(status, codes.STATUS)))
        self._queue.add(request_of(LOW_POWER.spec(codes.STATUS), data, NOTICE))

    # --- what the hub answers --------------------------------------------------------------------

    def _ask_hub(self, now: float) -> list[Event]:
        return [
            *self._questions.ask(AskNetwork(), self._know_network, now),
            *self._questions.ask(AskTime(), self._know_time, now),
        ]

    def _answer_by(self, question: Question, now: float, message: Callable[[Answer | Refusal], Message]) -> list[Event]:
        return self._parts.answer_by(question, now, lambda value: bytes(frame_of(message(value))))

    def _time_answer(self, value: Answer | Refusal) -> Message:
        time = value if isinstance(value, LocalTime) else None
        self._time = time or self._time
        return local_time(time)

    def _know_time(self, value: Answer | Refusal, now: float) -> Sequence[Event]:
        self._time = value if isinstance(value, LocalTime) else self._time
        return ()

    def _know_network(self, value: Answer | Refusal, now: float) -> Sequence[Event]:
        known = {status.value for status in Network}
        status = value if isinstance(value, int) and value in known else self._wake.network
        changed, self._wake.network = status != self._wake.network, status
        if changed and self._wake.is_online:
            self._send_network(status)
        return ()


def _set(ticket: Ticket) -> str:
    return f"set {ticket}"


def _strength(command: int, value: Answer | Refusal) -> Message:
    dBm = value if isinstance(value, int) and -128 <= value < 0 else None
    return Strength(command, dBm is not None, 0 if dBm is None else max(0, min(2 * (dBm + 100), 100)))


def low_module(
    settings: LineSettings,
    ambient: Ambient,
    why: str = "",
    time: LocalTime = NO_TIME,
    *,
    identified: Sequence[Event] = (),
    ids: Ids | None = None,
    counts: Counter[str] | None = None,
) -> Endpoint[LowModule]:
    """A session in the controller role. ``ids``, ``counts``: of the device, see EndpointParts."""
    parts = EndpointParts(LOW_POWER.shapes, settings.frame_gap_s, settings.minimum_gap_s, ids=ids, counts=counts)
    return Endpoint(parts, LowModule(settings, parts, why, time, identified))
