"""A session: the sans-IO state machine of one end of one conversation.

    up(way) ──► submit / receive / failed / answer / tick ──► down(way)
                     │ events out                 │ outgoing() drained by the driver

Time comes in as ``now`` (monotonic seconds). A session never waits, never asks what time it is, and
``receive`` never raises on what the wire says. The laws are in ``tests/session_laws.py``.
"""

from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from fractions import Fraction
from typing import Protocol

import msgspec

from unclouded.core.model import Result

WireValue = bool | int | float | Fraction | str | bytes
Ticket = int


class LinkPath(msgspec.Struct, frozen=True, kw_only=True):
    """A path to the other end, as its link describes it. The defaults are a byte stream's."""

    name: str = ""
    push: bool = True  # the other end may speak unasked
    answers: bool = False  # each datagram of ours gets its own answer or failure; the link owns the time-out
    asks: bool = False  # each datagram of theirs waits for one answer of ours
    window: int = 0  # datagrams under way at once; 0 = no limit
    limit: int = 0  # longest datagram in bytes; 0 = no limit
    recorded: bool = False  # a capture: what comes in was said to another; nobody hears us, and secrets are blanked


class Out(msgspec.Struct, frozen=True):
    """Bytes for the link. ``id`` 0: nobody waits for their fate. ``re``: which datagram this answers."""

    data: bytes
    id: int = 0
    path: str = ""
    re: int = 0


class Failure(Enum):
    """What became of one datagram that was not answered."""

    REFUSED = "refused"
    CLOSED = "closed"
    TIMEOUT = "timed out"
    GARBLED = "garbled"
    GONE = "gone"
    FULL = "full"


class Ambient(msgspec.Struct, frozen=True):
    """What a session may know of the world. Tests give fixed ones."""

    wall: Callable[[float], float]  # Unix seconds at a given now
    token: Callable[[int], bytes]  # that many random bytes
    memory: Mapping[str, bytes] = {}  # what this session said to Remember, over restarts


# --- wishes ---------------------------------------------------------------------------------------


class WireCommand(msgspec.Struct, frozen=True):
    """Wire keys and the values they shall have. ``types``: the wire type of a key where the profile names one.

    For the device role it is what the simulated world measures now.
    """

    values: Mapping[str, WireValue]
    part: str = ""
    types: Mapping[str, str] = {}


class WireAction(msgspec.Struct, frozen=True):
    """An action of the family, by name."""

    name: str
    args: Mapping[str, str] = {}
    part: str = ""


SessionCommand = WireCommand | WireAction

# --- questions: what a device (or, in the device role, the controller) asks of the house -----------


class AskTime(msgspec.Struct, frozen=True):
    """The time, local or GMT. Answer: LocalTime."""

    local: bool = True


class AskNetwork(msgspec.Struct, frozen=True):
    """How the network is. Answer: a Network member's value."""


class AskSignal(msgspec.Struct, frozen=True):
    """The Wi-Fi signal. Answer: int, dBm."""


class AskMemory(msgspec.Struct, frozen=True):
    """Free memory. Answer: int, bytes."""


class AskWeather(msgspec.Struct, frozen=True):
    """Weather values by Tuya's names. Answer: mapping of name to value."""

    names: tuple[str, ...] = ()


class AskClock(msgspec.Struct, frozen=True):
    """The clock of a plug that has none. Answer: LocalTime."""


class AskBind(msgspec.Struct, frozen=True):
    """May this device belong to us? Answer: True or a Refusal."""

    info: Mapping[str, str] = {}


class AskStored(msgspec.Struct, frozen=True):
    """Is what was told until now stored, so that it outlives the house? Answered, by anything, once that is so.

    A house whose disk is full or does not answer keeps it in memory and answers after 5 s at the latest.
    """


class AskFile(msgspec.Struct, frozen=True):
    """What kind of file this is, of those that the house keeps for updates. Answer: size (bytes) and md5 (hex)."""

    name: str


class AskBlock(msgspec.Struct, frozen=True):
    """A block of an update file. Answer: bytes (shorter at the end of the file)."""

    offset: int
    size: int
    file: str = ""


class AskCommand(msgspec.Struct, frozen=True):
    """Device role: the controller wants this. Answer: True or a Refusal."""

    key: str
    value: WireValue


Service = AskTime | AskNetwork | AskSignal | AskMemory | AskWeather | AskClock | AskFile | AskBlock | AskStored
Question = Service | AskBind | AskCommand


class LocalTime(msgspec.Struct, frozen=True):
    """Unix seconds and what to add for local time. ``trusted`` False: the host has no real clock yet.

    ``changes``: (from which Unix seconds, what to add from then on), the year before and what comes; the first of
    them counts for all before it too.
    """

    unix: float
    offset_s: int = 0
    trusted: bool = True
    changes: tuple[tuple[float, int], ...] = ()


class Network(Enum):
    """Network status as Tuya modules report it (docs/protocols/tuya_wifi.md §2.4.6)."""

    PAIRING_EZ = 0
    PAIRING_AP = 1
    NO_ROUTER = 2
    ROUTER = 3
    CLOUD = 4
    LOW_POWER = 5
    PAIRING_BOTH = 6


class Refusal(msgspec.Struct, frozen=True):
    """No, and why."""

    reason: str


Answer = LocalTime | bool | int | bytes | Mapping[str, WireValue]

# --- events ---------------------------------------------------------------------------------------


class Online(msgspec.Struct, frozen=True):
    """The peer has answered and is of use."""

    part: str = ""


class Offline(msgspec.Struct, frozen=True):
    """The peer no longer answers, and why. ``asleep``: it is meant to, and will wake."""

    reason: str
    part: str = ""
    asleep: bool = False


class Waiting(msgspec.Struct, frozen=True):
    """Why the conversation is stuck; once for each cause. ``since``: monotonic seconds."""

    reason: str
    since: float
    part: str = ""


class Identified(msgspec.Struct, frozen=True):
    """What the device says of itself: identity, product, version, model … as text, no secrets."""

    info: Mapping[str, str]
    part: str = ""


class Joined(msgspec.Struct, frozen=True):
    """A sub-device is there. ``sleeps``: it is mostly asleep, wishes wait for it."""

    part: str
    info: Mapping[str, str] = {}
    sleeps: bool = False


class Left(msgspec.Struct, frozen=True):
    """A sub-device is gone for good."""

    part: str


class Reported(msgspec.Struct, frozen=True, gc=False):
    """Values by wire key. ``at``: the device's own time (Unix seconds) where it gave one.

    ``odd``: wire keys whose value was readable but not as the protocol wants it, with the reason.
    ``repeated``: an answer to our question for everything; what counts since the last report was told before.
    """

    values: Mapping[str, WireValue]
    part: str = ""
    at: float | None = None
    odd: Mapping[str, str] = {}
    repeated: bool = False


class Advanced(msgspec.Struct, frozen=True):
    """A long action has come this far."""

    ticket: Ticket
    done: int
    total: int
    words: str = ""


class Settled(msgspec.Struct, frozen=True):
    """The one fate of a ticket."""

    ticket: Ticket
    result: Result = "confirmed"
    reason: str = ""


class Asked(msgspec.Struct, frozen=True):
    """The other end wants to know; call ``answer(id, …)`` once."""

    id: int
    question: Question
    part: str = ""


class Remember(msgspec.Struct, frozen=True):
    """Keep this over restarts: it comes back in Ambient.memory. Empty value = forget."""

    key: str
    value: bytes


class Rejected(msgspec.Struct, frozen=True):
    """Bytes that were no use, and why. ``data`` may be cut to what a log can bear."""

    reason: str
    data: bytes = b""


class Replaced(msgspec.Struct, frozen=True):
    """From here on ``session`` speaks on this line; it is up already where its predecessor was. Always the last event.

    Its tickets and question ids go on where the predecessor's end (one ``Ids`` serves both), so whoever drives a
    session only keeps the new one; see ``session_parts.succeed``.
    """

    session: "Session"


Event = (
    Online
    | Offline
    | Waiting
    | Identified
    | Joined
    | Left
    | Reported
    | Advanced
    | Settled
    | Asked
    | Remember
    | Rejected
    | Replaced
)


class Session(Protocol):
    """One end of one conversation. ``[]`` and ``()`` are both fine as "no events"."""

    def up(self, path: LinkPath, now: float) -> Sequence[Event]:
        """We may send on this way; again on the same way = a new connection."""

    def down(self, path: str, reason: str, now: float) -> Sequence[Event]:
        """The way is gone. With the last one every ticket settles and the device goes Offline."""

    def receive(self, data: bytes, now: float, path: str = "", re: int = 0) -> Sequence[Event]:
        """What the wire said. Never raises."""

    def failed(self, id: int, why: Failure, now: float) -> Sequence[Event]:
        """The datagram with this id came to nothing."""

    def submit(self, command: SessionCommand, now: float) -> Ticket:
        """Begin a wish; its Settled comes from a later call (``deadline()`` may become ``now``).

        Raises CommandError: the caller's fault. Never waits for a way: without one it settles unreachable.
        """

    def answer(self, id: int, value: Answer | Refusal, now: float) -> Sequence[Event]:
        """The answer to an Asked; a second or late one is ignored."""

    def tick(self, now: float) -> Sequence[Event]:
        """Run what is due. Afterwards ``deadline()`` is None or later than ``now``."""

    def deadline(self) -> float | None:
        """When ``tick`` wants to be called next."""

    def outgoing(self, now: float) -> list[Out]:
        """What to send, in order; drained by the call."""

    def stats(self) -> Mapping[str, float]:
        """Counters and gauges of the wire: frames_in, frames_out, noise_bytes, noise_REASON, round_trip_ms …"""
