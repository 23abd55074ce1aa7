"""How a module finds its MCU: heartbeats, the four steps of the start, and why they get stuck.

    silent ──00 answered──► product info ──► working mode ──► network status ──► query ──► done
      ▲                        stuck? report it once, ask again after each heartbeat
      └── three heartbeats, one a second, in vain

Source: docs/protocols/tuya_wifi.md §2.3.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from unclouded.core.session import Event, Network, Offline, Online, Waiting
from unclouded.families.tuya.line.command import Message
from unclouded.families.tuya.line.datapoint import DataPoint
from unclouded.families.tuya.line.endpoint import EndpointParts
from unclouded.families.tuya.line.framing import GAP
from unclouded.families.tuya.line.request_queue import AnsweredBy, AnswerRule, Request, request_of
from unclouded.families.tuya.messages import Bare, NetworkStatus, frame_of
from unclouded.families.tuya.wifi import codes
from unclouded.families.tuya.wifi.commands import WIFI

MAC = re.compile(r"[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){5}")
SMALLEST_BUFFER = 15  # bytes of a frame with one number
UNNEEDED_TIMEOUT_S = 0.3  # for an answer to the network status that an MCU need not give

HEARTBEAT, POLL = "heartbeat", "poll"  # requests, and their timers
SET, NOTICE = "set", "notice"  # requests
PRODUCT, MODE, STATUS, QUERY = "product info", "working mode", "network status", "query"
STEPS = (PRODUCT, MODE, STATUS, QUERY)
ALIVE = WIFI.spec(codes.HEARTBEAT)
HEARTBEAT_TIMEOUT_S = ALIVE.timeout_s / ALIVE.tries  # between two, until one is answered or the MCU is offline
QUERY_ANSWER = AnsweredBy(codes.REPORT)
MUST = (PRODUCT, MODE)  # without these the MCU is not usable yet


class WifiSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The [session] table of a tuya_wifi profile. Times in seconds."""

    answer_timeout_s: float = 1.0  # before a request is sent again
    tries: int = 5  # how often each step of the start is asked before it is reported as stuck
    heartbeat_s: float = 15.0
    command_timeout_s: float = 5.0
    minimum_gap_s: float = 0.01  # between any two frames
    frame_gap_s: float = GAP  # of silence inside a frame; serial servers pause
    poll_s: float = 0.0  # ask for all values that often; 0 = the device reports by itself
    push_time_s: float = 0.0  # send the local time unasked that often, for clocks that drift; 0 = never
    time_notice_s: float = 3600.0  # send the time that often to an MCU that switched notices on (34 01)
    weather_s: float = 1800.0  # send the weather that often to an MCU that asked for it
    echo_s: float = 0.0  # after a command, hold back values on the way to the commanded one for so long
    ignore: tuple[int, ...] = ()  # data points whose reports are dropped
    status_first: tuple[int, ...] = (Network.ROUTER.value,)  # network states sent in the start before the real one
    mcu_buffer: int = 0  # bytes that the MCU can take in one frame; 0 = as it reports itself, or any
    mac: str = ""  # the answer when the MCU asks for it, 02:…; "" = an address of the hub's own making

    def __post_init__(self) -> None:
        """Raises ValueError, which msgspec reports with the place in the file."""
        if self.mac and not MAC.fullmatch(self.mac):
            raise ValueError(f"mac is {self.mac!r}; write 02:00:00:00:00:01")
        if not set(self.status_first) <= {status.value for status in Network}:
            raise ValueError("status_first holds network states, 0 to 6")
        if self.mcu_buffer and self.mcu_buffer < SMALLEST_BUFFER:
            raise ValueError(f"mcu_buffer is 0 or at least {SMALLEST_BUFFER}, room for one number")
        if min(self.time_notice_s, self.weather_s) < 1:
            raise ValueError("time_notice_s and weather_s are at least 1")


def report_of(points: Iterable[DataPoint]) -> AnswerRule:
    """What answers a 06: a report of one of its points. Some MCUs report by 22 only."""
    return AnsweredBy(codes.REPORT, also=codes.SYNC_REPORT, points=frozenset(point.id for point in points))


def notice(settings: WifiSettings, message: Message) -> Request:
    """What the module sends unasked, and again where the MCU does not acknowledge it."""
    frame = frame_of(message)
    spec = WIFI.spec(frame.command, WIFI.sub_of(frame.command, frame.payload))
    return request_of(spec, bytes(frame), NOTICE, timeout_s=settings.answer_timeout_s, tries=settings.tries)


class ModuleStart:
    """How far the conversation is. ``network``: the network status that the MCU is sent."""

    def __init__(self, settings: WifiSettings, parts: EndpointParts) -> None:
        self.network = Network.CLOUD.value
        self.is_online = False
        self._settings = settings
        self._queue = parts.queue
        self._timers = parts.timers
        self._counts = parts.counts
        self._is_alive = self._was_silent = False
        self._step = self._stuck = ""  # the step that is under way; why it is stuck
        self._since = 0.0  # of that step, or of the silence
        self._frames_before = self._noise_before = 0
        self._beats = True
        self._first: list[int] = []  # network states that the start sends before the real one
        self._acknowledges = True  # the last of these was answered
        self.product: Mapping[str, Any] = {}  # Any: the fields of the product info, JSON values
        self.pins = b""  # of LED and key, where the module drives them: such an MCU need not take a 03

    @property
    def asks_mode(self) -> bool:
        return self._step == MODE

    def begin(self, now: float) -> None:
        """A new connection: does an MCU answer?"""
        self.forget()
        self._since = now
        self.beat()

    def forget(self) -> None:
        """What is known of the MCU's state is not known any more."""
        self._is_alive = self.is_online = self._was_silent = False
        self._step = self._stuck = ""
        self._beats = True
        self.pins = b""
        self._frames_before = self._counts["frames_in"]
        self._noise_before = self._counts["noise_bytes"]

    def beat(self) -> None:
        """Ask whether the MCU is alive, each second until it answers or too many were in vain."""
        data = bytes(frame_of(Bare(codes.HEARTBEAT)))
        if not self._queue.holds(HEARTBEAT):
            request = request_of(ALIVE, data, HEARTBEAT, timeout_s=HEARTBEAT_TIMEOUT_S, must=True)
            self._queue.add(request, first=True)

    def alive(self, restarted: bool, now: float) -> None:
        """A heartbeat was answered."""
        if restarted:
            self._beats = True
        if self._beats:
            self._timers.set(HEARTBEAT, now + self._settings.heartbeat_s)
        if restarted and self._is_alive:
            self._counts["restarts"] += 1
        if restarted or not self._is_alive:
            self._is_alive = True
            self._queue.cancel(*STEPS)
            self._begin(PRODUCT, now)
        elif self._stuck:
            self._ask_step()

    def stop_heartbeats(self) -> None:
        """The MCU wants no more until it starts again. Before it has answered one they go on: it needs them."""
        if not self._is_alive:
            return
        self._beats = False
        self._timers.clear(HEARTBEAT)
        self._queue.cancel(HEARTBEAT)

    def resume(self, restarts: bool) -> None:
        """Heartbeats go on where they were held back, unless the MCU wants none; one that ``restarts`` needs them."""
        self._beats = self._beats or restarts
        if self._beats:
            self.beat()

    def send_network(self, status: int) -> None:
        """Send the MCU the network status, beside the start."""
        self._queue.add(notice(self._settings, NetworkStatus(status, codes.NETWORK)))

    def answered(self, request: Request, now: float) -> list[Event]:
        """This request was answered; if it was the step's, the next one begins."""
        return self._next_step(now) if request.name == self._step else []

    def unanswered(self, request: Request, now: float, held: int) -> list[Event]:
        """The last try of this request has timed out. ``held``: bytes that are no frame yet."""
        if request.name == HEARTBEAT:
            return self._silent(now, held)
        if request.name != self._step:
            return []
        if self._step not in MUST:
            self._acknowledges = False
            self._counts[f"{self._step} unanswered"] += 1
            return self._next_step(now)
        if self._stuck:
            return []
        self._stuck = f"The MCU answers heartbeats but not {self._step}"
        self.is_online = False
        return [Waiting(self._stuck, self._since)]

    def why_not(self) -> str:
        """Why a command cannot be sent; "" = it can, now or soon."""
        if self._was_silent and not self._is_alive:
            return "the MCU does not answer heartbeats"
        return self._stuck

    # --- inside --------------------------------------------------------------------------------

    def _begin(self, step: str, now: float) -> None:
        self._step = step
        self._since = now
        self._stuck = ""
        if step == STATUS:
            self._first = [status for status in self._settings.status_first if self._may_precede(status)]
            self._acknowledges = True
        self._ask_step()

    def _ask_step(self) -> None:
        self._queue.cancel(self._step)
        tries, timeout_s = self._settings.tries, self._settings.answer_timeout_s
        if self._step == STATUS and (self.pins or not self._acknowledges):
            tries, timeout_s = 1, min(timeout_s, UNNEEDED_TIMEOUT_S)
        message, rule = self._messages()[self._step]
        request = Request(bytes(frame_of(message)), rule, timeout_s, tries, self._step, must=True)
        self._queue.add(request)

    def _may_precede(self, status: int) -> bool:
        """A network state is sent once, and no better one than the real one before it."""
        return status != self.network and (status != Network.ROUTER.value or self.network == Network.CLOUD.value)

    def _messages(self) -> Mapping[str, tuple[Message, AnswerRule]]:
        """What each step sends, and what answers it."""
        return {
            PRODUCT: (Bare(codes.PRODUCT), WIFI.spec(codes.PRODUCT)),
            MODE: (Bare(codes.MODE), WIFI.spec(codes.MODE)),
            STATUS: (NetworkStatus([*self._first, self.network][0], codes.NETWORK), WIFI.spec(codes.NETWORK)),
            QUERY: (Bare(codes.QUERY), QUERY_ANSWER),
        }

    def _next_step(self, now: float) -> list[Event]:
        """The step is done, or can be left out. From the query on the MCU is usable."""
        if self._step == STATUS and self._first:
            del self._first[0]
            self._ask_step()
            return []
        following = STEPS[STEPS.index(self._step) + 1 :]
        if not following:
            self._step = ""
            return []
        self._begin(following[0], now)
        if self._step != QUERY:
            return []
        if self._settings.poll_s:
            self._timers.set(POLL, now + self._settings.poll_s)
        if self.is_online:
            return []
        self.is_online = True
        return [Online()]

    def _silent(self, now: float, held: int) -> list[Event]:
        """Three heartbeats in vain: the MCU is gone, or it never was there."""
        if self._is_alive:
            self.forget()
            self._since, self._was_silent = now, True
            self._timers.clear(HEARTBEAT, POLL)
            self._queue.cancel(*STEPS, SET)
            self.beat()
            return [Offline("no heartbeat answer")]
        self.beat()
        if self._was_silent:
            return []
        self._was_silent = True
        return [Waiting(self._silence_reason(held), self._since)]

    def _silence_reason(self, held: int) -> str:
        """Why no MCU answers, as far as the line shows."""
        if self._counts["echoes"]:
            return "What is sent comes straight back: TX and RX are joined, and no MCU answers"
        if self._counts["frames_in"] > self._frames_before:
            return "The MCU sends but does not answer heartbeats"
        noise = self._counts["noise_bytes"] - self._noise_before + held
        if noise:
            return f"Only noise comes from the MCU ({noise} bytes): is the baud rate right (9600 or 115200)?"
        return "The MCU does not answer heartbeats: is it powered, are RX and TX the right way round?"
