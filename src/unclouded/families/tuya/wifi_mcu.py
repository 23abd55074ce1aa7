"""The MCU's end of a Tuya Wi-Fi line: the simulated plug, and the other end in our tests.

    module 00 ─► 00 restarted, then 01      01 ─► product JSON      02 ─► pins      03 ─► 03
    module 08 ─► a 07 for each data point   06 ─► the world is asked; a 07 says what became of it

Like a real MCU it does one thing after the other: while the world has not answered a 06, what the module
says next waits. What the world measures comes by ``submit(WireCommand(values, types))``; what changed is
reported, one data point a frame as the vendor's SDK does. Source: seed 004; protocols/tuya_wifi.md §2.3, §2.6.
"""

from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence

import msgspec

from unclouded.errors import CommandError
from unclouded.families.tuya.datapoint import BOOL, ENUM, KEYS, VALUE, DataPoint, PointValue
from unclouded.families.tuya.frame import Frame, Noise
from unclouded.families.tuya.line import Line, Pieces, rejected
from unclouded.families.tuya.wifi_messages import (
    Bare,
    Heartbeat,
    Message,
    Mode,
    NetworkStatus,
    Points,
    Product,
    frame_of,
    read_message,
)
from unclouded.families.tuya.wishes import points_of
from unclouded.session import (
    Answer,
    Asked,
    AskWish,
    Event,
    Failure,
    Later,
    Offline,
    Online,
    Out,
    Refusal,
    Settled,
    Ticket,
    Timers,
    Way,
    WireCommand,
    Wish,
    earliest,
    refuse_action,
)

INBOX = 256  # frames that may wait; more are lost, as in a UART buffer
WORLD_WAIT = 1.0  # s that the world may take to answer a wish
SLOW = 0.25  # s that a slow MCU takes for each answer
RESTARTS = 60.0  # s between the restarts of one that does not run well
REPORT = 0x07

FAULTS: Mapping[str, str] = {
    "silent": "It answers nothing at all.",
    "deaf-to-product": "It answers heartbeats, but not the question which product it is.",
    "deaf-to-mode": "It does not answer the question for its working mode.",
    "deaf-to-query": "It never answers the query for all values and reports changes only.",
    "old-product": "It is of the old kind: version 0, product info without JSON.",
    "garbled-product": "There are control bytes in its product info.",
    "short-values": "It sends small numbers in one byte, and enums in four.",
    "slow": "It takes a quarter of a second for each answer.",
    "restarts": "It starts again every minute.",
    "asks": "It asks for time, signal and network after each heartbeat.",
    "stray-bytes": "A stray 55 comes before each frame.",
    "stuck-switch": "Its relay does not move: wishes are reported back unfulfilled.",
}


class McuOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What the simulated MCU is. ``increments``: points whose every value counts, even the same one twice."""

    product: str = "uncloudedplugsim"
    firmware: str = "1.0.0"
    pairing: int = 0
    pins: bytes = b""
    version: int = 3
    increments: frozenset[str] = frozenset()
    faults: frozenset[str] = frozenset()


class WifiMcu:
    """A session in the device role."""

    def __init__(self, options: McuOptions) -> None:
        self._options = options
        self._faults = options.faults
        self._version = 0 if "old-product" in options.faults else options.version
        self._line = Line()
        self._later = Later()
        self._timers = Timers()
        self._points: dict[str, DataPoint] = {}
        self._wishes: dict[int, DataPoint] = {}
        self._inbox: deque[Frame | Noise] = deque()
        self._delayed: list[tuple[float, bytes]] = []
        self._number = 0
        self._uncounted: Counter[str] = Counter()  # increments that no module has heard of yet
        self._is_new = True  # no heartbeat was answered since the start

    def up(self, way: Way, now: float) -> Sequence[Event]:
        events = [*self._take(self._line.close(), now), *self._let_go(now)]
        self._line.way = way.name
        self._line.drop()
        self._delayed.clear()
        self._is_new = True
        if "restarts" in self._faults:
            self._timers.set("restart", now + RESTARTS)
        return events

    def down(self, way: str, reason: str, now: float) -> Sequence[Event]:
        if way != self._line.way:
            return ()
        events = self._take(self._line.close(), now)
        self._line.way = None
        self._line.drop()
        self._delayed.clear()
        self._timers.clear_all()
        return [*events, *self._let_go(now), Offline(reason)]

    def receive(self, data: bytes, now: float, way: str = "", re: int = 0) -> Sequence[Event]:
        return self._take(self._line.feed(data, now), now)

    def failed(self, id: int, why: Failure, now: float) -> Sequence[Event]:
        return ()

    def submit(self, wish: Wish, now: float) -> Ticket:
        """What the world measures now; it counts at once, with or without a module."""
        if not isinstance(wish, WireCommand):
            raise refuse_action(wish)
        if wish.part:
            raise CommandError("A Tuya Wi-Fi device has no sub-devices.")
        known = {key: point.type for key, point in self._points.items()}
        for point in points_of(wish, known):
            self._measure(point, now)
        self._number += 1
        self._later.add([Settled(self._number)], now)
        return self._number

    def answer(self, id: int, value: Answer | Refusal, now: float) -> Sequence[Event]:
        """The world's answer to a wish: the point's new value is reported, or the old one again."""
        point = self._wishes.pop(id, None)
        if point is None:
            return ()
        key = KEYS[point.id]
        if not isinstance(value, Refusal):
            self._points[key] = point
        if key in self._points:
            self._report(self._points[key], now)
        events = self._work(now)
        self._release(now)
        return events

    def tick(self, now: float) -> Sequence[Event]:
        events = [*self._later.take(), *self._take(self._line.tick(now), now)]
        for timer in self._timers.due(now):
            if timer == "restart":
                self._is_new = True
                self._timers.set("restart", now + RESTARTS)
            else:  # the world had its time to answer
                self._wishes.clear()
                events += self._work(now)
        self._release(now)
        return events

    def deadline(self) -> float | None:
        delayed = self._delayed[0][0] if self._delayed else None
        return earliest(self._later.deadline(), delayed, self._line.deadline(), self._timers.earliest())

    def outgoing(self, now: float) -> list[Out]:
        self._release(now)
        return self._line.drain()

    def stats(self) -> Mapping[str, float]:
        return self._line.stats()

    # --- what the module says --------------------------------------------------------------------

    def _take(self, pieces: Pieces, now: float) -> list[Event]:
        for piece in pieces:
            if isinstance(piece, Frame):
                self._line.heard(piece)
            else:
                self._line.lost(piece)
            if len(self._inbox) < INBOX:
                self._inbox.append(piece)
        return self._work(now)

    def _work(self, now: float) -> list[Event]:
        """Do what the module said, up to the next question to the world."""
        events: list[Event] = []
        while self._inbox and not self._wishes:
            piece = self._inbox.popleft()
            if isinstance(piece, Frame):
                events += self._hear(piece, now)
            else:
                events.append(rejected(piece))
        if not self._wishes:
            self._timers.clear("world")
        return events

    def _let_go(self, now: float) -> list[Event]:
        """Wait for the world no longer."""
        events: list[Event] = []
        while self._wishes or self._inbox:
            self._wishes.clear()
            events += [event for event in self._work(now) if not isinstance(event, Asked)]
        self._wishes.clear()
        return events

    def _hear(self, frame: Frame, now: float) -> list[Event]:
        match read_message("controller", frame):
            case Bare(command=0x00):
                return self._heartbeat(now)
            case Bare(command=0x01) if "deaf-to-product" not in self._faults:
                self._say(self._product(), now)
            case Bare(command=0x02) if "deaf-to-mode" not in self._faults:
                self._say(Mode(self._options.pins), now)
            case NetworkStatus(command=0x03):
                self._say(Bare(0x03), now)
            case Points(points=points) if "stuck-switch" in self._faults:  # the world never hears of it
                for key in [KEYS[point.id] for point in points]:
                    if key in self._points:
                        self._report(self._points[key], now)
            case Points(points=points):
                self._timers.set("world", now + WORLD_WAIT)
                return [self._ask(point) for point in points]
            case Bare(command=0x08) if "deaf-to-query" not in self._faults:
                self._report_all(now)
        return []

    def _heartbeat(self, now: float) -> list[Event]:
        self._say(Heartbeat(self._is_new), now)
        first, self._is_new = self._is_new, False
        if "asks" in self._faults:
            for command in (0x1C, 0x24, 0x2B):
                self._say(Bare(command), now)
        return [Online()] if first else []

    def _ask(self, point: DataPoint) -> Event:
        """The module wants this point to be so: what does the world say?"""
        self._number += 1
        self._wishes[self._number] = point
        return Asked(self._number, AskWish(KEYS[point.id], point.value))

    # --- what the MCU says -----------------------------------------------------------------------

    def _product(self) -> Product:
        options = self._options
        if "old-product" in self._faults:
            return Product((options.product + options.firmware).encode())
        end = "\x00\r\n}" if "garbled-product" in self._faults else "}"
        return Product(f'{{"p":"{options.product}","v":"{options.firmware}","m":{options.pairing}{end}'.encode())

    def _measure(self, point: DataPoint, now: float) -> None:
        key = KEYS[point.id]
        if key in self._options.increments:
            self._count(point, now)
            return
        changed = self._points.get(key) != point
        self._points[key] = point
        if changed and not self._is_new:
            self._report(point, now)

    def _count(self, point: DataPoint, now: float) -> None:
        """Report what was counted since the last report; without a module it waits."""
        key = KEYS[point.id]
        self._uncounted[key] += int(point.value)
        if self._uncounted[key] and not self._is_new:
            self._report(msgspec.structs.replace(point, value=self._uncounted.pop(key)), now)

    def _report(self, point: DataPoint, now: float) -> None:
        self._say(Points(REPORT, (self._spoilt(point),)), now)

    def _report_all(self, now: float) -> None:
        for point in self._points.values():
            self._report(point, now)

    def _spoilt(self, point: DataPoint) -> DataPoint:
        """As the firmware sends it, right or wrong."""
        if "short-values" not in self._faults or not isinstance(point.value, int):
            return point
        spoil = _SPOIL.get(point.type)
        body = spoil(point.value) if spoil else None
        return point if body is None else msgspec.structs.replace(point, kept=body)

    def _say(self, message: Message, now: float) -> None:
        if self._line.way is None or "silent" in self._faults:
            return
        data = bytes(frame_of(message, self._version))
        if "stray-bytes" in self._faults:
            data = b"\x55" + data
        self._delayed.append((now + SLOW if "slow" in self._faults else now, data))

    def _release(self, now: float) -> None:
        while self._delayed and self._delayed[0][0] <= now:
            self._line.put(self._delayed.pop(0)[1])


def _one_byte(value: PointValue) -> bytes | None:
    return bytes((value,)) if isinstance(value, int) and 0 <= value <= 0xFF else None


def _four_bytes(value: PointValue) -> bytes | None:
    return value.to_bytes(4) if isinstance(value, int) else None


_SPOIL: Mapping[int, Callable[[PointValue], bytes | None]] = {VALUE: _one_byte, ENUM: _four_bytes, BOOL: _four_bytes}
