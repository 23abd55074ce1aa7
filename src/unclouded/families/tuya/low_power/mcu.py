"""The MCU's end of a battery device's Tuya line: the simulated door sensor, and the other end in our tests.

    asleep ──something changed, or the interval is over──► awake: waits for 01, 02/04 ─► 10 cache? 06 time? 05 …
      ▲                                                      │ no module for 20 s: keep it as a record (08)
      └──────────── all is sent, a second passes ◄───────────┘

While it sleeps it receives nothing. What the world measures comes by ``submit(WireCommand(values, types))``; a
change wakes it. Settings that it is given are asked of the world and reported as they then are.
Source: docs/protocols/tuya_low_power.md §2, §3.
"""

from collections.abc import Mapping, Sequence
from functools import partial

import msgspec

from unclouded.core.errors import CommandError
from unclouded.core.sessions.session import (
    Answer,
    AskCommand,
    Event,
    Network,
    Offline,
    Online,
    Refusal,
    Rejected,
    SessionCommand,
    Settled,
    Ticket,
    WireCommand,
)
from unclouded.core.sessions.session_parts import refuse_action
from unclouded.families.tuya.line.command import Message
from unclouded.families.tuya.line.datapoint import KEYS, DataPoint
from unclouded.families.tuya.line.endpoint import Endpoint, EndpointParts
from unclouded.families.tuya.line.framing import Frame
from unclouded.families.tuya.line.request_queue import Request, request_of
from unclouded.families.tuya.low_power import codes
from unclouded.families.tuya.low_power.commands import LOW_POWER, read_low
from unclouded.families.tuya.low_power.messages import (
    FAILED,
    Cache,
    CacheAsked,
    LowRecordReport,
    seconds_of,
    stamp_of,
)
from unclouded.families.tuya.low_power.update_kinds import LOW_KINDS
from unclouded.families.tuya.messages import Bare, Clock, NetworkStatus, Points, Product, Result, frame_of
from unclouded.families.tuya.pending_commands import points_of
from unclouded.families.tuya.update.receiver import UPDATE_FAULTS, PacketResult, UpdateTarget

PAUSE_S = 0.01  # between any two frames; ours
TRIES = 3  # of each request
NETWORK_TIMEOUT_S = 20.0  # awake without a network, after which it gives up; ours
LINGER_S = 1.0  # awake after all is sent, for settings that come late; ours
ACKED_S = 0.05  # the same, with the fault "sleeps-after-ack"
RESTART_S = 0.1  # after the end of an update; ours
RECORDS = 100  # that its memory holds
COMMANDS = 64  # that may wait for the world
MINUTE_S = 60.0
OFTEN_S = 30.0  # from one waking to the next with the fault "wakes-often"
ASLEEP = "it sleeps and receives nothing"
SLEEP, WAKE, RESTART = "sleep", "wake", "restart"  # timers

FAULTS: Mapping[str, str] = {
    "sends-nothing": "It sends nothing at all.",
    "ignores-product-query": "It does not answer the question which product it is.",
    "acks-no-network-status": "It does not acknowledge the network status, but acts on it.",
    "reports-before-cloud": "It reports as soon as there is a router, before the cloud is reached.",
    "never-asks-for-settings": "It never asks for the settings that waited.",
    "never-asks-for-time": "It never asks for the time: its records have none.",
    "sleeps-after-ack": "It falls asleep as soon as its report is acknowledged.",
    "never-sleeps": "It never sleeps.",
    "sends-twice": "It sends each report twice.",
    "wakes-often": "It wakes every half minute.",
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
    """A simulated battery device: the Role of the MCU."""

    def __init__(self, options: LowOptions, parts: EndpointParts) -> None:
        self.target = UpdateTarget(options.firmware, LOW_KINDS.values(), options.faults)
        self._options = options
        self._faults = options.faults
        self._parts = parts
        self._ids = parts.ids
        self._line = parts.line
        self._counts = parts.counts
        self._queue = parts.queue
        self._timers = parts.timers
        self._deferred = parts.deferred
        self._questions = parts.questions
        self._is_awake = self._is_connected = False
        self._open = 0  # requests that have no answer yet
        self._points: dict[str, DataPoint] = {}
        self._reports: list[LowRecordReport] = []  # not sent yet, with the time at which they were so
        self._records: list[LowRecordReport] = []
        self._sending: dict[str, LowRecordReport] = {}  # by the request that sends it
        self._sent = 0  # reports and records
        self._clock: tuple[float, float] | None = None  # local seconds at a given now

    # --- the connection --------------------------------------------------------------------------

    def opened(self, now: float) -> Sequence[Event]:
        """Batteries in: it wakes."""
        unsent, self._reports = self._reports, []
        self._rest()
        for report in unsent:
            if report.stamp[0]:
                self._keep(report)
            else:  # it does not know when that was: as good as now
                self._reports.append(report)
        self._wake(now)
        return ()

    def closed(self, reason: str, now: float) -> Sequence[Event]:
        self._rest()
        return ()

    def refuses(self, data: bytes, now: float) -> str:
        """Why these bytes are not received, "" = they are."""
        return "" if self._is_awake else ASLEEP

    def noise(self, rejected: Rejected, now: float) -> Sequence[Event]:
        self._queue.hush(now + PAUSE_S)
        return (rejected,)

    # --- the world -------------------------------------------------------------------------------

    def submit(self, command: SessionCommand, now: float) -> Ticket:
        """What the world measures now; what changed wakes the device."""
        if not isinstance(command, WireCommand):
            raise refuse_action(command)
        if command.part:
            raise CommandError("A Tuya battery device has no sub-devices.")
        known = {key: point.type for key, point in self._points.items()}
        for point in points_of(command, known):
            self._measure(point, now)
        ticket = self._ids.next()
        self._deferred.add([Settled(ticket)], now)
        return ticket

    def _world_answered(self, point: DataPoint, value: Answer | Refusal, now: float) -> Sequence[Event]:
        """The world's answer to a command: the point is reported as it is now."""
        key = KEYS[point.id]
        if not isinstance(value, Refusal):
            self._keep_value(point, now)
        if key in self._points:
            self._report((self._points[key],), now)
        return ()

    # --- time ------------------------------------------------------------------------------------

    def due(self, timer: str, now: float) -> Sequence[Event]:
        if timer == SLEEP:
            return self._sleep(now)
        if timer == WAKE:
            self._set_alarm(now)
            self._report(tuple(self._points.values()), now)
        elif timer == RESTART:
            self._rest()
            self.target.restarted()
            self._wake(now)
        return ()

    def unanswered(self, request: Request, now: float) -> Sequence[Event]:
        """The module did not take it: it is kept for the next time."""
        lost = self._sending.pop(request.name, None)
        if lost is not None:
            self._keep(lost)
        self._done(now)
        return ()

    def tick(self, now: float) -> Sequence[Event]:
        return ()

    def deadline(self) -> float | None:
        return None

    def stats(self, now: float) -> Mapping[str, float]:
        return {"wakes": self._counts["wakes"], "records": len(self._records)}

    # --- what the module sends -------------------------------------------------------------------

    def received(self, frame: Frame, now: float) -> Sequence[Event]:
        self._queue.hush(now + PAUSE_S)  # let the module finish before we send
        request = self._queue.received(frame, now)
        message = read_low("controller", frame)
        if request is not None:
            self._answered(request, message)
        packet = self.target.received(message)
        if packet is not None:
            self._update(packet, now)
        events = self._obey(message, now)
        if request is not None:
            self._done(now)
        return events

    def _answered(self, request: Request, message: Message) -> None:
        """What the module could not store is kept for the next time, as a record."""
        report = self._sending.pop(request.name, None)
        if report is not None and isinstance(message, Result) and message.code == FAILED:
            self._keep(report)

    def _obey(self, message: Message, now: float) -> Sequence[Event]:
        match message:
            case Bare(command=codes.PRODUCT) if "ignores-product-query" not in self._faults:
                self._send(self._product())
            case NetworkStatus(status=status):
                return self._network(status, now)
            case Points(command=codes.SET, points=points):
                self._send(Bare(codes.SET))
                return [event for point in points for event in self._ask(point, now)]
            case Cache(points=points):
                return [event for point in points for event in self._ask(point, now)]
            case Clock(ok=True, fields=fields):
                local = seconds_of(b"\1" + fields[:6])
                self._clock = None if local is None else (local, now)
        return ()

    def _update(self, packet: PacketResult, now: float) -> None:
        """A packet of an update: it stays awake for more. After the last one it restarts."""
        if packet.answer is not None:
            self._send(packet.answer)
        self._timers.set(SLEEP, now + NETWORK_TIMEOUT_S)
        if packet.restarts:
            self._timers.set(RESTART, now + RESTART_S)

    def _network(self, status: int, now: float) -> Sequence[Event]:
        if "acks-no-network-status" not in self._faults:
            self._send(Bare(codes.STATUS))
        enough = Network.ROUTER.value if "reports-before-cloud" in self._faults else Network.CLOUD.value
        if self._is_connected or not enough <= status <= Network.CLOUD.value:
            return ()
        self._is_connected = True
        if "never-asks-for-settings" not in self._faults:
            self._request(CacheAsked(b""), "cache")
        if "never-asks-for-time" not in self._faults:
            self._request(Bare(codes.TIME), "time")
        self._send_reports()
        self._done(now, 0)
        return (Online(),)

    def _ask(self, point: DataPoint, now: float) -> Sequence[Event]:
        question = AskCommand(KEYS[point.id], point.value)
        return self._questions.ask(question, partial(self._world_answered, point), now)

    # --- what the device sends -------------------------------------------------------------------

    def sending(self, request: Request, now: float) -> bool:
        return "sends-nothing" not in self._faults

    def _product(self) -> Product:
        return Product(f'{{"p":"{self._options.product}","v":"{self.target.version}"}}'.encode())

    def _measure(self, point: DataPoint, now: float) -> None:
        changed = self._points.get(KEYS[point.id]) != point
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
        """Send this as soon as there is a network; wake for it."""
        if points:
            self._reports = [*self._reports, LowRecordReport(self._stamp(now), points)][-RECORDS:]
        self._wake(now)
        if self._is_connected:
            self._send_reports()

    def _send_reports(self) -> None:
        """What is new first, then what was kept."""
        reports, self._reports = self._reports, []
        records, self._records = self._records, []
        for report in reports:
            for _ in range(2 if "sends-twice" in self._faults else 1):
                self._send_one(report, Points(codes.REPORT, report.points))
        for record in records:
            self._send_one(record, record)

    def _send_one(self, report: LowRecordReport, message: Message) -> None:
        self._sent += 1
        name = f"report {self._sent}"
        self._sending[name] = report
        self._request(message, name)

    def _stamp(self, now: float) -> bytes:
        return stamp_of(self._clock[0] + now - self._clock[1] if self._clock else None)

    def _request(self, message: Message, name: str) -> None:
        self._open += 1
        self._timers.clear(SLEEP)
        spec, data = LOW_POWER.spec(message.command), bytes(frame_of(message))
        self._queue.add(request_of(spec, data, name, tries=TRIES))

    def _keep(self, record: LowRecordReport) -> None:
        if record not in self._records:
            self._records = [*self._records, record][-RECORDS:]

    def _done(self, now: float, requests: int = 1) -> None:
        """With nothing more to send it soon sleeps."""
        self._open -= requests
        if self._open <= 0 and "never-sleeps" not in self._faults:
            self._timers.set(SLEEP, now + (ACKED_S if "sleeps-after-ack" in self._faults else LINGER_S))

    def _send(self, message: Message) -> None:
        self._queue.answer(bytes(frame_of(message)))

    # --- waking and sleeping ---------------------------------------------------------------------

    def _wake(self, now: float) -> None:
        if self._line.path is None or self._is_awake:
            return
        self._is_awake = True
        self._counts["wakes"] += 1
        self._timers.set(SLEEP, now + NETWORK_TIMEOUT_S)
        self._set_alarm(now)

    def _set_alarm(self, now: float) -> None:
        """It wakes after this time even where nothing changes, to see whether settings wait."""
        minutes = self._points.get(self._options.interval)
        interval = minutes.value if minutes and isinstance(minutes.value, int) else 0
        period_s = MINUTE_S * (interval or self._options.interval_min)
        self._timers.set(WAKE, now + (OFTEN_S if "wakes-often" in self._faults else period_s))

    def _sleep(self, now: float) -> Sequence[Event]:
        if not self._is_connected and "never-sleeps" in self._faults:
            self._timers.set(SLEEP, now + NETWORK_TIMEOUT_S)
            return ()
        events = self._parts.settle(now)
        was_connected = self._is_connected
        self._rest()
        return [*events, *([Offline("asleep", asleep=True)] if was_connected else ())]

    def _rest(self) -> None:
        """Nothing is under way any more; what was not acknowledged is kept."""
        for record in [*self._sending.values(), *self._reports]:
            self._keep(record)
        self._sending.clear()
        self._reports = []
        self._queue.reset()
        self._line.drop()
        self._timers.clear(SLEEP)
        self._open = 0
        self._is_awake = self._is_connected = False


def low_mcu(options: LowOptions) -> Endpoint[LowMcu]:
    """A session in the device role."""
    parts = EndpointParts(LOW_POWER.shapes, pause_s=PAUSE_S, questions=COMMANDS)
    mcu = LowMcu(options, parts)
    return Endpoint(parts, mcu, refuses=mcu.refuses)
