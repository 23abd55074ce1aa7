"""How a module finds that a battery device is awake, starts the conversation, and finds that it sleeps again.

    asleep ──probe 01 every 2 s; it answers, or sends anything──► awake ──► 01 ──► 02/03 ──► 02/04 ──► online
      ▲                                                            │ silent for 5 s: 01 again
      └──────────────── 01 asked three times in vain ◄─────────────┘

A real module is switched on by its MCU for each event and begins with 01. We are always on and cannot see
that, so we send wake probes. Source: docs/protocols/tuya_low_power.md §2; the probes are ours.
"""

from unclouded.core.sessions.session import Event, Network, Offline, Online
from unclouded.families.tuya.line.command import Message
from unclouded.families.tuya.line.endpoint import EndpointParts
from unclouded.families.tuya.line.request_queue import Request, request_of
from unclouded.families.tuya.low_power import codes
from unclouded.families.tuya.low_power.commands import LOW_POWER
from unclouded.families.tuya.messages import Bare, NetworkStatus, frame_of
from unclouded.families.tuya.settings import LineSettings

PRODUCT, NETWORK_STATUS = LOW_POWER.spec(codes.PRODUCT), LOW_POWER.spec(codes.STATUS)

PROBE, SILENCE = "wake probe", "silence"
IDENTITY, ROUTER, NETWORK = "product info", "router status", "network status"
STEPS = (IDENTITY, ROUTER, NETWORK)

NOT_SEEN = "It has sent nothing yet; battery devices sleep most of the time"


class ModuleWake:
    """Whether the device is awake, and how far the conversation is.

    ``network``: the network status that it is sent. ``vain_wakes``: how often in a row it answered 01 and nothing else.
    """

    def __init__(self, settings: LineSettings, parts: EndpointParts) -> None:
        self.network = Network.CLOUD.value
        self.is_awake = self.is_online = False
        self.vain_wakes = 0
        self._settings = settings
        self._queue = parts.queue
        self._timers = parts.timers
        self._counts = parts.counts
        self._step = ""  # the step that is under way
        self._missed: list[str] = []  # what it did not answer since it woke
        self._has_sent = False  # anything since the step began

    def begin(self, now: float) -> list[Event]:
        """A new connection: it counts as asleep until it sends something."""
        self._rest()
        self._probe(now)
        return [Offline(NOT_SEEN, asleep=True)]

    def forget(self) -> None:
        """The connection is gone."""
        self._rest()

    def received(self, now: float) -> bool:
        """It has sent something, so it is awake; True where it was asleep before."""
        self._has_sent = True
        self._timers.set(SILENCE, now + self._settings.awake_s)
        woke, self.is_awake = not self.is_awake, True
        if woke:
            self._counts["wakes"] += 1
            self._timers.clear(PROBE)
        return woke

    def begin_start(self) -> None:
        """Ask which product it is, unless a step is under way already."""
        if not self._step:
            self._begin(IDENTITY)

    def answered(self, request: Request) -> list[Event]:
        """This request was answered; if it was the step's, the next one begins."""
        if request.name == PROBE:
            self._step = IDENTITY
        elif request.name != IDENTITY:
            self.vain_wakes = 0
        return self._next() if self._step and request.name in (PROBE, self._step) else []

    def usable(self) -> list[Event]:
        """It reports what it measures: whatever it did not answer, it is usable."""
        self.vain_wakes = 0
        if self.is_online:
            return []
        self.is_online = True
        return [Online()]

    def unanswered(self, request: Request, now: float) -> list[Event]:
        """The last try of this request has timed out. A device that sends nothing at all sleeps."""
        if request.name != self._step:
            return []
        if self._has_sent or self._step != IDENTITY:
            self._missed.append(self._step)
        if not self._has_sent and self._step != ROUTER:
            return self._sleep(now)
        return self._next(answered=False)

    def run(self, timer: str, now: float) -> None:
        """A timer of ours is due."""
        if timer == PROBE:
            self._probe(now)
        elif timer == SILENCE:
            self.begin_start()

    # --- inside --------------------------------------------------------------------------------

    def _rest(self) -> None:
        self.is_awake = self.is_online = self._has_sent = False
        self._step = ""
        self._missed = []

    def _probe(self, now: float) -> None:
        if self._settings.wake_probe_s <= 0:
            return
        self._queue.cancel(PROBE)
        timeout_s = min(PRODUCT.timeout_s, self._settings.wake_probe_s)
        data = bytes(frame_of(Bare(codes.PRODUCT)))
        self._queue.add(request_of(PRODUCT, data, PROBE, timeout_s=timeout_s, tries=1))
        self._timers.set(PROBE, now + self._settings.wake_probe_s)

    def _begin(self, step: str) -> None:
        self._step = step
        self._has_sent = False
        self._queue.cancel(PROBE, *STEPS)
        message: Message
        if step == IDENTITY:
            message, spec = Bare(codes.PRODUCT), PRODUCT
        else:
            status = Network.ROUTER.value if step == ROUTER else self.network
            message, spec = NetworkStatus(status, codes.STATUS), NETWORK_STATUS
        self._queue.add(request_of(spec, bytes(frame_of(message)), step, must=True), first=True)

    def _next(self, answered: bool = True) -> list[Event]:
        """The step is done, or was in vain. A device that knows that the network is there is usable."""
        step, self._step = self._step, ""
        if step == NETWORK:
            return self.usable() if answered else []
        through_router = step == IDENTITY and self.network == Network.CLOUD.value
        self._begin(ROUTER if through_router else NETWORK)
        return []

    def _sleep(self, now: float) -> list[Event]:
        missed = ", ".join(dict.fromkeys(self._missed))
        self.vain_wakes += NETWORK in self._missed and not self.is_online
        self._rest()
        self._timers.clear_all()
        self._queue.reset()
        self._probe(now)
        return [Offline(f"It sleeps; it did not answer {missed}" if missed else "It sleeps", asleep=True)]
