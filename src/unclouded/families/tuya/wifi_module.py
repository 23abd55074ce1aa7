"""The module's end of a Tuya Wi-Fi line: we are the Wi-Fi module, the device is the MCU.

    heartbeat each second until answered ─► 01 product ─► 02 mode ─► 03 network status ─► 08 query ─► 07 …
         ▲  then every 15 s; no answer for 3 s = offline          └─ online from here on
         └─ an answer 00 = the MCU restarted: all of it again

Each step is asked again a few times. Where the MCU stays silent the session says so in words (Waiting) and
tries again after each heartbeat. 03 and 08 are steps too, but MCUs that leave them unanswered are of use.
Source: seed 004; protocols/tuya_wifi.md §2.3, §2.6.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from struct import Struct

from unclouded.errors import CommandError
from unclouded.families.tuya.datapoint import KEYS, VALUE, decode_value, read_units
from unclouded.families.tuya.dialect import OVERHEAD
from unclouded.families.tuya.frame import Frame, Framer, Noise
from unclouded.families.tuya.pace import Pace, Request
from unclouded.families.tuya.redact import redact, veil
from unclouded.families.tuya.wifi_commands import name_of
from unclouded.families.tuya.wifi_messages import (
    Bare,
    Heartbeat,
    Message,
    NetworkStatus,
    Points,
    Product,
    ResetMode,
    Signal,
    Unknown,
    clock,
    frame_of,
    read_message,
)
from unclouded.families.tuya.wifi_start import HEARTBEAT, QUERY, Start, WifiSettings
from unclouded.families.tuya.wishes import Wishes, points_of, wanted_of
from unclouded.session import (
    Ambient,
    Answer,
    Asked,
    AskNetwork,
    AskSignal,
    AskTime,
    Event,
    Failure,
    Identified,
    LocalTime,
    Network,
    Offline,
    Out,
    Question,
    Refusal,
    Rejected,
    Reported,
    Ticket,
    Timers,
    Way,
    WireCommand,
    WireValue,
    Wish,
    count_noise,
    earliest,
    refuse_action,
)

COMMAND_PAUSE = 0.3  # s that a 06 is given to be reported before the next request; protocols/tuya_wifi.md §2.6, 2
DUMP = 1.0  # s in which an MCU tells all its data points after the query of the start; no frame ends them
QUESTIONS = 32  # questions of the MCU that may wait for the house

REPORT = 0x07
read_number = Struct(">i").unpack_from
OURS = 0x00  # stands for a command where the question for the network is our own


__all__ = ("WifiModule", "WifiSettings")


class WifiModule:
    """A session in the controller role."""

    def __init__(self, settings: WifiSettings, ambient: Ambient) -> None:
        self._settings = settings
        self._framer = Framer(gap=settings.frame_gap_s)
        self._pace = Pace(settings.minimum_gap_s)
        self._wishes = Wishes(settings.command_timeout_s)
        self._timers = Timers()
        self._way: str | None = None
        self._outs: list[Out] = []
        self._late: list[Event] = []
        self._late_at = 0.0
        self._dump_until = 0.0
        self._questions: dict[int, tuple[int, int]] = {}  # by id: the command that asked (OURS: we), our promise
        self._asked = 0
        self._types: dict[str, int] = {}
        self._info: dict[str, str] = {}
        self._counts: Counter[str] = Counter()
        self._start = Start(settings, self._pace, self._timers, self._counts)
        self._unknown: set[int] = set()

    def up(self, way: Way, now: float) -> Sequence[Event]:
        events = self._take(self._framer.close(), now)
        self._way = way.name
        self._outs.clear()
        self._pace.reset()
        self._timers.clear_all()
        self._start.begin(now)
        return [*events, *self._ask(OURS, AskNetwork())]

    def down(self, way: str, reason: str, now: float) -> Sequence[Event]:
        if self._way is None:
            return [Offline(reason)]  # why there is no connection yet
        if way != self._way:
            return ()
        events = self._take(self._framer.close(), now)
        self._way = None
        self._pace.reset()
        self._outs.clear()
        self._timers.clear_all()
        self._questions.clear()
        self._start.forget()
        return [*events, *self._wishes.unreachable(reason), Offline(reason)]

    def receive(self, data: bytes, now: float, way: str = "", re: int = 0) -> Sequence[Event]:
        self._counts["bytes_in"] += len(data)
        return self._take(self._framer.feed(data, now), now)

    def failed(self, id: int, why: Failure, now: float) -> Sequence[Event]:  # bytes have no fate here
        return ()

    def submit(self, wish: Wish, now: float) -> Ticket:
        if not isinstance(wish, WireCommand):
            raise refuse_action(wish)
        if wish.part:
            raise CommandError("A Tuya Wi-Fi device has no sub-devices.")
        points = points_of(wish, self._types)
        ticket = self._wishes.begin(wanted_of(points), now)
        why_not = "there is no connection to the device" if self._way is None else self._start.why_not()
        if why_not:
            self._late += self._wishes.unreachable(why_not, ticket)
            self._late_at = now
        else:
            data = bytes(frame_of(Points(0x06, points)))
            self._pace.ask(Request(data, REPORT, COMMAND_PAUSE, name="set", ticket=ticket))
        return ticket

    def answer(self, id: int, value: Answer | Refusal, now: float) -> Sequence[Event]:
        command, promise = self._questions.pop(id, (None, 0))
        match command:
            case 0x0C | 0x1C:
                self._keep(promise, clock(command, value if isinstance(value, LocalTime) else None))
            case 0x24:
                self._keep(promise, Signal(value if isinstance(value, int) and -128 <= value < 0 else 0))
            case 0x2B | 0x00:  # 00 = OURS
                self._know_network(value)
                self._keep(promise, NetworkStatus(self._start.network, 0x2B))
        return ()

    def tick(self, now: float) -> Sequence[Event]:
        events, self._late = self._late, []
        if self._framer.deadline() is not None:
            events += self._take(self._framer.tick(now), now)
        given_up = self._pace.given_up(now)
        if given_up is not None:
            events += self._unanswered(given_up, now)
        for name in self._timers.due(now):
            self._run(name, now)
        events += self._wishes.overdue(now)
        self._pump(now)
        return events

    def deadline(self) -> float | None:
        late = self._late_at if self._late else None
        return earliest(
            late, self._framer.deadline(), self._pace.deadline(), self._timers.earliest(), self._wishes.deadline()
        )

    def outgoing(self, now: float) -> list[Out]:
        self._pump(now)
        outs, self._outs = self._outs, []
        if outs:
            self._counts["frames_out"] += len(outs)
        return outs

    def stats(self) -> Mapping[str, float]:
        return {
            "bytes_in": 0,
            "frames_in": 0,
            "frames_out": 0,
            "frame_bytes": 0,
            "noise_bytes": 0,
            "unknown": 0,
            "restarts": 0,
            **self._counts,
            "held_bytes": self._framer.held,
            "resends": self._pace.resends,
            "unsent": self._pace.dropped,
            "round_trip_ms": round(self._pace.round_trip_s * 1000, 3),
        }

    # --- what the line says ----------------------------------------------------------------------

    def _take(self, pieces: Sequence[Frame | Noise], now: float) -> list[Event]:
        events: list[Event] = []
        frames = size = 0
        expected = self._pace.waits_for(REPORT) or bool(self._wishes.open) or now < self._dump_until
        for piece in pieces:
            if type(piece) is not Frame:
                self._drop(piece, events)
                continue
            payload = piece.payload
            frames += 1
            size += len(payload)
            if piece.command != REPORT:
                self._hear(piece, now, events)
            elif expected or len(payload) != 8 or payload[1] != VALUE or payload[3] != 4:
                self._report(payload, now, events)
            else:  # one number that nobody waits for: by far the commonest
                key = KEYS[payload[0]]
                self._types[key] = VALUE
                events.append(Reported({key: read_number(payload, 4)[0]}))
        self._counts["frames_in"] += frames
        self._counts["frame_bytes"] += size + frames * OVERHEAD
        return events

    def _drop(self, noise: Frame | Noise, events: list[Event]) -> None:
        if isinstance(noise, Noise):
            count_noise(self._counts, noise.reason, len(noise.data))
            events.append(Rejected(noise.reason, veil(noise.data)))

    def _report(self, payload: bytes, now: float, events: list[Event]) -> None:
        """The values of a 07; no DataPoint is made on the way."""
        request = self._pace.heard(REPORT, now)
        if request is not None and request.name == QUERY:
            self._dump_until = now + DUMP
        repeated = now < self._dump_until
        values: dict[str, WireValue] = {}
        odd: dict[str, str] = {}
        for id, type, body in read_units(payload):
            key = KEYS[id]
            if key in values:  # an MCU may report a point twice in one frame
                events.append(Reported(values, odd=odd, repeated=repeated))
                values, odd = {}, {}
            if type == VALUE and len(body) == 4:
                values[key] = int.from_bytes(body, signed=True)
            else:
                values[key], warning = decode_value(type, body)
                if warning:
                    odd[key] = warning
            self._types[key] = type
        events.append(Reported(values, odd=odd, repeated=repeated))
        if request is not None:
            events += self._start.answered(request, now)
        if self._wishes.open:
            events += self._wishes.reported(values)

    def _hear(self, frame: Frame, now: float, events: list[Event]) -> None:
        echo = frame.command == 0x00 and not frame.payload  # no MCU says that: it is what we said
        request = None if echo else self._pace.heard(frame.command, now)
        match read_message("device", frame):
            case Heartbeat(restarted=restarted):
                self._start.alive(restarted, now)
            case Product() as product:
                events += self._identify(product, frame.version)
            case Bare(command=0x0C | 0x1C as command):
                events += self._ask(command, AskTime(local=command == 0x1C))
            case Bare(command=0x24):
                events += self._ask(0x24, AskSignal())
            case Bare(command=0x2B):
                events += self._ask(0x2B, AskNetwork())
            case Bare(command=0x04):
                self._reset(0x04, Network.PAIRING_EZ)
            case ResetMode(mode=mode):
                self._reset(0x05, Network.PAIRING_AP if mode else Network.PAIRING_EZ)
            case Unknown(command=0x00) if not echo:
                self._start.alive(False, now)
            case Unknown() if request is None:
                events += self._reject(frame)
        if request is not None:
            events += self._start.answered(request, now)

    def _reject(self, frame: Frame) -> list[Event]:
        """Counted each time, told once for each command."""
        self._counts["unknown"] += 1
        if frame.command == 0x00 and not frame.payload:
            self._counts["echoes"] += 1
        if frame.command in self._unknown:
            return []
        self._unknown.add(frame.command)
        name = name_of(frame.command, frame.payload)
        words = f"unknown command 0x{frame.command:02x}{f' ({name})' if name else ''}"
        return [Rejected(words, redact("device", bytes(frame)))]

    def _identify(self, product: Product, version: int) -> list[Event]:
        info = {"product": product.product, "version": product.version, "protocol": str(version)}
        events: list[Event] = []
        if not product.product and "product" not in self._info:
            events.append(Rejected("product info that names no product", redact("device", product.data)))
        if info != self._info:
            self._info = info
            events.append(Identified({key: text for key, text in info.items() if text}))
        return events

    # --- what is said ------------------------------------------------------------------------------

    def _unanswered(self, request: Request, now: float) -> list[Event]:
        events = self._start.unanswered(request, now, self._framer.held)
        lost = [event.reason for event in events if isinstance(event, Offline)]
        return [*(self._wishes.unreachable(lost[0]) if lost else ()), *events]

    def _run(self, timer: str, now: float) -> None:
        if timer == HEARTBEAT:
            self._start.beat()
        elif timer == "poll":
            self._pace.ask(Request(bytes(frame_of(Bare(0x08))), REPORT, COMMAND_PAUSE, name="poll"))
            self._timers.set("poll", now + self._settings.poll_s)

    def _keep(self, promise: int, message: Message) -> None:
        if promise:
            self._pace.keep(promise, bytes(frame_of(message)))

    def _reset(self, command: int, pairing: Network) -> None:
        """The MCU wants to pair: a module would restart and come back through these states."""
        self._keep(self._pace.promise(), Bare(command))
        for status in (pairing.value, Network.NO_ROUTER.value, Network.ROUTER.value, self._start.network):
            self._tell_network(status)

    def _know_network(self, value: Answer | Refusal) -> None:
        known = {status.value for status in Network}
        status = value if isinstance(value, int) and value in known else self._start.network
        if status != self._start.network and self._start.is_online:
            self._tell_network(status)
        self._start.network = status

    def _tell_network(self, status: int) -> None:
        data = bytes(frame_of(NetworkStatus(status)))
        self._pace.ask(Request(data, 0x03, self._settings.answer_timeout_s, self._settings.tries, "told"))

    def _ask(self, command: int, question: Question) -> list[Event]:
        self._asked += 1
        if len(self._questions) >= QUESTIONS:
            del self._questions[next(iter(self._questions))]
        self._questions[self._asked] = (command, 0 if command == OURS else self._pace.promise())
        return [Asked(self._asked, question)]

    def _pump(self, now: float) -> None:
        if self._way is None:
            return
        for request in self._pace.ready(now):
            self._outs.append(Out(request.data, way=self._way))
            if request.ticket:
                self._wishes.sent(request.ticket)
