"""A session: the sans-IO state machine of one end of one conversation.

    up(way) ──► submit / receive / failed / answer / tick ──► down(way)
                     │ events out                 │ outgoing() drained by the driver

Time comes in as ``now`` (monotonic seconds). A session never waits, never asks what time it is, and
``receive`` never raises on what the wire says. The laws are in ``tests/session_laws.py``.
"""

import heapq
import re
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from enum import Enum
from fractions import Fraction
from typing import Protocol

import msgspec

from unclouded.errors import CommandError
from unclouded.model import Result

WireValue = bool | int | float | Fraction | str | bytes
Ticket = int


class Way(msgspec.Struct, frozen=True, kw_only=True):
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
    way: str = ""
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


Wish = WireCommand | WireAction

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


class AskFile(msgspec.Struct, frozen=True):
    """What kind of file this is, of those that the house keeps for updates. Answer: size (bytes) and md5 (hex)."""

    name: str


class AskBlock(msgspec.Struct, frozen=True):
    """A block of an update file. Answer: bytes (shorter at the end of the file)."""

    offset: int
    size: int
    file: str = ""


class AskWish(msgspec.Struct, frozen=True):
    """Device role: the controller wants this. Answer: True or a Refusal."""

    key: str
    value: WireValue


Question = AskTime | AskNetwork | AskSignal | AskMemory | AskWeather | AskClock | AskBind | AskFile | AskBlock | AskWish


class LocalTime(msgspec.Struct, frozen=True):
    """Unix seconds and what to add for local time. ``trusted`` False: the host has no real clock yet."""

    unix: float
    offset_s: int = 0
    trusted: bool = True


class Network(Enum):
    """Network status as Tuya modules report it (seed 004, command 03)."""

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
)


class Session(Protocol):
    """One end of one conversation. ``[]`` and ``()`` are both fine as "no events"."""

    def up(self, way: Way, now: float) -> Sequence[Event]:
        """We may send on this way; again on the same way = a new connection."""

    def down(self, way: str, reason: str, now: float) -> Sequence[Event]:
        """The way is gone. With the last one every ticket settles and the device goes Offline."""

    def receive(self, data: bytes, now: float, way: str = "", re: int = 0) -> Sequence[Event]:
        """What the wire said. Never raises."""

    def failed(self, id: int, why: Failure, now: float) -> Sequence[Event]:
        """The datagram with this id came to nothing."""

    def submit(self, wish: Wish, now: float) -> Ticket:
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


# --- parts that sessions are made of ---------------------------------------------------------------


class Timers:
    """Named deadlines. Setting a name again moves it."""

    def __init__(self) -> None:
        self._at: dict[str, float] = {}

    def set(self, name: str, at: float) -> None:
        self._at[name] = at

    def clear(self, *names: str) -> None:
        for name in names:
            self._at.pop(name, None)

    def clear_all(self) -> None:
        self._at.clear()

    def at(self, name: str) -> float | None:
        return self._at.get(name)

    def due(self, now: float) -> list[str]:
        """Take out and return the names that are due, the earliest first."""
        names = sorted((name for name, at in self._at.items() if at <= now), key=self._at.__getitem__)
        for name in names:
            del self._at[name]
        return names

    def earliest(self) -> float | None:
        return min(self._at.values(), default=None)


class Later:
    """Events that are known now and told by the next tick: ``submit`` returns none."""

    def __init__(self) -> None:
        self._events: list[Event] = []
        self._since = 0.0

    def add(self, events: Sequence[Event], now: float) -> None:
        self._events += events
        self._since = now

    def take(self) -> list[Event]:
        events, self._events = self._events, []
        return events

    def deadline(self) -> float | None:
        return self._since if self._events else None


class Tickets:
    """Numbers wishes and settles each exactly once."""

    def __init__(self) -> None:
        self._next = 1
        self._deadlines: list[tuple[float, Ticket]] = []
        self._open: dict[Ticket, float] = {}

    def issue(self, expires: float) -> Ticket:
        """A new ticket that times out at ``expires`` (monotonic seconds)."""
        ticket = self._next
        self._next += 1
        self._open[ticket] = expires
        heapq.heappush(self._deadlines, (expires, ticket))
        return ticket

    def settle(self, ticket: Ticket, result: Result = "confirmed", reason: str = "") -> list[Event]:
        """The ticket's Settled, or nothing where it is settled already."""
        if self._open.pop(ticket, None) is None:
            return []
        return [Settled(ticket, result, reason)]

    def settle_all(self, result: Result, reason: str) -> list[Event]:
        return [event for ticket in list(self._open) for event in self.settle(ticket, result, reason)]

    def overdue(self, now: float) -> list[Ticket]:
        """Open tickets whose time is up; the caller settles them."""
        due = []
        while self._deadlines and self._deadlines[0][0] <= now:
            _, ticket = heapq.heappop(self._deadlines)
            if ticket in self._open:
                due.append(ticket)
        return due

    def earliest(self) -> float | None:
        while self._deadlines and self._deadlines[0][1] not in self._open:
            heapq.heappop(self._deadlines)
        return self._deadlines[0][0] if self._deadlines else None


MOST_COUNTS = 60  # kinds of things that a session counts; more reasons than that are "noise_other"


def count_noise(counts: MutableMapping[str, int], reason: str, size: int) -> None:
    """Count bytes that were no use as every session's ``stats()`` tells it: how many, how often for which reason."""
    key = "noise_" + re.sub(r"[^a-z0-9]+", "_", reason.lower()).strip("_")
    if key not in counts and len(counts) >= MOST_COUNTS:
        key = "noise_other"
    counts[key] = counts.get(key, 0) + 1
    counts["noise_bytes"] = counts.get("noise_bytes", 0) + size


def earliest(*deadlines: float | None) -> float | None:
    """The earliest of some deadlines, None where all are."""
    return min((at for at in deadlines if at is not None), default=None)


def refuse_action(wish: Wish) -> CommandError:
    """The error for a wish that a session does not know."""
    what = f"the action {wish.name!r}" if isinstance(wish, WireAction) else "that command"
    return CommandError(f"This device does not know {what}.")
