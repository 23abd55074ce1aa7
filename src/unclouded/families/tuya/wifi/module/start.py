"""How a module finds its MCU, whether it still is there, the four steps of the start, and why they get stuck.

    not found ──00 answered──────► product info ─► working mode ─► network status ─► query ─► done
      ▲  └──── 01 answered, 00 not ──────────────────▲    stuck? report it, ask again from time to time
      │
      ├── three heartbeats, one a second, in vain, and nothing else was received meanwhile
      └── heartbeats are off (25), or never answered: nothing was received for a while, and 01 is asked in vain

Source: docs/protocols/tuya_wifi.md §2.3, §2.6 item 18.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from unclouded.core.sessions.session import Event, Offline, Online, Waiting
from unclouded.families.tuya.line.command import Message
from unclouded.families.tuya.line.endpoint import EndpointParts
from unclouded.families.tuya.line.request_queue import AnsweredBy, AnswerRule, Request, request_of
from unclouded.families.tuya.messages import Bare, NetworkStatus, frame_of
from unclouded.families.tuya.wifi import codes
from unclouded.families.tuya.wifi.commands import HEARTBEAT_TRIES, WIFI
from unclouded.families.tuya.wifi.module.evidence import (
    HEARTBEATS,
    MODE,
    PRODUCT,
    QUERY,
    REPORTS,
    STATUS,
    StartEvidence,
)
from unclouded.families.tuya.wifi.module.network import ShownNetwork
from unclouded.families.tuya.wifi.module.settings import WifiSettings, notice

UNNEEDED_TIMEOUT_S = 0.3  # for an answer that an MCU need not give

HEARTBEAT, POLL = "heartbeat", "poll"  # requests, and their timers
LIVENESS = "liveness"  # a timer, and a 01: is an MCU still there that is sent no heartbeats, or answers none?
SEARCH, SINGLE_BEAT, SET = "search", "single heartbeat", "set"  # requests
PAIRING = "pairing"  # a timer
STEPS = (PRODUCT, MODE, STATUS, QUERY)
ALIVE = WIFI.spec(codes.HEARTBEAT)
IDENTITY = WIFI.spec(codes.PRODUCT)
HEARTBEAT_TIMEOUT_S = ALIVE.timeout_s / ALIVE.tries  # between two, until one is answered or the MCU is offline
QUERY_ANSWER = AnsweredBy(codes.REPORT)
NO_HEARTBEAT, NO_PRODUCT = "no heartbeat answer", "no answer to product info"
NOT_FOUND = "the MCU does not answer heartbeats"


class ModuleStart:
    """How far the conversation is.

    ``is_certain``: the MCU is known to use this dialect; until then only an answered heartbeat begins the start.
    ``network``: the status that the MCU is sent.
    """

    def __init__(self, settings: WifiSettings, parts: EndpointParts) -> None:
        self.is_online = False
        self.is_certain = True
        self.network = ShownNetwork()
        self._settings = settings
        self._queue = parts.queue
        self._timers = parts.timers
        self._counts = parts.counts
        self._evidence = StartEvidence(parts.counts)
        self._is_alive = self._answers_beats = False
        self._begins_anew = False  # the start is to begin with the next answer to a heartbeat
        self._step = self._stuck = ""  # the step that is under way; why it is stuck
        self._not_found = ""  # why no MCU is found, for commands
        self._since = 0.0  # of the start, or of the silence
        self._beats = True  # the MCU wants heartbeats
        self._frames_at_beat = self._frames_at_check = 0
        self._first: list[int] = []  # network states that the start sends before the real one
        self._acknowledges = True  # the last of these was answered
        self.product: Mapping[str, Any] = {}  # Any: the fields of the product info, JSON values
        self.pins = b""  # of LED and key, where the module drives them: such an MCU need not take a 03

    @property
    def asks_mode(self) -> bool:
        return self._step == MODE

    @property
    def beats(self) -> bool:
        """Does the MCU want heartbeats?"""
        return self._beats

    def begin(self, now: float) -> None:
        """A new connection: does an MCU answer?"""
        self.forget()
        self._since = now
        self.beat()

    def forget(self) -> None:
        """The connection is gone."""
        self.network.pairing = None
        self._not_found = ""
        self._evidence.reset()
        self._forget_mcu()

    # --- is it there? ------------------------------------------------------------------------------

    def beat(self) -> None:
        """Ask whether the MCU is alive, each second until it answers or too many were in vain."""
        if not self._queue.holds(HEARTBEAT):
            data = bytes(frame_of(Bare(codes.HEARTBEAT)))
            request = request_of(ALIVE, data, HEARTBEAT, timeout_s=HEARTBEAT_TIMEOUT_S, must=True)
            self._queue.add(request, first=True)

    def sending(self, request: Request) -> None:
        """This leaves now."""
        if request.name == HEARTBEAT and request.tries == ALIVE.tries:
            self._frames_at_beat = self._counts["frames_in"]

    def check(self, now: float) -> None:
        """Of an MCU without heartbeats: has it sent anything since the last time? If not, it is asked."""
        self._timers.set(LIVENESS, now + self._settings.heartbeat_s)
        if self._beats and not self._answers_beats:
            self._beat_once()
        if self._stuck:
            self._ask_step()
        elif not self._step and self._counts["frames_in"] == self._frames_at_check:
            self._ask_product(LIVENESS, HEARTBEAT_TRIES)
        self._frames_at_check = self._counts["frames_in"]

    def doubt(self) -> None:
        """It may have stopped: ask at once."""
        if not self._is_alive or self._step:
            return
        if self._is_beating:
            self.beat()
        else:
            self._ask_product(LIVENESS, HEARTBEAT_TRIES)

    def alive(self, restarted: bool, now: float) -> None:
        """A heartbeat was answered."""
        if restarted and self._answers_beats:
            self._counts["restarts"] += 1
        self._evidence.answered(HEARTBEATS)
        self._answers_beats = True
        self._beats = self._beats or restarted
        if self._is_beating:
            self._timers.clear(LIVENESS)
            self._timers.set(HEARTBEAT, now + self._settings.heartbeat_s)
        if restarted or self._begins_anew or not self._is_alive:
            self._queue.cancel(SEARCH)
            self._begin_start(PRODUCT, now)
        elif self._stuck:
            self._ask_step()

    def found(self, now: float) -> None:
        """It answers product info. Heartbeats are not a precondition: docs/protocols/tuya_wifi.md §2.6 item 18."""
        if not self._is_alive and self.is_certain:
            self._queue.cancel(SEARCH)
            self._go_without_heartbeats(now)
            self._beat_once()
            self._begin_start(MODE, now)
        self._evidence.answered(PRODUCT)

    def stop_heartbeats(self, now: float) -> None:
        """The MCU wants no more until it starts again. Until it is online they go on: the start needs them."""
        if self._is_alive:
            self._beats = False
        if self.is_online:
            self._watch(now)

    def resume(self, restarts: bool) -> None:
        """An update is over: heartbeats go on, unless the MCU wants none. If it ``restarts``, its answers show it."""
        if self._is_beating:
            self.beat()

    def renewed(self) -> None:
        """It runs another firmware, so it has started again: it wants heartbeats again."""
        if not self._beats:
            self._beats = True
            self.beat()

    def why_not(self) -> str:
        """Why a command cannot be sent; "" = it can, now or soon."""
        return self._stuck if self._is_alive else self._not_found

    # --- the network -------------------------------------------------------------------------------

    def change_network(self, status: int) -> None:
        """How the network really is."""
        if self.network.change(status):
            self._announce([status])

    def pair(self, status: int, now: float, seconds: float) -> None:
        """The module was reset: it starts again, and can be paired for so long."""
        self.network.pairing = status
        self._timers.set(PAIRING, now + seconds)
        self._beats = True
        if not self._is_alive:
            return
        self._queue.cancel(*STEPS)
        if self._answers_beats:
            self._begins_anew = True
            self.beat()
        else:
            self._begin_start(PRODUCT, now)

    def connect(self) -> None:
        """The module connects to its network, as after pairing, or after the time for it."""
        self._timers.clear(PAIRING)
        self._announce(self.network.connect())

    # --- the steps ---------------------------------------------------------------------------------

    def answered(self, request: Request, now: float) -> list[Event]:
        """This request was answered; if it was the step's, the next one begins."""
        if request.name == LIVENESS:
            self._frames_at_check = self._counts["frames_in"]
        if request.name != self._step:
            return []
        self._evidence.answered(self._step)
        self._stuck = ""
        usable = self._usable(now) if self._step == QUERY else []
        return [*usable, *self._next_step(now)]

    def reported(self, now: float) -> list[Event]:
        """It reports values, asked or not: beside product info that is enough."""
        self._evidence.answered(REPORTS)
        if self.is_online or not (self._is_alive and self._evidence.has_answered(PRODUCT)):
            return []
        if self._stuck:
            self._stuck = ""
            self._ask_step()
        return self._usable(now)

    def unanswered(self, request: Request, now: float, held: int, hint: str = "") -> list[Event]:
        """The last try of this request has timed out. ``held``: bytes that are no frame yet. ``hint``: for a reason."""
        if request.name == HEARTBEAT:
            return self._no_heartbeat(now, held, hint)
        if request.name == LIVENESS:
            return self._lost(NO_PRODUCT + hint, now)
        if request.name == SEARCH:
            return self._report_search(held)
        if request.name != self._step:
            return []
        self._counts[f"{self._step} unanswered"] += 1
        if self._step == PRODUCT or (self._step == QUERY and not self.is_online):
            return self._no_answer(now, hint)
        self._acknowledges = self._acknowledges and self._step != STATUS
        return self._next_step(now)

    # --- inside: is it there? ------------------------------------------------------------------------

    @property
    def _is_beating(self) -> bool:
        """Do heartbeats show whether it is there?"""
        return self._answers_beats and (self._beats or not self.is_online)

    def _forget_mcu(self) -> None:
        self._is_alive = self._answers_beats = self._begins_anew = self.is_online = False
        self._step = self._stuck = ""
        self._beats = True
        self.pins = b""

    def _watch(self, now: float) -> None:
        """From now on see by what it sends, and by questions, whether it is there."""
        self._timers.clear(HEARTBEAT)
        self._queue.cancel(HEARTBEAT)
        self._timers.set(LIVENESS, now + self._settings.heartbeat_s)
        self._frames_at_check = self._counts["frames_in"]

    def _go_without_heartbeats(self, now: float) -> None:
        self._answers_beats = False
        self._evidence.stopped(HEARTBEATS)
        self._watch(now)

    def _beat_once(self) -> None:
        """To an MCU that has not answered one: does it now?"""
        if not self._queue.holds(SINGLE_BEAT):
            data = bytes(frame_of(Bare(codes.HEARTBEAT)))
            self._queue.add(request_of(ALIVE, data, SINGLE_BEAT, timeout_s=UNNEEDED_TIMEOUT_S, tries=1, must=True))

    def _ask_product(self, name: str, tries: int, first: bool = False) -> None:
        if not self._queue.holds(name):
            data = bytes(frame_of(Bare(codes.PRODUCT)))
            request = request_of(IDENTITY, data, name, timeout_s=HEARTBEAT_TIMEOUT_S, tries=tries, must=True)
            self._queue.add(request, first=first)

    def _no_heartbeat(self, now: float, held: int, hint: str) -> list[Event]:
        """Three heartbeats in vain: the MCU is gone, answers none, or it never was there.

        With a ``hint`` what it sends by itself counts for nothing: MCUs go on reporting while they receive nothing.
        """
        if not self._is_alive:
            return self._search(held)
        if hint or self._counts["frames_in"] == self._frames_at_beat:
            return self._lost(NO_HEARTBEAT + hint, now)
        self._go_without_heartbeats(now)
        if self._begins_anew:
            self._begin_start(PRODUCT, now)
        else:
            self.doubt()
        return []

    def _search(self, held: int) -> list[Event]:
        """Go on, with 01 in between."""
        self.beat()
        self._not_found = self._not_found or NOT_FOUND
        if not self.is_certain:
            return self._report_search(held)
        self._ask_product(SEARCH, 1, first=True)
        return []

    def _report_search(self, held: int) -> list[Event]:
        """No MCU is found."""
        text = self._evidence.not_found(held)
        return [Waiting(text, self._since)] if text else []

    def _lost(self, reason: str, now: float) -> list[Event]:
        """It was there, and is gone."""
        self._forget_mcu()
        self._since, self._not_found = now, reason
        self._evidence.reset(is_reported=True)
        self._timers.clear(HEARTBEAT, LIVENESS, POLL)
        self._queue.cancel(*STEPS, SET, LIVENESS, SINGLE_BEAT)
        self.beat()
        return [Offline(reason)]

    # --- inside: the steps ---------------------------------------------------------------------------

    def _begin_start(self, step: str, now: float) -> None:
        self._is_alive, self._begins_anew = True, False
        self._stuck = ""
        self._since = now
        self._queue.cancel(*STEPS)
        self._evidence.begin_start()
        self._begin(step)

    def _begin(self, step: str) -> None:
        self._step = step
        self._evidence.asked(step)
        if step == STATUS:
            self._first = self.network.before(self._settings.status_first)
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

    def _messages(self) -> Mapping[str, tuple[Message, AnswerRule]]:
        """What each step sends, and what answers it."""
        return {
            PRODUCT: (Bare(codes.PRODUCT), IDENTITY),
            MODE: (Bare(codes.MODE), WIFI.spec(codes.MODE)),
            STATUS: (NetworkStatus([*self._first, self.network.status][0], codes.NETWORK), WIFI.spec(codes.NETWORK)),
            QUERY: (Bare(codes.QUERY), QUERY_ANSWER),
        }

    def _next_step(self, now: float) -> list[Event]:
        """The step is done, or can be left out. From the query on an MCU that has answered one of them is usable."""
        if self._step == STATUS and self._first:
            del self._first[0]
            self._ask_step()
            return []
        following = STEPS[STEPS.index(self._step) + 1 :]
        if not following:
            self._step = ""
            return []
        self._begin(following[0])
        if self._step != QUERY:
            return []
        if self._settings.poll_s:
            self._timers.set(POLL, now + self._settings.poll_s)
        return self._usable(now) if self._evidence.has_answered(MODE, STATUS) else []

    def _usable(self, now: float) -> list[Event]:
        if self.is_online:
            return []
        self.is_online = True
        self._evidence.is_usable()
        if not self._beats:
            self._watch(now)
        return [Online()]

    def _no_answer(self, now: float, hint: str) -> list[Event]:
        """The MCU answers something, but not what is needed. It is asked again from there, later."""
        if self._stuck and not self._is_beating and self._counts["frames_in"] == self._frames_at_check:
            if self._step == PRODUCT:
                return self._lost(NO_PRODUCT + hint, now)
            self._ask_product(LIVENESS, HEARTBEAT_TRIES)
        self._step = PRODUCT if self._step == PRODUCT else MODE
        self._stuck = self._evidence.stuck()
        self.is_online = False
        text = self._evidence.stuck_anew()
        return [Waiting(text, self._since)] if text else []

    def _announce(self, states: Sequence[int]) -> None:
        """Send these network states, the last of which is the real one; the start sends it anyway, if it is to come."""
        if self._step == STATUS:
            self._begin(STATUS)
        elif self.is_online and not self._begins_anew and self._step not in (PRODUCT, MODE):
            for status in states:
                self._queue.add(notice(self._settings, NetworkStatus(status, codes.NETWORK)))
