"""The module's end of a battery device's Tuya line: we are the module, always on; the MCU sleeps.

    asleep ─► it wakes ─► 01 product ─► 02 network ─► online: 10 cache? 06 time? 05 report, 08 record ─► asleep
                                                        │ each answered at once
                                                        └ 09 sets, while it is awake

Records carry the device's own local time; they are reported at that time. A record that comes again, because
its answer was lost, is marked as repeated. Source: docs/protocols/tuya_low_power.md §2, §3.
"""

from collections import deque
from collections.abc import Mapping, Sequence

from unclouded.core.errors import CommandError
from unclouded.core.session import (
    Ambient,
    Answer,
    Asked,
    AskNetwork,
    AskSignal,
    AskStored,
    AskTime,
    Event,
    Failure,
    Identified,
    LinkPath,
    LocalTime,
    Network,
    Offline,
    Out,
    Question,
    Refusal,
    Rejected,
    Reported,
    SessionCommand,
    Ticket,
    WireCommand,
    WireValue,
)
from unclouded.core.session_parts import DeferredEvents, Timers, earliest
from unclouded.families.tuya.line.command import Message
from unclouded.families.tuya.line.datapoint import KEYS, DataPoint
from unclouded.families.tuya.line.endpoint import NO_PATH, LineEndpoint, Pieces
from unclouded.families.tuya.line.framing import Frame
from unclouded.families.tuya.line.redact import veil
from unclouded.families.tuya.line.request_queue import Request, RequestQueue
from unclouded.families.tuya.local_time import moment_of
from unclouded.families.tuya.low_power.codes import (
    MODULE_UPDATE,
    RECORD,
    REPORT,
    RESET,
    RESET_MODE,
    SET,
    SIGNAL,
    STATUS,
    TEST,
    TIME,
    UPDATE,
)
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
from unclouded.families.tuya.low_power.module_wake import AGAIN, TRIES, ModuleWake
from unclouded.families.tuya.low_power.pending import LowPendingCommands
from unclouded.families.tuya.messages import Bare, NetworkStatus, Points, Product, Result, Unknown, frame_of
from unclouded.families.tuya.pending_commands import points_of
from unclouded.families.tuya.settings import LineSettings
from unclouded.families.tuya.update.action import BATTERY_COURSES
from unclouded.families.tuya.update.sender import NAMES, Updater

QUESTIONS = 32  # questions of the MCU that may wait for the house
RECORDS = 32  # records that are remembered, to know one that comes again
OURS_TIME, OURS_NETWORK = -1, -2  # stand for a command where the question is our own

LOW_WORDS = "battery dialect"
NO_TIME = LocalTime(0.0)
ASLEEP = "the device sleeps"
WAKE_IT = f"{ASLEEP}: wake it (press its button) and say it again"


class LowModule:
    """A session in the controller role. ``foreign``: what was heard that no battery device says, "" = nothing.

    ``why``: how it is known that the device is one. ``time``: that of the house, as far as known.
    """

    def __init__(self, settings: LineSettings, ambient: Ambient, why: str = "", time: LocalTime = NO_TIME) -> None:
        self.foreign = ""
        self._why = why
        self._line = LineEndpoint(LOW_POWER.shapes, settings.frame_gap_s)
        self._counts = self._line.counts
        self._pace = RequestQueue(settings.minimum_gap_s)
        self._commands = LowPendingCommands(settings.command_timeout_s)
        self._timers = Timers()
        self._wake = ModuleWake(settings, self._pace, self._timers, self._counts)
        self._later = DeferredEvents()
        self._updater = Updater(BATTERY_COURSES, self._pace, self._counts, lambda: settings.mcu_buffer, doubts=False)
        self._breath_s = settings.minimum_gap_s
        self._quiet_until = float("-inf")
        self._questions: dict[int, tuple[int, int]] = {}  # by id: the command that asked, our promise
        self._asked = 0
        self._time = time
        self._types: dict[str, int] = {}
        self._info: dict[str, str] = {}
        self._records: deque[bytes] = deque(maxlen=RECORDS)
        self._unknown: set[int] = set()

    def up(self, path: LinkPath, now: float) -> Sequence[Event]:
        events = self._take(self._line.close(), now)
        self._line.path = path.name
        events += self._updater.lost("the connection was made anew")
        self._reset()
        return [*events, *self._wake.begin(now), *self._ask_house()]

    def down(self, path: str, reason: str, now: float) -> Sequence[Event]:
        if self._line.path is None:
            return [Offline(reason)]  # why there is no connection yet
        if path != self._line.path:
            return ()
        events = self._take(self._line.close(), now)
        self._line.path = None
        self._reset()
        self._wake.forget()
        return [*events, *self._updater.lost(reason), *self._commands.unreachable(reason), Offline(reason)]

    def receive(self, data: bytes, now: float, path: str = "", re: int = 0) -> Sequence[Event]:
        return self._take(self._line.feed(data, now), now)

    def failed(self, id: int, why: Failure, now: float) -> Sequence[Event]:  # bytes have no fate here
        return ()

    def submit(self, command: SessionCommand, now: float) -> Ticket:
        why_not = NO_PATH if self._line.path is None else "" if self._wake.is_awake else ASLEEP
        if not isinstance(command, WireCommand) or self._updater.busy:
            return self._updater.submit(command, now, WAKE_IT if why_not == ASLEEP else why_not)
        if command.part:
            raise CommandError("A Tuya battery device has no sub-devices.")
        points = points_of(command, self._types)
        ticket = self._commands.begin(points, now)
        if why_not:
            self._later.add(self._commands.unreachable(why_not, ticket), now)
        else:
            data = bytes(frame_of(Points(SET, points)))
            self._pace.ask(Request(data, SET, AGAIN, TRIES, _set(ticket), ticket))
        return ticket

    def answer(self, id: int, value: Answer | Refusal, now: float) -> Sequence[Event]:
        if self._updater.owns(id):
            events = self._updater.answer(id, value, now)
            self._pump(now)
            return events
        self._answered(*self._questions.pop(id, (0, 0)), value)
        return ()

    def tick(self, now: float) -> Sequence[Event]:
        events = [*self._later.take(), *self._take(self._line.tick(now), now)]
        given_up = self._pace.given_up(now)
        if given_up is not None:
            events += self._unanswered(given_up, now)
        for name in self._timers.due(now):
            self._wake.run(name, now)
        events += self._updater.tick(now)
        late = self._commands.overdue(now)
        if late:
            self._pace.only(self._commands.open)
        events += late
        self._pump(now)
        return events

    def deadline(self) -> float | None:
        pace = self._pace.deadline()
        speak = None if pace is None else max(pace, self._quiet_until)
        return earliest(
            *(self._later.deadline(), self._line.deadline(), self._timers.earliest()),
            *(speak, self._commands.deadline(), self._updater.deadline()),
        )

    def outgoing(self, now: float) -> list[Out]:
        self._pump(now)
        return self._line.drain()

    def stats(self) -> Mapping[str, float]:
        return {
            **self._line.stats("unknown", "wakes"),
            **self._pace.stats(),
        }

    def hush(self, until: float) -> None:
        """Say nothing before then: another has just spoken on this line."""
        self._quiet_until = max(self._quiet_until, until)

    # --- what the line says ----------------------------------------------------------------------

    def _take(self, pieces: Pieces, now: float) -> list[Event]:
        events: list[Event] = []
        for piece in pieces:
            self._quiet_until = now + self._breath_s  # let it finish before we speak
            if isinstance(piece, Frame):
                self._line.heard(piece)
                events += self._hear(piece, now)
            else:
                events.append(self._line.lost(piece))
        return events

    def _hear(self, frame: Frame, now: float) -> list[Event]:
        message = read_low("device", frame)
        if isinstance(message, Unknown):
            return self._reject(frame)
        if frame.version:
            self.foreign = f"it says version {frame.version}"
        woke = self._wake.heard(now)
        self._commands.spoke()
        events = self._ask_house() if woke else []
        request = self._pace.heard(frame.command, now)
        if request is not None and request.ticket:
            self._commands.took(request.ticket)
        packet = self._updater.hear(message, request, now)
        events += self._understand(message, frame) if packet is None else packet
        if request is not None:
            events += self._wake.answered(request)
        if woke:
            self._wake.begin_talk()
        if request is not None and request.prompt:
            self._quiet_until = now  # it has said what it had to say
            self._pump(now)
        return events

    def _understand(self, message: Message, frame: Frame) -> list[Event]:
        match message:
            case Product() as product:
                return self._identify(product)
            case Points(points=points):
                return [*self._wake.useful(), *self._report(points, REPORT)]
            case LowRecordReport(stamp=stamp, points=points):
                repeated = frame.payload in self._records
                self._records.append(frame.payload)
                return [*self._wake.useful(), *self._report(points, RECORD, self._unix(stamp), repeated)]
            case CacheAsked(ids=ids):
                self._hand_out(ids)
                return self._wake.useful()
            case Bare(command=command) if command == TIME:
                return self._ask(TIME, AskTime())
            case Bare(command=command) if command in (TEST, SIGNAL):
                return self._ask(command, AskSignal())
            case Bare(command=command) if command in (MODULE_UPDATE, UPDATE):
                self._say(Result(command, UPDATING if self._updater.busy else LATEST))
            case Bare(command=command) if command == RESET:
                self._pair(RESET, Network.PAIRING_EZ)
            case Reset(mode=mode):
                self._pair(RESET_MODE, Network.PAIRING_AP if mode else Network.PAIRING_EZ)
        return []

    def _report(
        self, points: Sequence[DataPoint], command: int, at: float | None = None, repeated: bool = False
    ) -> list[Event]:
        """Acknowledged as soon as it is stored: the device forgets it then, and says it again where it is not."""
        events: list[Event] = []
        values: dict[str, WireValue] = {}
        odd: dict[str, str] = {}
        for point in points:
            key = KEYS[point.id]
            if key in values:  # an MCU may report a point twice in one frame
                events.append(Reported(values, at=at, odd=odd, repeated=repeated))
                values, odd = {}, {}
            values[key] = point.value
            if point.odd:
                odd[key] = point.odd
            self._types[key] = point.type
        events.append(Reported(values, at=at, odd=odd, repeated=repeated))
        if command == REPORT:
            events += self._commands.reported({KEYS[point.id]: point.value for point in points})
        return [*events, *self._ask(command, AskStored())]

    def _unix(self, stamp: bytes) -> float | None:
        local = seconds_of(stamp)
        return None if local is None else moment_of(local, self._time)

    def _identify(self, product: Product) -> list[Event]:
        why = f" ({self._why})" if self._why else ""
        told = {"product": product.product, "version": product.version, "dialect": f"{LOW_WORDS}{why}"}
        info = {key: text for key, text in told.items() if text}
        events = self._updater.identified(info)
        if info != self._info:
            self._info = info
            events = [Identified(info), *events]
        return events

    def _reject(self, frame: Frame) -> list[Event]:
        """Counted each time, told once for each command."""
        self._counts["unknown"] += 1
        if frame.command == STATUS and frame.payload:
            self.foreign = "it answers the network status as a working mode"
        elif frame.version and frame.payload:
            self.foreign = f"it says version {frame.version}"
        elif frame.command == TEST and frame.payload:
            self.foreign = "it reports with 07"
        if frame.command in self._unknown:
            return []
        self._unknown.add(frame.command)
        return [Rejected(f"unknown command 0x{frame.command:02x} for a battery device", veil(bytes(frame)))]

    # --- what is said ------------------------------------------------------------------------------

    def _hand_out(self, ids: bytes) -> None:
        """The settings that wait go out with this answer, and need no 09."""
        tickets, points = self._commands.hand_out(ids)
        self._pace.forget(*map(_set, tickets))
        self._say(Cache(points))

    def _unanswered(self, request: Request, now: float) -> list[Event]:
        if request.name in NAMES:
            return self._updater.unanswered(request, now)
        events = self._wake.unanswered(request, now)
        if any(isinstance(event, Offline) for event in events):
            why = "the device fell asleep"
            events += [*self._updater.asleep(why), *self._commands.unreachable(why)]
        return events

    def _say(self, message: Message) -> None:
        self._keep(self._pace.promise(), message)

    def _answered(self, command: int, promise: int, value: Answer | Refusal) -> None:
        match command:
            case -1 | 0x06:  # OURS_TIME, TIME
                time = value if isinstance(value, LocalTime) else None
                self._time = time or self._time
                self._keep(promise, local_time(time))
            case -2:  # OURS_NETWORK
                self._know_network(value)
            case 0x07 | 0x0B:
                dBm = value if isinstance(value, int) and -128 <= value < 0 else None
                percent = 0 if dBm is None else max(0, min(2 * (dBm + 100), 100))
                self._keep(promise, Strength(command, dBm is not None, percent))
            case 0x05 | 0x08:  # REPORT, RECORD
                self._keep(promise, Result(command, FAILED if isinstance(value, Refusal) else TAKEN))

    def _keep(self, promise: int, message: Message) -> None:
        if promise:
            self._pace.keep(promise, bytes(frame_of(message)))

    def _pair(self, command: int, pairing: Network) -> None:
        """The MCU wants to pair: a module would restart and come back through these states."""
        self._say(Bare(command))
        for status in (pairing.value, Network.NO_ROUTER.value, Network.ROUTER.value, self._wake.network):
            self._tell(status)

    def _tell(self, status: int) -> None:
        self._pace.ask(Request(bytes(frame_of(NetworkStatus(status, STATUS))), STATUS, AGAIN, TRIES, "told"))

    def _know_network(self, value: Answer | Refusal) -> None:
        known = {status.value for status in Network}
        status = value if isinstance(value, int) and value in known else self._wake.network
        changed, self._wake.network = status != self._wake.network, status
        if changed and self._wake.is_online:
            self._tell(status)

    def _ask_house(self) -> list[Event]:
        return [*self._ask(OURS_NETWORK, AskNetwork()), *self._ask(OURS_TIME, AskTime())]

    def _ask(self, command: int, question: Question) -> list[Event]:
        self._asked += 1
        if len(self._questions) >= QUESTIONS:
            self._answered(*self._questions.pop(next(iter(self._questions))), Refusal("asked too much"))
        self._questions[self._asked] = (command, self._pace.promise() if command > 0 else 0)
        return [Asked(self._asked, question)]

    def _reset(self) -> None:
        self._line.drop()
        self._pace.reset()
        self._timers.clear_all()
        self._questions.clear()

    def _pump(self, now: float) -> None:
        if self._line.path is None or now < self._quiet_until:
            return
        for request in self._pace.ready(now):
            self._line.put(request.data)
            if request.ticket:
                self._commands.sent(request.ticket)


def _set(ticket: Ticket) -> str:
    return f"set {ticket}"
