"""How the module begins the conversation with a gateway's MCU, and how it finds that there is none (any more).

    01 each second until answered ─► 02 ─► 03 router ─► 03 cloud ─► online, 0b
       ▲                              └─ LED and key are the module's: no 03 ─┘
       └── nothing was received for a minute: 01, and again; three in vain = offline

Until 01 is answered nothing else is sent, and nothing is answered. 02 and 03 are asked a few times; an MCU that leaves
them unanswered is usable. The protocol has no heartbeat of the MCU itself, so 01 is asked in silence;
that is our choice.
Source: docs/protocols/tuya_gateway.md §1.7.1, §2.1.
"""

from collections.abc import Callable, Sequence

import msgspec

from unclouded.core.sessions.session import Event, Network, Offline, Online, Waiting
from unclouded.families.tuya.gateway.settings import GatewaySettings
from unclouded.families.tuya.gateway.wire import codes
from unclouded.families.tuya.gateway.wire.commands import GATEWAY
from unclouded.families.tuya.gateway.wire.start_messages import ProductQuery, WorkingMode
from unclouded.families.tuya.line.command import Message
from unclouded.families.tuya.line.endpoint import EndpointParts
from unclouded.families.tuya.line.request_queue import Request, request_of
from unclouded.families.tuya.messages import Bare, NetworkStatus, frame_of

PRODUCT, MODE, ROUTER, NETWORK = "product info", "working mode", "router", "network status"
PROBE, POLL = "probe", "network poll"
PRODUCT_VERSION = 1  # of the frame: the product id is wanted; docs/protocols/tuya_gateway.md §1.1.1
STEPS = (PRODUCT, MODE, ROUTER, NETWORK)
SILENCE = "silence"  # a timer
IN_VAIN = 5  # questions for the product after which the silence is reported
PROBES = 3  # in silence, before the MCU counts as offline
GONE = "The MCU does not answer any more"

Ready = Callable[[float], Sequence[Event]]


class GatewayStart:
    """How far the conversation is. ``network``: that the MCU is sent. ``ready``: called when it is online (again)."""

    def __init__(
        self, settings: GatewaySettings, parts: EndpointParts, ready: Callable[[float], Sequence[Event]]
    ) -> None:
        self.network = Network.CLOUD.value
        self.is_answered = self.is_online = False  # 01 was answered; and the steps after it are done
        self.drives_led = False  # LED and key are ours
        self._settings = settings
        self._queue = parts.queue
        self._timers = parts.timers
        self._counts = parts.counts
        self._ready = ready
        self._step = ""
        self._in_vain = 0
        self._since = 0.0
        self._noise_before = self._frames_before = 0

    def begin(self, now: float) -> None:
        """A new connection, or the MCU is to be found again."""
        self.forget()
        self._since = now
        self._noise_before, self._frames_before = self._counts["noise_bytes"], self._counts["frames_in"]
        self._queue.reserve((PRODUCT,))
        self._ask(PRODUCT)

    def forget(self) -> None:
        """There is no path to the MCU: steps and probes are cancelled, and nothing is known of it."""
        self.is_answered = self.is_online = self.drives_led = False
        self._step = ""
        self._in_vain = 0
        self._timers.clear(SILENCE)
        self._queue.cancel(*STEPS, PROBE)
        self._queue.release()

    def why_not(self) -> str:
        """Why a command cannot be sent; "" = it can, now or soon."""
        return "the MCU does not answer" if not self.is_answered and self._in_vain >= IN_VAIN else ""

    def received(self, now: float) -> None:
        """The MCU has sent something."""
        if self.is_answered and self._settings.silence_s:
            self._timers.set(SILENCE, now + self._settings.silence_s)

    def product_known(self, now: float) -> None:
        """01 was answered: the first time the conversation begins."""
        if self.is_answered:
            return
        self.is_answered = True
        self._in_vain = 0
        self.received(now)
        self._queue.release()
        self._queue.cancel(PRODUCT)
        self._ask(MODE)

    def answered(self, request: Request, message: Message, now: float) -> list[Event]:
        """This request was answered by that; if it was the step's, the next one begins."""
        if isinstance(message, WorkingMode):
            self.drives_led = not message.is_cooperative
        return self._next(now) if request.name == self._step and self._step != PRODUCT else []

    def unanswered(self, request: Request, now: float, held: int) -> list[Event]:
        """The last try of this request has timed out. ``held``: bytes that are not a frame yet."""
        if request.name == PROBE:
            self.begin(now)
            return [Offline(GONE)]
        if request.name != self._step:
            return []
        if self._step == PRODUCT:
            return self._ask_again(held)
        self._counts[f"{self._step} unanswered"] += 1
        return self._next(now)

    def probe(self) -> None:
        """It is silent: is it there?"""
        if not self._queue.holds(PROBE):
            self._queue.add(self._request(PROBE, PROBES))

    def send_network(self, status: int) -> None:
        """The network has changed; not sent where the module drives the LED itself."""
        if self.is_answered and not self.drives_led:
            self._queue.add(self._notice(status, NETWORK))

    def poll(self) -> None:
        """The MCU asks for the network status by an empty 03; docs/protocols/tuya_gateway.md §1.6.2."""
        self._queue.add(msgspec.structs.replace(self._notice(self.network, POLL), tries=1))

    # --- inside ----------------------------------------------------------------------------------

    def _ask(self, step: str) -> None:
        self._step = step
        self._queue.cancel(step)
        self._queue.add(self._request(step, 1 if step == PRODUCT else self._settings.tries))

    def _ask_again(self, held: int) -> list[Event]:
        self._in_vain += 1
        self._ask(PRODUCT)
        return [Waiting(self._silence_reason(held), self._since)] if self._in_vain == IN_VAIN else []

    def _request(self, step: str, tries: int) -> Request:
        if step in (ROUTER, NETWORK):
            return self._notice(Network.ROUTER.value if step == ROUTER else self.network, step)
        frame = frame_of(Bare(codes.MODE)) if step == MODE else frame_of(ProductQuery(), PRODUCT_VERSION)
        timeout_s = self._settings.answer_timeout_s
        return request_of(GATEWAY.spec(frame.command), bytes(frame), step, timeout_s=timeout_s, tries=tries, must=True)

    def _notice(self, status: int, name: str) -> Request:
        data = bytes(frame_of(NetworkStatus(status, codes.NETWORK)))
        timeout_s, tries = self._settings.answer_timeout_s, self._settings.tries
        return request_of(GATEWAY.spec(codes.NETWORK), data, name, timeout_s=timeout_s, tries=tries, must=True)

    def _next(self, now: float) -> list[Event]:
        """The step is done, or was in vain."""
        following = self._following()
        if following:
            self._ask(following)
            return []
        self._step = ""
        events = self._ready(now)
        if self.is_online:
            return [*events]
        self.is_online = True
        return [Online(), *events]

    def _following(self) -> str:
        """The next step. A better network than the real one is not sent before it."""
        if self._step == MODE and not self.drives_led:
            return ROUTER if self.network == Network.CLOUD.value else NETWORK
        return NETWORK if self._step == ROUTER else ""

    def _silence_reason(self, held: int) -> str:
        """Why no MCU answers, as far as the line shows."""
        if self._counts["frames_in"] > self._frames_before:
            return "The MCU sends but does not answer the question which product it is"
        noise = self._counts["noise_bytes"] - self._noise_before + held
        if noise:
            return f"Only noise comes from the MCU ({noise} bytes): is the baud rate right (115200)?"
        return "The MCU does not answer: is it powered, are RX and TX the right way round?"
