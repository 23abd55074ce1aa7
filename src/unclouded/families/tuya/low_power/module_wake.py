"""How a module learns that a battery device is awake, makes it talk, and sees that it sleeps again.

    asleep ──knock 01 every 2 s; it answers, or says anything──► awake ──► 01 ──► 02/03 ──► 02/04 ──► online
      ▲                                                            │ silent for 5 s: 01 again
      └──────────────── 01 asked three times in vain ◄─────────────┘

A real module is switched on by its MCU for each event and begins with 01. We are always on and cannot see
that, so we knock. Source: docs/protocols/tuya_low_power.md §2; knocking is ours.
"""

from collections import Counter

from unclouded.core.session import Event, Network, Offline, Online
from unclouded.core.session_parts import Timers
from unclouded.families.tuya.line.request_queue import Request, RequestQueue
from unclouded.families.tuya.low_power.codes import PRODUCT, STATUS
from unclouded.families.tuya.messages import Bare, NetworkStatus, frame_of
from unclouded.families.tuya.settings import LineSettings

AGAIN = 1.0  # s before a question is asked again; docs/protocols/tuya_low_power.md §2.2
TRIES = 3  # how often it is asked

KNOCK, SILENCE = "knock", "silence"
WHO, ROUTER, NETWORK = "product info", "router status", "network status"
STEPS = (WHO, ROUTER, NETWORK)

UNHEARD = "It has said nothing yet; battery devices sleep most of the time"


class ModuleWake:
    """Whether the device is awake, and how far the conversation is. ``network``: what it is told of the network."""

    def __init__(self, settings: LineSettings, pace: RequestQueue, timers: Timers, counts: Counter[str]) -> None:
        self.network = Network.CLOUD.value
        self.is_awake = self.is_online = False
        self._settings = settings
        self._pace = pace
        self._timers = timers
        self._counts = counts
        self._step = ""  # what is being asked
        self._missed: list[str] = []  # what it did not answer since it woke
        self._heard = False  # anything since the step began

    def begin(self, now: float) -> list[Event]:
        """A new connection: it is asleep until it says something."""
        self._rest()
        self._knock(now)
        return [Offline(UNHEARD, asleep=True)]

    def forget(self) -> None:
        """The connection is gone."""
        self._rest()

    def heard(self, now: float) -> bool:
        """It spoke, so it is awake; True where it was asleep before."""
        self._heard = True
        self._timers.set(SILENCE, now + self._settings.awake_s)
        woke, self.is_awake = not self.is_awake, True
        if woke:
            self._counts["wakes"] += 1
            self._timers.clear(KNOCK)
        return woke

    def begin_talk(self) -> None:
        """Ask who it is, unless that is being asked already."""
        if not self._step:
            self._begin(WHO)

    def answered(self, request: Request) -> list[Event]:
        """This request was answered; if it was the step's, the next one begins."""
        if request.name == KNOCK:
            self._step = WHO
        return self._next() if self._step and request.name in (KNOCK, self._step) else []

    def useful(self) -> list[Event]:
        """It tells what it measures: whatever it did not answer, it is of use."""
        if self.is_online:
            return []
        self.is_online = True
        return [Online()]

    def unanswered(self, request: Request, now: float) -> list[Event]:
        """This request was given up. A device that says nothing at all sleeps."""
        if request.name != self._step:
            return []
        if self._heard or self._step != WHO:
            self._missed.append(self._step)
        if not self._heard and self._step != ROUTER:
            return self._sleep(now)
        return self._next(answered=False)

    def run(self, timer: str, now: float) -> None:
        """A timer of ours is due."""
        if timer == KNOCK:
            self._knock(now)
        elif timer == SILENCE:
            self.begin_talk()

    # --- inside --------------------------------------------------------------------------------

    def _rest(self) -> None:
        self.is_awake = self.is_online = self._heard = False
        self._step = ""
        self._missed = []

    def _knock(self, now: float) -> None:
        if self._settings.knock_s <= 0:
            return
        self._pace.forget(KNOCK)
        patience_s = min(AGAIN, self._settings.knock_s)
        self._pace.ask(Request(bytes(frame_of(Bare(PRODUCT))), PRODUCT, patience_s, name=KNOCK))
        self._timers.set(KNOCK, now + self._settings.knock_s)

    def _begin(self, step: str) -> None:
        self._step = step
        self._heard = False
        self._pace.forget(KNOCK, *STEPS)
        if step == WHO:
            data, answer = bytes(frame_of(Bare(PRODUCT))), PRODUCT
        else:
            status = Network.ROUTER.value if step == ROUTER else self.network
            data, answer = bytes(frame_of(NetworkStatus(status, STATUS))), STATUS
        self._pace.ask(Request(data, answer, AGAIN, TRIES, step, must=True), first=True)

    def _next(self, answered: bool = True) -> list[Event]:
        """The step is done, or was in vain. Told that the network is there, the device is of use."""
        step, self._step = self._step, ""
        if step == NETWORK:
            return self.useful() if answered else []
        through_router = step == WHO and self.network == Network.CLOUD.value
        self._begin(ROUTER if through_router else NETWORK)
        return []

    def _sleep(self, now: float) -> list[Event]:
        missed = ", ".join(dict.fromkeys(self._missed))
        self._rest()
        self._timers.clear_all()
        self._pace.reset()
        self._knock(now)
        return [Offline(f"It sleeps; it did not answer {missed}" if missed else "It sleeps", asleep=True)]
