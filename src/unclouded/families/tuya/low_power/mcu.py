"""The MCU's end of a battery device's Tuya line: the simulated door sensor, and the other end in our tests.

    asleep ──something changed, or the interval is over──► awake: waits for 01, 02/04 ─► 10 cache? 06 time? 05 …
      ▲                                                      │ nobody came for 20 s: keep it as a record (08)
      └──────────── all is said, a second passes ◄───────────┘

While it sleeps it hears nothing. What the world measures comes by ``submit(WireCommand(values, types))``; a
change wakes it. Settings that it is given are asked of the world and reported as they then are.
Source: docs/protocols/tuya_low_power.md §2, §3.
"""

from collections.abc import Mapping, Sequence

import msgspec

from unclouded.core.errors import CommandError
from unclouded.core.session import (
    Answer,
    AskCommand,
    Asked,
    Event,
    Failure,
    LinkPath,
    Network,
    Offline,
    Online,
    Out,
    Refusal,
    SessionCommand,
    Settled,
    Ticket,
    WireCommand,
)
from unclouded.core.session_parts import DeferredEvents, Timers, count_noise, earliest, refuse_action
from unclouded.families.tuya.line.command import Message
from unclouded.families.tuya.line.datapoint import KEYS, DataPoint
from unclouded.families.tuya.line.endpoint import LineEndpoint, Pieces
from unclouded.families.tuya.line.framing import Frame
from unclouded.families.tuya.line.request_queue import Request, RequestQueue
from unclouded.families.tuya.low_power.codes import CACHE, PRODUCT, RECORD, REPORT, SET, STATUS, TIME
from unclouded.families.tuya.low_power.commands import LOW_POWER, read_low
from unclouded.families.tuya.low_power.messages import Cache, CacheAsked, LowRecordReport, seconds_of, stamp_of
from unclouded.families.tuya.messages import Bare, Clock, NetworkStatus, Points, Product, frame_of
from unclouded.families.tuya.pending_commands import points_of
from unclouded.families.tuya.update.receiver import UPDATE_FAULTS, PacketResult, UpdateTarget

BREATH = 0.01  # s between any two frames; ours
AGAIN = 1.0  # s before it says something again
TRIES = 3
PATIENCE = 20.0  # s awake without a network, after which it gives up; ours
LINGER = 1.0  # s awake after all is said, for settings that come late; ours
RESTART = 0.1  # s after the end of an update; ours
RECORDS = 100  # that its memory holds
COMMANDS = 64  # that may wait for the world
MINUTE = 60.0  # s
ASLEEP = "it sleeps and hears nothing"

FAULTS: Mapping[str, str] = {
    "silent": "It says nothing at all.",
    "deaf-to-product": "It does not answer the question which product it is.",
    "deaf-to-network": "It does not acknowledge the network status, but heeds it.",
    "hasty": "It reports as soon as there is a router, before the cloud is reached.",
    "no-cache": "It never asks for the settings that waited.",
    "no-clock": "It never asks for the time: its records have none.",
    "drowsy": "It falls asleep as soon as its report is acknowledged.",
    "insomniac": "It never sleeps, and empties its battery.",
    "stutters": "It says each report twice.",
    **UPDATE_FAULTS,
}


class LowOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What the simulated device is. ``interval``: the point that says after how many minutes it wakes anyway."""

    product: str = "uncloudeddoorsim"
    firmware: str = "1.0.0"
    interval: str = "17"
    interval_min: int = 60  # where that point has not been set
    faults: frozenset[str] = frozenset()


class LowMcu:
    """A session in the device role."""

    def __init__(self, options: LowOptions) -> None:
        self._options = options
        self._faults = options.faults
        self.target = UpdateTarget(options.firmware, options.faults)
        self._line = LineEndpoint(LOW_POWER.shapes)
        self._later = DeferredEvents()
        self._pace = RequestQueue(BREATH)
        self._timers = Timers()
        self._awake = False
        self._connected = False
        self._open = 0  # requests that have no answer yet
        self._points: dict[str, DataPoint] = {}
        self._reports: list[LowRecordReport] = []  # not said yet, with the time at which they were so
        self._records: list[LowRecordReport] = []
        self._saying: dict[str, LowRecordReport] = {}  # by the request that says it
        self._commands: dict[int, DataPoint] = {}
        self._quiet_until = 0.0
        self._number = 0  # of tickets and questions
        self._said = 0  # reports and records
        self._clock: tuple[float, float] | None = None  # local seconds at a given now

    def up(self, path: LinkPath, now: float) -> Sequence[Event]:
        """Batteries in: it wakes."""
        events = self._take(self._line.close(), now)
        self._line.path = path.name
        unsaid, self._reports = self._reports, []
        self._rest()
        for report in unsaid:
            if report.stamp[0]:
                self._keep(report)
            else:  # it cannot tell when that was: as good as now
                self._reports.append(report)
        self._wake(now)
        return events

    def down(self, path: str, reason: str, now: float) -> Sequence[Event]:
        if self._line.path is None:
            return [Offline(reason)]  # why there is no connection yet
        if path != self._line.path:
            return ()
        events = self._take(self._line.close(), now)
        self._rest()
        self._line.path = None
        self._commands.clear()
        self._timers.clear_all()
        return [*(event for event in events if not isinstance(event, Asked)), Offline(reason)]

    def receive(self, data: bytes, now: float, path: str = "", re: int = 0) -> Sequence[Event]:
        if not self._awake:
            self._line.counts["bytes_in"] += len(data)
            count_noise(self._line.counts, ASLEEP, len(data))
            return ()
        return self._take(self._line.feed(data, now), now)

    def failed(self, id: int, why: Failure, now: float) -> Sequence[Event]:
        return ()

    def submit(self, command: SessionCommand, now: float) -> Ticket:
        """What the world measures now; what changed wakes the device."""
        if not isinstance(command, WireCommand):
            raise refuse_action(command)
        if command.part:
            raise CommandError("A Tuya battery device has no sub-devices.")
        known = {key: point.type for key, point in self._points.items()}
        for point in points_of(command, known):
            self._measure(point, now)
        self._number += 1
        self._later.add([Settled(self._number)], now)
        return self._number

    def answer(self, id: int, value: Answer | Refusal, now: float) -> Sequence[Event]:
        """The world's answer to a wish: the point is reported as it is now."""
        point = self._commands.pop(id, None)
        if point is None:
            return ()
        key = KEYS[point.id]
        if not isinstance(value, Refusal):
            self._keep_value(point, now)
        if key in self._points:
            self._report((self._points[key],), now)
        return ()

    def tick(self, now: float) -> Sequence[Event]:
        events = [*self._later.take(), *self._take(self._line.tick(now), now)]
        given_up = self._pace.given_up(now)
        if given_up is not None:
            self._unanswered(given_up, now)
        for timer in self._timers.due(now):
            if timer == "wake":
                self._set_alarm(now)
                self._report(tuple(self._points.values()), now)
            elif timer == "sleep":
                events += self._sleep(now)
            elif timer == "restart":
                self._rest()
                self.target.restarted()
                self._wake(now)
        self._pump(now)
        return events

    def deadline(self) -> float | None:
        pace = self._pace.deadline() if self._awake else None
        speak = None if pace is None else max(pace, self._quiet_until)
        return earliest(self._later.deadline(), speak, self._line.deadline(), self._timers.earliest())

    def outgoing(self, now: float) -> list[Out]:
        self._pump(now)
        return self._line.drain()

    def stats(self) -> Mapping[str, float]:
        return {**self._line.stats("wakes"), "records": len(self._records)}

    # --- what the module says --------------------------------------------------------------------

    def _take(self, pieces: Pieces, now: float) -> list[Event]:
        events: list[Event] = []
        for piece in pieces:
            self._quiet_until = now + BREATH  # let the module finish before we speak
            if isinstance(piece, Frame):
                self._line.heard(piece)
                events += self._hear(piece, now)
            else:
                events.append(self._line.lost(piece))
        return events

    def _hear(self, frame: Frame, now: float) -> list[Event]:
        request = self._pace.heard(frame.command, now)
        if request is not None:
            self._saying.pop(request.name, None)
        events: list[Event] = []
        message = read_low("controller", frame)
        heard = self.target.hear(message)
        if heard is not None:
            self._update(heard, now)
        match message:
            case Bare(command=command) if command == PRODUCT and "deaf-to-product" not in self._faults:
                self._say(self._product())
            case NetworkStatus(status=status):
                events += self._network(status, now)
            case Points(command=command, points=points) if command == SET:
                self._say(Bare(SET))
                events += [self._ask(point) for point in points]
            case Cache(points=points):
                events += [self._ask(point) for point in points]
            case Clock(ok=True, fields=fields):
                local = seconds_of(b"\1" + fields[:6])
                self._clock = None if local is None else (local, now)
        if request is not None:
            self._done(now)
        return events

    def _update(self, heard: PacketResult, now: float) -> None:
        """A packet of an update: it stays awake for more. After the last one it starts again."""
        if heard.answer is not None:
            self._say(heard.answer)
        self._timers.set("sleep", now + PATIENCE)
        if heard.restarts:
            self._timers.set("restart", now + RESTART)

    def _network(self, status: int, now: float) -> list[Event]:
        if "deaf-to-network" not in self._faults:
            self._say(Bare(STATUS))
        enough = Network.ROUTER.value if "hasty" in self._faults else Network.CLOUD.value
        if self._connected or not enough <= status <= Network.CLOUD.value:
            return []
        self._connected = True
        if "no-cache" not in self._faults:
            self._request(CacheAsked(b""), CACHE, "cache")
        if "no-clock" not in self._faults:
            self._request(Bare(TIME), TIME, "time")
        self._say_all(now)
        self._done(now, 0)
        return [Online()]

    def _ask(self, point: DataPoint) -> Event:
        self._number += 1
        if len(self._commands) >= COMMANDS:
            del self._commands[next(iter(self._commands))]
        self._commands[self._number] = point
        return Asked(self._number, AskCommand(KEYS[point.id], point.value))

    # --- what the device says ----------------------------------------------------------------------

    def _product(self) -> Product:
        return Product(f'{{"p":"{self._options.product}","v":"{self.target.version}"}}'.encode())

    def _measure(self, point: DataPoint, now: float) -> None:
        key = KEYS[point.id]
        changed = self._points.get(key) != point
        self._keep_value(point, now)
        if changed:
            self._report((point,), now)

    def _keep_value(self, point: DataPoint, now: float) -> None:
        key = KEYS[point.id]
        is_new = self._points.get(key) != point
        self._points[key] = point
        if is_new and key == self._options.interval and self._line.path is not None:
            self._set_alarm(now)

    def _report(self, points: tuple[DataPoint, ...], now: float) -> None:
        """Say this as soon as there is somebody to hear it; wake for it."""
        if points:
            self._reports = [*self._reports, LowRecordReport(self._stamp(now), points)][-RECORDS:]
        self._wake(now)
        if self._connected:
            self._say_all(now)

    def _say_all(self, now: float) -> None:
        """What is new first, then what was kept."""
        reports, self._reports = self._reports, []
        records, self._records = self._records, []
        for report in reports:
            for _ in range(2 if "stutters" in self._faults else 1):
                self._said += 1
                name = f"report {self._said}"
                self._saying[name] = report
                self._request(Points(REPORT, report.points), REPORT, name)
        for record in records:
            self._said += 1
            name = f"record {self._said}"
            self._saying[name] = record
            self._request(record, RECORD, name)

    def _stamp(self, now: float) -> bytes:
        return stamp_of(self._clock[0] + now - self._clock[1] if self._clock else None)

    def _request(self, message: Message, answer: int, name: str) -> None:
        self._open += 1
        self._timers.clear("sleep")
        self._pace.ask(Request(bytes(frame_of(message)), answer, AGAIN, TRIES, name))

    def _unanswered(self, request: Request, now: float) -> None:
        """Nobody took it: it is kept for the next time."""
        lost = self._saying.pop(request.name, None)
        if lost is not None:
            self._keep(lost)
        self._done(now)

    def _keep(self, record: LowRecordReport) -> None:
        if record not in self._records:
            self._records = [*self._records, record][-RECORDS:]

    def _done(self, now: float, requests: int = 1) -> None:
        """With nothing more to say it soon sleeps."""
        self._open -= requests
        if self._open <= 0 and "insomniac" not in self._faults:
            self._timers.set("sleep", now + (0.05 if "drowsy" in self._faults else LINGER))

    def _say(self, message: Message) -> None:
        self._pace.keep(self._pace.promise(), bytes(frame_of(message)))

    # --- waking and sleeping -----------------------------------------------------------------------

    def _wake(self, now: float) -> None:
        if self._line.path is None or self._awake:
            return
        self._awake = True
        self._line.counts["wakes"] += 1
        self._timers.set("sleep", now + PATIENCE)
        self._set_alarm(now)

    def _set_alarm(self, now: float) -> None:
        """It wakes after this time even where nothing changes, to see whether settings wait."""
        minutes = self._points.get(self._options.interval)
        interval = minutes.value if minutes and isinstance(minutes.value, int) else 0
        self._timers.set("wake", now + MINUTE * (interval or self._options.interval_min))

    def _sleep(self, now: float) -> list[Event]:
        if not self._connected and "insomniac" in self._faults:
            self._timers.set("sleep", now + PATIENCE)
            return []
        events = self._take(self._line.close(), now)
        was_connected = self._connected
        self._rest()
        return [*events, *([Offline("asleep", asleep=True)] if was_connected else ())]

    def _rest(self) -> None:
        """Nothing is under way any more; what was not acknowledged is kept."""
        for record in [*self._saying.values(), *self._reports]:
            self._keep(record)
        self._saying.clear()
        self._reports = []
        self._pace.reset()
        self._line.drop()
        self._timers.clear("sleep")
        self._open = 0
        self._awake = self._connected = False

    def _pump(self, now: float) -> None:
        if self._line.path is None or not self._awake or now < self._quiet_until:
            return
        for request in self._pace.ready(now):
            if "silent" not in self._faults:
                self._line.put(request.data)
